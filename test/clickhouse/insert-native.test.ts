// What the journal's batches rely on: many Native blocks are one insert block, and a token alone
// says which.
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStore, type Store, type StoreError } from '@wayward/clickhouse'
import { createInsertSettings } from '@wayward/clickhouse/insert-settings'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

beforeEach(async () => {
  await engine.truncateTables()
})

afterAll(async () => {
  await engine.shutdown()
})

describe('insertNative() of many blocks', () => {
  test('makes one part per partition, in the table and behind its views', async () => {
    await engine.writer.command('SYSTEM STOP MERGES')
    const blocks = await spanBlocks([...Array<number>(60).fill(25)])
    await insert(blocks, 'many')
    const parts = await engine.writer.query(
      `SELECT table, count() AS parts, sum(rows) AS rows FROM system.parts
       WHERE database = 'wayward' AND active AND table != 'wayward_migrations'
       GROUP BY table ORDER BY table`,
    )
    await engine.writer.command('SYSTEM START MERGES')
    expect(parts).toEqual([
      { table: 'otel_traces', parts: '1', rows: '1500' },
      { table: 'otel_traces_trace_id_ts', parts: '1', rows: '1500' },
      { table: 'wayward_lock_holds', parts: '1', rows: '1500' },
      { table: 'wayward_sessions', parts: '1', rows: '1' },
    ])
  })

  test('is a no-op with a token that was there, however the rows are cut or how many come', async () => {
    const [a, b, c] = await spanBlocks([100, 50, 30])
    await insert([a, b], 'once')
    await insert([a], 'once')
    await insert([b], 'once')
    await insert([b, a], 'once')
    await insert([a, b, c], 'once')
    expect(await counts()).toEqual({ spans: '150', holds: '150', session: '150' })
    await insert([c], 'another')
    expect(await counts()).toEqual({ spans: '180', holds: '180', session: '180' })
  })

  test('takes what an insert that was cut between two days did not bring', async () => {
    const [monday] = await spanBlocks([100], '2026-11-16')
    const [tuesday] = await spanBlocks([50], '2026-11-17')
    // The first try got only one day into the table before it died.
    await insert([tuesday], 'cut')
    await insert([monday, tuesday], 'cut')
    await insert([monday, tuesday], 'cut')
    expect((await counts()).spans).toBe('150')
  })

  test('fails, and says what to do, when a column is dropped or has another type', async () => {
    const blocks = await spanBlocks([10])
    await engine.writer.command('ALTER TABLE otel_traces DROP COLUMN StatusMessage')
    const dropped = await engine.writer.insertNative('otel_traces', blocks, 'altered')
    await engine.writer.command(
      "ALTER TABLE otel_traces ADD COLUMN StatusMessage String COMMENT 'Text of an error status' CODEC(ZSTD(1)) AFTER StatusCode",
    )
    expect(dropped).toMatchObject({ status: 'failed', error: { clickhouse: { code: 117 } } })
    expect(messageOf(dropped)).toMatch(
      /^Cannot insert into otel_traces: .*StatusMessage.*the table lacks a column/s,
    )
    await engine.writer.command('ALTER TABLE otel_traces MODIFY COLUMN TraceState UUID')
    const wrong = await engine.writer.insertNative('otel_traces', blocks, 'altered')
    await engine.writer.command('ALTER TABLE otel_traces MODIFY COLUMN TraceState String')
    expect(wrong.status).toBe('failed')
    expect(messageOf(wrong)).toMatch(/^Cannot insert into otel_traces: .*change it back/s)
    await insert(blocks, 'altered')
    expect((await counts()).spans).toBe('10')
  })

  test('leaves out columns only where it was told to', async () => {
    const blocks = await spanBlocks([10])
    await engine.writer.command('ALTER TABLE otel_traces DROP COLUMN TraceState')
    engine.writer.leaveOutColumns(['otel_traces'])
    await insert(blocks, 'without')
    engine.writer.leaveOutColumns([])
    await engine.writer.command(
      "ALTER TABLE otel_traces ADD COLUMN TraceState String COMMENT 'W3C trace state' CODEC(ZSTD(1)) AFTER ParentSpanId",
    )
    expect((await counts()).spans).toBe('10')
  })
})

