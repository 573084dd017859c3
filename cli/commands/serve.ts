// `wayward serve`: engine (or a named server) → tables → collector → endpoints.json, and back in
// reverse at Ctrl-C or SIGTERM.
import { createLogger, type Logger, systemTime } from '@wayward/base'
import { randomBytes } from 'node:crypto'
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import {
  checkLimits,
  checkProtection,
  type Collector,
  type CollectorAddresses,
  type CollectorLimits,
  collectorLimits,
  createCollector,
  decodeLimits,
} from '@wayward/collector'
import {
  applyRetention,
  createDiskFloor,
  createEngine,
  createStore,
  defaultEngineLimits,
  type DroppedPartition,
  isRetryable,
  migrate,
  readFolderFreeBytes,
  readServerFreeBytes,
  type Store,
  StoreError,
  unlimitedRetention,
} from '@wayward/clickhouse'
import type { ListenAddresses } from '@wayward/collector/listeners'
import { CommandError, exitCodes } from '../command-error.ts'
import { withSettings } from '../configuration/limit-fields.ts'
import { toProtectionSettings } from '../configuration/protection.ts'
import { toStatsSettings } from '../configuration/stats-settings.ts'
import { toMessageSettings } from '../configuration/message-settings.ts'
import { readChannels } from '../configuration/channels.ts'
import { readRouter } from '../configuration/router-file.ts'
import { startFindingWatch } from './serve-findings.ts'
import { reloadRouter, toRouter } from './serve-router.ts'
import { type Endpoints, removeEndpoints, writeEndpoints } from '../endpoints.ts'
import { namedServer, type Server } from '../open-store.ts'
import { createParts, type Parts } from '../parts.ts'
import { Interrupted, type Terminal } from '../terminal.ts'
import { listenerRecord, toEndpoints } from './serve-endpoints.ts'
import { toServeError } from './serve-error.ts'
import { greeting } from './serve-greeting.ts'
import { createServiceRoutes } from './serve-routes.ts'
import type { ServeValues } from './serve-values.ts'

// Ctrl-C to exit takes at most 5 s: the collector drains first, then the engine has its time, and
// one second more before it is killed.
const collectorShutdownMs = 2_500
const engineShutdownMs = 1_200
/** Free disk that there shall be with the embedded engine, unless --disk-floor says otherwise. */
const engineDiskFloorBytes = 2 ** 30
/**
 * How long a start that is interrupted may go on: stopping a whole service leaves less behind than
 * half of one.
 */
const startGraceMs = 2_000
const diskLookMs = 10_000
const diskLookShutdownMs = 500
/** An insert that takes longer is tried again, with the same token. */
const writeTimeoutMs = 60_000
/** So long a door keeps who waits for an answer. */
const changeTimeoutMs = 300_000
/**
 * How long senders wait at a start for a server that does not answer, where there is a journal to
 * take requests.
 */
const serverAnswerMs = 5_000
/** How often a server that is away is asked whether it is back. */
const serverRetryMs = 2_000
const journalSegmentBytes = 32 * 2 ** 20
/** A journal in memory is part of the collector's own; on disk gigabytes are cheap. */
const memoryJournalBytesMax = 256 * 2 ** 20
/** Blocks that need not be read back from the journal. */
const journalCacheBytes = 48 * 2 ** 20

/** A started service. */
export interface Service {
  readonly endpoints: Endpoints
  /** Reads rules and endpoints again. */
  reload(): void
  /** Drains and stops. */
  shutdown(): Promise<void>
}

export async function serve(terminal: Terminal, values: ServeValues, name: string): Promise<void> {
  // Rows pass through memory outside of V8's small heap, and V8 takes that for a reason to collect
  // it eleven times per second: a third of the collector's CPU (docs/performance.md).
  setFlagsFromString('--heap-growing-percent=300')
  const logger = createLogger({ write: (line) => terminal.note(line.trimEnd()) })
  let service: Service | undefined
  const onHangUp = values.router === undefined ? undefined : (): void => service?.reload()
  const interrupted = Interrupted.promise(terminal.catchSignals(onHangUp))
  const starting = startService(values, logger)
  try {
    service = await Promise.race([starting, interrupted])
    // A full disk behind the output, or nobody who reads it, is no reason to receive nothing.
    await terminal
      .write(greeting(service.endpoints, values, terminal, name))
      .catch((error: unknown) => logger.warn('Cannot print where it listens; going on', { error }))
    await interrupted
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    service ??= await startedWithin(starting, startGraceMs)
    terminal.note('Stopping: writing what was received (Ctrl-C again stops at once)')
  } finally {
    await service?.shutdown()
  }
}

/**
 * The service if it comes up in that time; one that waits for a silent server has received nothing
 * yet.
 */
