// A real engine on a temporary folder, for the tests that need ClickHouse, and the same with our
// tables. They are made once by `migrate()` and copied from then on: making them takes longer than
// starting the engine. The copy is known by a digest of all that makes them.
import { createLogger } from '@wayward/base'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Writable } from 'node:stream'
import {
  createEngine,
  createStore,
  defaultEngineLimits,
  type EngineLimits,
  migrate,
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
  insertRows(table: string, rows: readonly object[]): Promise<void>
  /** Empties all tables of the database `wayward`. */
  truncateTables(): Promise<void>
  shutdown(): Promise<void>
}

const requestTimeoutMs = 300_000

interface TestEngineSettings {
  /** The most memory that it takes. @default 1 GiB */
  readonly memoryBytesMax?: number
  /** What one question may take. @default those of the service */
  readonly limits?: Partial<EngineLimits>
}

/** Starts an engine on a folder of its own and on a free port. */
export async function startTestEngine(settings: TestEngineSettings = {}): Promise<TestEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  return removedAfter(folder, await startOn(folder, settings))
}

/** The same with the tables of the newest schema in its database `wayward`. */
export async function startTestStore(settings: TestEngineSettings = {}): Promise<TestEngine> {
  const kept = await keptStore()
  const folder = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  await cp(kept, folder, { recursive: true })
  return removedAfter(folder, await startOn(folder, settings))
}

function removedAfter(folder: string, engine: TestEngine): TestEngine {
  return {
    ...engine,
    async shutdown() {
      await engine.shutdown()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function startOn(
  folder: string,
  { memoryBytesMax = 2 ** 30, limits = {} }: TestEngineSettings,
): Promise<TestEngine> {
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
    limits: { ...defaultEngineLimits, ...limits },
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
         WHERE database = 'wayward' AND engine LIKE '%MergeTree' AND total_rows > 0
           AND name != 'wayward_migrations'`,
      )
      await Promise.all(
        tables.map(({ name }) => writer.command('TRUNCATE TABLE {name:Identifier}', { name })),
      )
    },
    async shutdown() {
      await Promise.all([writer.close(), reader.close()])
      await engine.shutdown(10_000)
    },
  }
}

/** A folder of an engine that was shut down after `migrate()`, made where it is missing. */
async function keptStore(): Promise<string> {
  const require = createRequire(import.meta.url)
  const packageFolder = dirname(require.resolve('@wayward/clickhouse/package.json'))
  const cache = join(packageFolder, '..', 'node_modules', '.cache', 'wayward-stores')
  const kept = join(cache, await schemaDigest(packageFolder))
  if (existsSync(kept)) return kept
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'making-'))
  const engine = await startOn(folder, {})
  await migrate(engine.writer)
  await engine.shutdown()
  try {
    await rename(folder, kept)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    // Another process may have been faster.
    if (!existsSync(kept)) throw error
  }
  return kept
}

/** Of the engine's version, and of all in the package that makes tables. */
async function schemaDigest(packageFolder: string): Promise<string> {
  const hash = createHash('sha256')
  const { resolve } = createRequire(join(packageFolder, 'package.json'))
  hash.update(await readFile(resolve('chdb/package.json')))
  const files = await readdir(packageFolder, { recursive: true })
  const makers = files.filter((file) => /^(?!dist|node_modules).*\.(?:sql|ts)$/.test(file))
  for (const file of makers.toSorted()) {
    hash.update(`${file}\n`).update(await readFile(join(packageFolder, file)))
  }
  return hash.digest('hex').slice(0, 16)
}