describe('insertNative() is worth a retry when', () => {
  const page = '<html><body><h1>502 Bad Gateway</h1></body></html>'
  const clickhouse = { 'X-ClickHouse-Query-Id': 'a', 'X-ClickHouse-Summary': '{}' }
  const answers: readonly (readonly [string, RequestListener])[] = [
    ['a proxy answers with a page', (_, response) => response.writeHead(502).end(page)],
    ['a proxy says that all is well', (_, response) => response.writeHead(200).end(page)],
    [
      'the exception comes after the head',
      (_, response) => {
        response.writeHead(200, clickhouse)
        response.write('\r\n__exception__\r\nabcdefghijklmnop\r\nCode: 241. DB::Exception: Memory')
        response.end()
      },
    ],
    [
      'the answer is cut in the middle',
      (_, response) => {
        response.writeHead(200, { ...clickhouse, 'Content-Length': '10' })
        response.write('Ok')
        response.destroy()
      },
    ],
    ['the connection is cut before the answer', (request) => request.socket.destroy()],
    ['nothing is answered', () => {}],
    [
      'the answer stops after its head',
      (_, response) => {
        response.writeHead(200, clickhouse)
        response.write(' ')
      },
    ],
  ]

  test.each(answers)('%s', async (_name, answer) => {
    await withServer(answer, async (url) => {
      const store = storeAt(url, 300)
      const outcome = await store.insertNative('otel_traces', [new Uint8Array(64)], 'token')
      expect(outcome.status).toBe('retryable')
      expect(messageOf(outcome)).toMatch(/^Cannot insert into otel_traces: /)
      expect(messageOf(outcome).length).toBeLessThan(600)
      await store.close()
    })
  })
})

test('insertNative() leaves out a setting that an older server does not know, from then on', async () => {
  const asked: string[] = []
  const answer: RequestListener = (request, response) => {
    asked.push(request.url ?? '')
    request.resume()
    const isUnknown = request.url?.includes('use_strict_insert_block_limits') === true
    response.writeHead(isUnknown ? 404 : 200, { 'X-ClickHouse-Query-Id': 'a' })
    response.end(
      isUnknown
        ? "Code: 115. DB::Exception: Unknown setting 'use_strict_insert_block_limits'. (UNKNOWN_SETTING) (version 24.8.1.1)"
        : '',
    )
  }
  await withServer(answer, async (url) => {
    const store = storeAt(url)
    for (const token of ['1', '2']) {
      const outcome = await store.insertNative('otel_traces', [new Uint8Array(64)], token)
      expect(outcome).toEqual({ status: 'inserted' })
    }
    expect(asked).toHaveLength(3)
    expect(asked[2]).toContain('insert_deduplication_token=2')
    await store.close()
  })
})

test('createInsertSettings() keeps the settings that exactly-once rests on', () => {
  const settings = createInsertSettings()
  expect(settings.leaveOut("Unknown setting 'insert_deduplication_token'")).toBe(false)
  expect(settings.of('t', false)).toMatchObject({ insert_deduplication_token: 't' })
})

async function insert(blocks: readonly (Uint8Array | undefined)[], token: string): Promise<void> {
  const chunks = blocks.filter((block) => block !== undefined)
  expect(await engine.writer.insertNative('otel_traces', chunks, token)).toEqual({
    status: 'inserted',
  })
}

/** Blocks of lock holds, as a server writes them. */
async function spanBlocks(rows: readonly number[], day = '2026-11-16'): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = []
  for (const count of rows) {
    const stream = await engine.writer.queryRaw(
      `SELECT toDateTime64({day:String}, 9, 'UTC') + toIntervalMicrosecond(number) AS Timestamp,
         lower(hex(generateUUIDv4(number))) AS TraceId, leftPad(toString(number), 16, '0') AS SpanId,
         '' AS TraceState, '' AS StatusMessage, 'shop' AS ServiceName,
         CAST(map('wayward.kind', 'lock_hold', 'wayward.lock.name', 'stock'), 'Map(LowCardinality(String), String)') AS SpanAttributes
       FROM numbers({count:UInt64})`,
      'Native',
      { count, day },
    )
    const chunks: Uint8Array[] = []
    for await (const chunk of stream) chunks.push(chunk)
    blocks.push(Buffer.concat(chunks))
  }
  return blocks
}

async function counts(): Promise<Record<string, string>> {
  const [row] = await engine.reader.query<Record<string, string>>(
    `SELECT (SELECT count() FROM otel_traces) AS spans, (SELECT count() FROM wayward_lock_holds) AS holds,
       (SELECT sum(spans) FROM wayward_sessions) AS session`,
  )
  return row ?? {}
}

function messageOf(outcome: { readonly status: string; readonly error?: Error }): string {
  return (outcome.error as StoreError | undefined)?.message ?? ''
}

function storeAt(url: string, requestTimeoutMs = 5000): Store {
  return createStore({ url, user: 'default', password: '', database: 'wayward', requestTimeoutMs })
}

async function withServer(
  answer: RequestListener,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
