// A real engine on a temporary folder, for the tests that need ClickHouse.
import { createLogger } from '@wayward/base'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { createEngine, createStore, defaultEngineLimits, type Store } from '@wayward/clickhouse'

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
  insertRows(table: string, rows: readonly object[]): Promise<void>
  /** Empties all tables of the database `wayward`. */
  truncateTables(): Promise<void>
  shutdown(): Promise<void>
}

const requestTimeoutMs = 300_000

/**
 * Starts an engine on a folder of its own and on a free port.
 *
 * @param settings `memoryBytesMax` is the most memory that it takes
 */
export async function startTestEngine({ memoryBytesMax = 2 ** 30 } = {}): Promise<TestEngine> {
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
    async insertRows(table, rows) {
      if (rows.length === 0) return
      const target = new URL(url)
      target.searchParams.set('database', 'wayward')
      target.searchParams.set('query', `INSERT INTO ${table} FORMAT JSONEachRow`)
      // Tests may insert the same rows again on purpose.
      target.searchParams.set('insert_deduplicate', '0')
      const response = await fetch(target, {
        method: 'POST',
        headers: { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': writerToken },
        body: rows.map((row) => JSON.stringify(row)).join('\n'),
      })
      const answer = await response.text()
      if (!response.ok) throw new Error(`Cannot insert rows of the test: ${answer}`)
    },
    async truncateTables() {
      const tables = await writer.query<{ name: string }>(
        `SELECT name FROM system.tables
         WHERE database = 'wayward' AND engine LIKE '%MergeTree' AND name != 'wayward_migrations'`,
      )
      for (const { name } of tables) {
        await writer.command('TRUNCATE TABLE {name:Identifier}', { name })
      }
    },
    async shutdown() {
      await Promise.all([writer.close(), reader.close()])
      await engine.shutdown(10_000)
      await rm(folder, { recursive: true, force: true })
    },
  }
}
