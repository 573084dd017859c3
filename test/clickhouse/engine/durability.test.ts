// Inserts and what a killed engine leaves: the part, its name, and the line in the deduplication
// log.
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createEngine,
  createStore,
  defaultEngineLimits,
  migrate,
  type Store,
} from '@wayward/clickhouse'
import { createInsertSync } from '@wayward/clickhouse/engine/insert-sync'
import { deduplicationLogs, tableFolders } from '@wayward/clickhouse/engine/table-folders'
import { expect, test } from 'vitest'
import { eventually, recordingLogger, tokenText } from './running-engine.ts'

interface Stage {
  readonly store: Store
  readonly dataDir: string
  readonly messages: string[]
  kill(): void
  shutdown(): Promise<void>
}

async function open(dataDir: string): Promise<Stage> {
  const messages: string[] = []
  const engine = createEngine({
    dataDir,
    listen: { host: '127.0.0.1', port: 0 },
    writerToken: tokenText,
    memoryBytesMax: 1_000_000_000,
    isDurable: true,
    limits: defaultEngineLimits,
    logger: recordingLogger(messages),
  })
  const { url } = await engine.start()
  const store = createStore({
    url,
    user: 'wayward_writer',
    password: tokenText,
    database: 'wayward',
    requestTimeoutMs: 20_000,
  })
  return {
    store,
    dataDir,
    messages,
    kill: () => void process.kill(engine.pid ?? 0, 'SIGKILL'),
    async shutdown() {
      await store.close()
      await engine.shutdown(5000)
    },
  }
}

async function inFolder(work: (dataDir: string) => Promise<void>): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wayward-durability-'))
  try {
    await work(dataDir)
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** 300 spans of lock holds of two days, so that the views of every step have rows, too. */
async function makeBlock(store: Store): Promise<Uint8Array[]> {
  const stream = await store.queryRaw(
    `SELECT toDateTime64('2026-11-20 23:59:58', 9, 'UTC') + toIntervalMillisecond(number * 20) AS Timestamp,
       lower(hex(sipHash128(number))) AS TraceId, lower(hex(sipHash64(number))) AS SpanId,
       toLowCardinality('hold') AS SpanName, toLowCardinality('shop') AS ServiceName,
       CAST(map('wayward.session.id', 's'), 'Map(LowCardinality(String), String)') AS ResourceAttributes,
       CAST(map('wayward.kind', 'lock_hold', 'wayward.lock.name', 'stock'), 'Map(LowCardinality(String), String)')
         AS SpanAttributes
     FROM numbers(300)`,
    'Native',
  )
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

const counts = `SELECT (SELECT count() FROM otel_traces) AS spans, (SELECT count() FROM wayward_lock_holds) AS holds,
  (SELECT sum(spans) FROM wayward_sessions) AS session_spans`

async function insert(store: Store, block: Uint8Array[], token: string): Promise<void> {
  const outcome = await store.insertNative('otel_traces', block, token)
  if (outcome.status !== 'inserted') throw outcome.error
}

test('inserts whose engine is killed at any moment are there once after a retry, in all tables', async () => {
  await inFolder(async (dataDir) => {
    let stage = await open(dataDir)
    await migrate(stage.store)
    const block = await makeBlock(stage.store)
    const kills = 4
    for (let i = 0; i < kills; i++) {
      const doomed = stage
      setTimeout(() => doomed.kill(), 1 + i * 7)
      await stage.store.insertNative('otel_traces', block, `token-${i}`)
      await eventually('the engine is back', 30_000, () => doomed.store.ping())
      await insert(doomed.store, block, `token-${i}`)
      await insert(doomed.store, block, `token-${i}`)
      if (i === 2) {
        await doomed.shutdown()
        stage = await open(dataDir)
        await insert(stage.store, block, `token-${i}`)
      }
    }
    const [row] = await stage.store.query<Record<string, string>>(counts)
    const wanted = String(300 * kills)
    expect(row).toEqual({ spans: wanted, holds: wanted, session_spans: wanted })
    await stage.shutdown()
  })
}, 120_000)

test('a block that was announced but not stored, and a half written line, do not outlive the start', async () => {
  await inFolder(async (dataDir) => {
    const first = await open(dataDir)
    await migrate(first.store)
    const block = await makeBlock(first.store)
    await insert(first.store, block, 'token')
    await first.store.command("ALTER TABLE otel_traces DROP PARTITION ID '20261121'")
    const [{ folder } = { folder: '' }] = await first.store.query<{ folder: string }>(
      "SELECT data_paths[1] AS folder FROM system.tables WHERE database = 'wayward' AND name = 'otel_traces'",
    )
    await first.shutdown()
    const log = deduplicationLogs(folder)[0] ?? ''
    // As if the process had ended between the line and the name of the part.
    const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line.startsWith('1'))
    await writeFile(log, `${lines.join('\n')}\n`)
    await appendFile(log, '1\t20261121_7')

    const second = await open(dataDir)
    expect(second.messages.join('\n')).toContain('announced but not stored')
    await insert(second.store, block, 'token')
    const [row] = await second.store.query<{ spans: string }>(counts)
    expect(row?.spans).toBe('300')
    await second.shutdown()
    const third = await open(dataDir)
    expect(third.messages.join('\n')).not.toContain('announced but not stored')
    await third.shutdown()
  })
}, 60_000)

test('sync() looks at the tables that changed, and answers all who ask at once', async () => {
  await inFolder(async (dataDir) => {
    const stage = await open(dataDir)
    await migrate(stage.store)
    const storePath = join(dataDir, 'store')
    const sync = createInsertSync(storePath)
    await Promise.all([sync.sync(), sync.sync(), sync.sync()])
    await insert(stage.store, await makeBlock(stage.store), 'token')
    await sync.sync()
    const folders = tableFolders(storePath)
    const names = await Promise.all(folders.map((folder) => readdir(folder)))
    expect(names.flat()).toContain('deduplication_logs')
    await stage.shutdown()
    await rm(dataDir, { recursive: true, force: true })
    await expect(sync.sync()).resolves.toBeUndefined()
  })
}, 60_000)

test('look-ups find rows before and after the merge that builds the indexes', async () => {
  await inFolder(async (dataDir) => {
    const stage = await open(dataDir)
    await migrate(stage.store)
    const block = await makeBlock(stage.store)
    await insert(stage.store, block, 'a')
    await insert(stage.store, block, 'b')
    const found = async (): Promise<unknown> =>
      (
        await stage.store.query<{ spans: string }>(
          'SELECT count() AS spans FROM otel_traces WHERE TraceId = lower(hex(sipHash128(toUInt64(7))))',
        )
      )[0]?.spans
    const indexBytes = async (): Promise<number> =>
      Number(
        (
          await stage.store.query<{ bytes: string }>(
            "SELECT sum(secondary_indices_compressed_bytes) AS bytes FROM system.parts WHERE active AND table = 'otel_traces'",
          )
        )[0]?.bytes,
      )
    expect(await found()).toBe('2')
    await stage.store.command('OPTIMIZE TABLE otel_traces FINAL')
    expect(await indexBytes()).toBeGreaterThan(0)
    expect(await found()).toBe('2')
    await stage.shutdown()
  })
}, 60_000)