export async function startedWithin(
  starting: Promise<Service>,
  ms: number,
): Promise<Service | undefined> {
  return await Promise.race([starting.catch(() => undefined), sleep(ms, undefined)])
}

/** Starts everything, or nothing: what was started before an error is stopped again. */
export async function startService(values: ServeValues, logger: Logger): Promise<Service> {
  const parts = createParts(logger)
  const tools = { parts, logger }
  try {
    checkSettings(values)
    prepareFolder(values.dataDir)
    const started = await startStore(values, tools)
    const token = randomBytes(24).toString('base64url')
    const { collector, addresses } = await startCollector(values, { ...started, token }, tools)
    const onDropped = (dropped: DroppedPartition): void => collector.noteDropped(dropped)
    keepDiskFree(started.writer, values, { ...tools, onDropped })
    const isRestricted = values.tokenFile !== undefined || values.tlsClientCa !== undefined
    const { isReady, reader } = started
    startFindingWatch(values, { ...tools, collector, isReady, store: reader.store })
    const endpoints = toEndpoints(addresses, {
      clickhouse: started.reading,
      isTls: values.tlsCert !== undefined,
      ...(isRestricted ? {} : { token }),
    })
    writeEndpoints(values.dataDir, endpoints)
    parts.add(values.dataDir, async (dataDir) => removeEndpoints(dataDir, process.pid))
    const reload = (): void => reloadRouter(collector, values.router, logger)
    return { endpoints, reload, shutdown: () => parts.shutdown() }
  } catch (error) {
    await parts.shutdown()
    throw toServeError(error, values.dataDir)
  }
}

/** Refuses what the collector would refuse, before the engine has started for nothing. */
function checkSettings(values: ServeValues): void {
  checkProtection({ ...addressesOf(values), ...toProtectionSettings(values) })
  checkLimits(limitsOf(values))
  readChannels(values.notify)
  readRouter(values.router)
  toMessageSettings(values)
}

function limitsOf(values: ServeValues): CollectorLimits {
  return withSettings(collectorLimits, values)
}

function prepareFolder(dataDir: string): void {
  if (existsSync(dataDir) && !statSync(dataDir).isDirectory()) {
    throw new CommandError(
      exitCodes.store,
      `Cannot use "${dataDir}" as data folder: it is a file; name a folder with --data-dir`,
      { page: 'configuration.md' },
    )
  }
  makeFolder(dataDir)
  accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
}

/**
 * Not `recursive`: where a folder cannot be made although its parent is there, as in /proc, that
 * never returns.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

interface StartedStore {
  readonly writer: Store
  /** Resolves when the tables are there; never rejects. */
  readonly isReady: Promise<unknown>
  readonly reading: { readonly url: string; readonly user: string; readonly database: string }
  /** Asks for the API. */
  readonly reader: { readonly store: Store; readonly database: string }
  /** Changes for the API: they may take as long as their clients wait. */
  readonly changer: Store
}

/** What starting a part takes. */
interface Tools {
  readonly parts: Parts
  readonly logger: Logger
}

async function startStore(values: ServeValues, tools: Tools): Promise<StartedStore> {
  const server = namedServer(values) ?? (await startEngine(values, tools))
  const writer = tools.parts.add(
    createStore({ ...server, requestTimeoutMs: writeTimeoutMs }),
    (store) => store.close(),
  )
  const { isReady } = await makeTables(writer, values, tools)
  const isEngine = values.clickhouseUrl === undefined
  const { url, database } = server
  const account = isEngine ? { user: 'default', password: '' } : server
  const store = tools.parts.add(
    createStore({ ...server, ...account, requestTimeoutMs: writeTimeoutMs }),
    (reader) => reader.close(),
  )
  const reading = { url, database, user: account.user }
  const changer = tools.parts.add(
    createStore({ ...server, requestTimeoutMs: changeTimeoutMs }),
    (one) => one.close(),
  )
  return { writer, isReady, reading, reader: { store, database }, changer }
}

/** A server may be shared, so there nothing is dropped unless somebody asks for it. */
function keepDiskFree(
  store: Store,
  values: ServeValues,
  { logger, parts, onDropped }: Tools & { readonly onDropped: (dropped: DroppedPartition) => void },
): void {
  const isEngine = values.clickhouseUrl === undefined
  const floorBytes = values.diskFloor ?? (isEngine ? engineDiskFloorBytes : 0)
  if (floorBytes === 0) return
  const readFreeBytes = (): Promise<number> =>
    isEngine ? readFolderFreeBytes(values.dataDir) : readServerFreeBytes(store)
  const floor = createDiskFloor(
    { floorBytes, intervalMs: diskLookMs },
    { store, logger, clock: Date.now, readFreeBytes, onDropped },
  )
  // A look at a server that does not answer is not waited for.
  parts.add(floor, async () => {
    await Promise.race([floor.shutdown(), sleep(diskLookShutdownMs)])
  })
  floor.start()
}

