import { systemTime } from '@wayward/base'
import type { Logger } from '@wayward/base'
import { type Store } from '@wayward/clickhouse'
import {
  type Collector,
  type CollectorAddresses,
  type CollectorLimits,
  type CollectorSettings,
  createCollector,
  defaultCollectorLimits,
  type JournalSettings,
} from '@wayward/collector'
import { startTestStore, type TestEngine } from '../harness/engine.ts'

/** A collector on ports of its own that inserts into a real engine. */
export interface TestService {
  readonly engine: TestEngine
  readonly collector: Collector
  readonly addresses: CollectorAddresses
  readonly logged: string[]
  /** The port of OTLP/gRPC. */
  readonly grpcPort: number
  /** Rows of a table, when ClickHouse has everything that was accepted. */
  count(table: string, service?: string): Promise<number>
  /** Asks when ClickHouse has everything that was accepted. */
  query: Store['query']
  shutdown(): Promise<void>
}

const anyPort = { host: '127.0.0.1', port: 0 }

export const memoryJournal: JournalSettings = {
  folder: '',
  durability: 'memory',
  bytesMax: 2 ** 30,
  segmentBytes: 2 ** 20,
  cacheBytesMax: 2 ** 20,
}

/** Waits until ClickHouse has everything that the collector has accepted. */
export async function whenDrained(api: string): Promise<void> {
  let answer = ''
  // Each answer that it still waits comes after 5 s; a busy machine takes longer than one.
  for (let round = 0; round < 12; round++) {
    const response = await fetch(`http://${api}/inserted`)
    answer = await response.text()
    if (response.status === 200) return
    if (!answer.includes('waiting')) break
  }
  throw new Error(`/inserted answers ${answer}`)
}

export async function startTestService(): Promise<TestService> {
  const engine = await startTestStore()
  const { collector, addresses, logged } = await startCollector(engine.writer)
  return {
    engine,
    collector,
    addresses,
    logged,
    grpcPort: portOf(addresses.otlpGrpc),
    async count(table, service) {
      await whenDrained(addresses.api)
      const filter = service === undefined ? '' : ' WHERE ServiceName = {service:String}'
      const parameters = service === undefined ? {} : { service }
      const [row] = await engine.reader.query<{ n: string }>(
        `SELECT count() AS n FROM {table:Identifier}${filter}`,
        { table, ...parameters },
      )
      return Number(row?.n)
    },
    async query(sql, parameters) {
      await whenDrained(addresses.api)
      return await engine.reader.query(sql, parameters)
    },
    async shutdown() {
      await collector.shutdown(5_000)
      await engine.shutdown()
    },
  }
}

export async function startCollector(
  given: Pick<Store, 'insertNative' | 'ping'> & Partial<Pick<Store, 'query'>>,
  limits: Partial<CollectorLimits> = {},
  settings: Partial<CollectorSettings> = {},
): Promise<{
  readonly collector: Collector
  readonly addresses: CollectorAddresses
  readonly logged: string[]
}> {
  // Without it the store is one that does not answer what is asked.
  const query: Store['query'] = given.query ?? (() => new Promise(() => {}))
  const store = {
    insertNative: given.insertNative.bind(given),
    ping: given.ping.bind(given),
    query: query.bind<Store['query']>(given),
  }
  const logged: string[] = []
  const log: Logger['info'] = (message, fields) =>
    void logged.push(`${message} ${JSON.stringify(fields)}`)
  const collector = createCollector(
    {
      otlpGrpc: anyPort,
      otlpHttp: anyPort,
      api: anyPort,
      journal: memoryJournal,
      // Tests send the same bytes again and again.
      limits: { ...defaultCollectorLimits, insertIntervalMs: 20, repeatWindowMs: 0, ...limits },
      ...settings,
    },
    {
      store,
      storeIsReady: Promise.resolve(),
      logger: { info: log, warn: log, error: log },
      time: systemTime,
    },
  )
  return { collector, addresses: await collector.start(), logged }
}

export function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}
