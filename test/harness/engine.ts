// A real engine on a temporary folder, for the tests that need ClickHouse.
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import {
  createEngine,
  createLogger,
  createStore,
  defaultEngineLimits,
  type Store,
} from '@wayward/clickhouse'

/** A running engine, as the reading and as the writing account see it. */
export interface TestEngine {
  readonly url: string
  readonly writerToken: string
  /** The account that the collector has. */
  readonly writer: Store
  /** The account that everybody on the machine has. */
  readonly reader: Store
  /** Both accounts on another database of the same engine. Close them. */
  open(database: string): { readonly writer: Store; readonly reader: Store }
  /** Inserts objects through the HTTP interface, as any client may. */
  insertRows(database: string, table: string, rows: readonly object[]): Promise<void>
  shutdown(): Promise<void>
}

const requestTimeoutMs = 30_000
const memoryBytesMax = 1024 * 1024 * 1024

/** Starts an engine on a folder of its own and on a free port. */
export async function startTestEngine(): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  const writerToken = randomBytes(16).toString('hex')
  const log: string[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString())
      done()
    },
  })
  const engine = createEngine({
    dataDir: join(folder, 'clickhouse'),
    listen: { host: '127.0.0.1', port: 0 },
    writerToken,
    memoryBytesMax,
    limits: defaultEngineLimits,
    logger: createLogger(sink),
  })
  const { url } = await engine.start().catch((error: unknown) => {
    throw new Error(`Cannot start the engine of the test; it said: ${log.join('')}`, {
      cause: error,
    })
  })
  const open: TestEngine['open'] = (database) => ({
    writer: createStore({
      url,
      user: 'wayward_writer',
      password: writerToken,
      database,
      requestTimeoutMs,
    }),
    reader: createStore({ url, user: 'default', password: '', database, requestTimeoutMs }),
  })
  const { writer, reader } = open('wayward')
  return {
    url,
    writerToken,
    writer,
    reader,
    open,
    async insertRows(database, table, rows) {
      const target = new URL(url)
      target.searchParams.set('database', database)
      target.searchParams.set('query', `INSERT INTO ${table} FORMAT JSONEachRow`)
      const response = await fetch(target, {
        method: 'POST',
        headers: { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': writerToken },
        body: rows.map((row) => JSON.stringify(row)).join('\n'),
      })
      if (!response.ok) throw new Error(`Cannot insert rows of the test: ${await response.text()}`)
      await response.arrayBuffer()
    },
    async shutdown() {
      await Promise.all([writer.close(), reader.close()])
      await engine.shutdown(10_000)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