/**
 * Makes the tables. A server that is away or busy is waited for, once there is a journal to take
 * requests in the meantime; before, it is more likely that its address is wrong.
 */
async function makeTables(
  writer: Store,
  values: ServeValues,
  { parts, logger }: Tools,
): Promise<{ readonly isReady: Promise<unknown> }> {
  const makeOnce = async (): Promise<void> => {
    const { applied, warnings } = await migrate(writer, {
      cluster: values.clickhouseCluster,
      mayChange: values.createSchema === 'yes',
    })
    for (const warning of warnings) logger.warn(warning)
    if (applied.length > 0) logger.info('Tables are up to date', { applied })
    await applyRetention(writer, values.retention ?? unlimitedRetention, {
      logger,
      cluster: values.clickhouseCluster,
    })
  }
  const making = makeOnce()
  if (!existsSync(journalFolder(values))) {
    await making
    return { isReady: Promise.resolve() }
  }
  const cause = await whyToWait(
    making,
    (error) => error instanceof StoreError && isRetryable(error),
  )
  if (cause === undefined) return { isReady: Promise.resolve() }
  logger.warn('The server is away or busy; requests are taken into the journal until it is back', {
    cause,
  })
  const stopped = parts.add(new AbortController(), async (waiting) => waiting.abort())
  const isReady = making
    .catch(() => retryUntil(makeOnce, stopped.signal, logger))
    .then(() => logger.info('The server is back', {}))
    // After a stop nothing is inserted any more, so nobody waits for it.
    .catch(() => new Promise(() => {}))
  return { isReady }
}

/**
 * @returns why the work is not done yet; undefined when it is. Throws what waiting does not cure.
 */
async function whyToWait(
  work: Promise<void>,
  isTemporary: (error: unknown) => boolean,
): Promise<string | undefined> {
  const seconds = serverAnswerMs / 1000
  const late = sleep(serverAnswerMs, `It has not answered for ${seconds} s`, { ref: false })
  try {
    return (await Promise.race([work, late])) ?? undefined
  } catch (error) {
    if (error instanceof Error && isTemporary(error)) return error.message
    throw error
  }
}

async function retryUntil(
  work: () => Promise<void>,
  stopped: AbortSignal,
  logger: Logger,
): Promise<void> {
  let lastMessage = ''
  for (;;) {
    await sleep(serverRetryMs, undefined, { signal: stopped })
    try {
      await work()
      return
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (message !== lastMessage) logger.warn('The server cannot be used yet', { cause: message })
      lastMessage = message
    }
  }
}

function addressesOf(values: ServeValues): ListenAddresses {
  return listenerRecord((setting) => values[setting])
}

function journalFolder({ dataDir }: ServeValues): string {
  return join(dataDir, 'journal')
}

/** The embedded engine, as the writing account sees it. */
async function startEngine(values: ServeValues, { parts, logger }: Tools): Promise<Server> {
  const writerToken = randomBytes(32).toString('hex')
  const engine = createEngine({
    dataDir: join(values.dataDir, 'clickhouse'),
    listen: values.clickhouse,
    writerToken,
    memoryBytesMax: values.engineMemory,
    isDurable: values.durability === 'fsync',
    limits: defaultEngineLimits,
    logger,
  })
  parts.add(engine, () => engine.shutdown(engineShutdownMs))
  const { url } = await engine.start()
  return { url, user: 'wayward_writer', password: writerToken, database: 'wayward' }
}

async function startCollector(
  values: ServeValues,
  started: StartedStore & { readonly token: string },
  { parts, logger }: Tools,
): Promise<{ readonly collector: Collector; readonly addresses: CollectorAddresses }> {
  const journal = {
    folder: journalFolder(values),
    durability: values.durability,
    bytesMax:
      values.durability === 'memory'
        ? Math.min(values.journalSize, memoryJournalBytesMax)
        : values.journalSize,
    segmentBytes: journalSegmentBytes,
    cacheBytesMax: journalCacheBytes,
  }
  const collector = createCollector(
    {
      ...addressesOf(values),
      journal,
      controlFile: join(values.dataDir, 'control.json'),
      limits: limitsOf(values),
      decodeLimits: withSettings(decodeLimits, values),
      mmstats: toStatsSettings(values),
      messages: toMessageSettings(values),
      notify: readChannels(values.notify),
      router: toRouter(values),
      ...toProtectionSettings(values),
    },
    {
      store: started.writer,
      storeIsReady: started.isReady,
      logger,
      time: systemTime,
      routes: (inside) =>
        createServiceRoutes(inside, { ...started, ...values, ...limitsOf(values) }),
    },
  )
  parts.add(collector, () => collector.shutdown(collectorShutdownMs))
  return { collector, addresses: await collector.start() }
}
