// What all scenarios share: the service, clients that send to it, a disturbance meanwhile, and the
// count at the end.
import { setTimeout as sleep } from 'node:timers/promises'
import { createStore, type Store } from '@wayward/clickhouse'
import { createRandom, type Random } from '../collector/decode/random.ts'
import { drain } from './drain.ts'
import { createLedger, type Ledger } from './ledger.ts'
import { type LoadProcess, startLoad } from './load-process.ts'
import { readSessionCounts, readStored } from './stored-items.ts'
import { type SupervisedService, superviseService } from './supervisor.ts'
import { judge, type Verdict } from './verdict.ts'

export interface RunSettings {
  readonly seed: number
  /** Where the service's data are; survives all kills. */
  readonly dataDir: string
  readonly logPath: string
  readonly loadProcesses: number
  readonly clientsPerProcess: number
  readonly pauseMsMax: number
  /** The short form, for `npm test`. */
  readonly isShort: boolean
  readonly say: (line: string) => void
}

/** What a scenario needs besides. */
export interface RunOptions {
  /** Arguments of `wayward serve`. */
  readonly serveArgs?: readonly string[]
  readonly serveEnv?: Readonly<Record<string, string>>
  /** Where the rows are, if not in the service's own engine. */
  readonly store?: Store
}

export interface RunParts {
  readonly settings: RunSettings
  readonly service: SupervisedService
  readonly ledger: Ledger
  readonly store: Store
  readonly random: Random
  /** Notes a fault of another kind than lost and doubled items. */
  readonly fault: (text: string) => void
}

export interface RunResult {
  readonly verdict: Verdict
  /** What went wrong besides lost and doubled items. */
  readonly otherFaults: readonly string[]
}

/** A disturbance of the service under load. */
export interface Scenario {
  readonly name: string
  /** Why it cannot run here, or undefined. */
  skipReason?(): string | undefined
  run(settings: RunSettings): Promise<RunResult>
}

export const readyMsMax = 60_000
const requestMsMax = 60_000

export async function runUnderLoad(
  settings: RunSettings,
  disturb: (parts: RunParts) => Promise<void>,
  options: RunOptions = {},
): Promise<RunResult> {
  const { dataDir, logPath } = settings
  const { serveArgs = [], serveEnv = {} } = options
  const service = await superviseService({ dataDir, logPath, args: serveArgs, env: serveEnv })
  const store = options.store ?? readingStore(service)
  const otherFaults: string[] = []
  const fault = (text: string): void => void otherFaults.push(text)
  const random = createRandom(settings.seed)
  const parts: RunParts = { settings, service, ledger: createLedger(), store, random, fault }
  let loads: readonly LoadProcess[] = []
  try {
    await service.whenReady(readyMsMax)
    loads = startLoads(parts)
    await nextAcknowledgement(parts.ledger)
    await disturb(parts)
    await service.whenReady(readyMsMax)
    await Promise.all(loads.map((load) => load.stop()))
    const verdict = await count(parts)
    return { verdict, otherFaults: [...otherFaults, ...service.faults] }
  } finally {
    for (const load of loads) load.kill()
    await service.shutdown()
    if (options.store === undefined) await store.close()
  }
}

function readingStore({ ports }: SupervisedService): Store {
  return createStore({
    url: `http://127.0.0.1:${ports.clickhouse}`,
    user: 'default',
    password: '',
    database: 'wayward',
    requestTimeoutMs: requestMsMax,
  })
}

function startLoads({ settings, service, ledger }: RunParts): LoadProcess[] {
  const { seed, pauseMsMax, clientsPerProcess: clients } = settings
  const { grpc: grpcPort, http: httpPort } = service.ports
  return Array.from({ length: settings.loadProcesses }, (_, process) =>
    startLoad({ seed, process, clients, grpcPort, httpPort, pauseMsMax }, (report) =>
      ledger.add(report),
    ),
  )
}

/**
 * Lets everything drain and compares; in the long form once more after a restart, which must change
 * nothing.
 */
async function count({ settings, service, ledger, store, fault }: RunParts): Promise<Verdict> {
  await drain(service, store)
  let verdict = judge(ledger.reports, await readStored(store))
  if (!settings.isShort && verdict.faults.length === 0) {
    await service.shutdown()
    service.start()
    await service.whenReady(readyMsMax)
    await drain(service, store)
    verdict = judge(ledger.reports, await readStored(store))
    if (verdict.faults.length > 0) fault('The last restart, without a kill, did this')
  }
  const { rows, counted } = await readSessionCounts(store)
  if (rows.join() !== counted.join()) {
    fault(`wayward_sessions counts ${counted.join(' spans, ')} logs; stored: ${rows.join(', ')}`)
  }
  return verdict
}

const acknowledgementMsMax = 20_000

/** Resolves at the next acknowledgement, or when there is none for a long time. */
export async function nextAcknowledgement(
  ledger: Ledger,
  timeoutMs = acknowledgementMsMax,
): Promise<boolean> {
  const answered = new Promise<true>((resolve) => ledger.onAcknowledgement(() => resolve(true)))
  return await Promise.race([answered, sleep(timeoutMs, false)])
}
