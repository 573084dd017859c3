import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createStore, type Store, StoreError } from '@wayward/clickhouse'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

describe('query()', () => {
  test('binds parameters of every kind and gives 64-bit integers as text', async () => {
    const rows = await engine.reader.query(
      `SELECT {text:String} AS text, {big:UInt64} AS big, {flag:Bool} AS flag, {list:Array(String)} AS list,
         {at:DateTime64(3, 'UTC')} AS at, {none:Nullable(String)} AS none`,
      {
        text: `'; DROP TABLE otel_traces; -- \\ \n\t"`,
        big: 18_446_744_073_709_551_615n,
        flag: true,
        list: ["it's", 'b\\'],
        at: new Date('2026-11-21T06:00:00.123Z'),
        none: null,
      },
    )
    expect(rows).toEqual([
      {
        text: `'; DROP TABLE otel_traces; -- \\ \n\t"`,
        big: '18446744073709551615',
        flag: true,
        list: ["it's", 'b\\'],
        at: '2026-11-21 06:00:00.123',
        none: null,
      },
    ])
  })

  test('rejects with what ClickHouse said', async () => {
    const error = await rejection(engine.reader.query('SELECT * FROM no_such_table'))
    expect(error).toMatchObject({ code: 'query', clickhouse: { code: 60, type: 'UNKNOWN_TABLE' } })
    expect(error.message).toContain('no_such_table')
  })

  test('rejects writing on the reading account', async () => {
    const error = await rejection(engine.reader.query('DROP TABLE otel_traces'))
    expect([164, 497]).toContain(error.clickhouse?.code)
    expect(await engine.reader.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })
})

describe('queryRaw()', () => {
  test.each(['CSVWithNames', 'TSV', 'JSONCompact', 'Native', 'Parquet'])(
    'answers in %s',
    async (format) => {
      const bytes = await collect(
        await engine.reader.queryRaw('SELECT {n:UInt8} AS n -- a comment', format, { n: 7 }),
      )
      expect(bytes.length).toBeGreaterThan(0)
      if (format === 'CSVWithNames') expect(bytes.toString()).toBe('"n"\n7\n')
    },
  )

  test('leaves the format to a text that names one', async () => {
    const bytes = await collect(await engine.reader.queryRaw('SELECT 7 FORMAT TSV', 'CSVWithNames'))
    expect(bytes.toString()).toBe('7\n')
  })
})

describe('insertNative()', () => {
  test('inserts blocks of any size once per token', async () => {
    const chunks = await nativeSpans(150_000)
    for (const _ of [1, 2, 3]) {
      expect(await engine.writer.insertNative('otel_traces', chunks, 'once')).toEqual({
        status: 'inserted',
      })
    }
    expect(await countSpans()).toBe(150_000)
    await engine.writer.insertNative('otel_traces', chunks, 'another')
    expect(await countSpans()).toBe(300_000)
    await engine.writer.command('TRUNCATE TABLE otel_traces')
  })

  test('takes spans of more days than a server takes by default', async () => {
    const chunks = await nativeSpans(200, 'toIntervalDay(number)')
    expect(await engine.writer.insertNative('otel_traces', chunks, 'days')).toEqual({
      status: 'inserted',
    })
    expect(await countSpans()).toBe(200)
  })

  test.each([
    ['a table of somebody else', 'otel_metrics', () => [new Uint8Array([0, 0])]],
    ['bytes that are no block', 'otel_traces', () => [new Uint8Array([1, 1, 1, 65, 255, 255])]],
    ['a block that is cut off', 'otel_traces', async () => cut(await nativeSpans(10))],
  ])('fails for good with %s', async (_, table, chunks) => {
    const outcome = await engine.writer.insertNative(table, await chunks(), 'bad')
    expect(outcome.status).toBe('failed')
  })

  test('fails for good on the reading account', async () => {
    const outcome = await engine.reader.insertNative('otel_traces', await nativeSpans(1), 'reader')
    expect(outcome.status).toBe('failed')
  })

  test('is worth a retry when nobody answers', async () => {
    const store = storeAt('http://127.0.0.1:1')
    const outcome = await store.insertNative('otel_traces', [new Uint8Array(4)], 't')
    expect(outcome).toMatchObject({ status: 'retryable', error: { code: 'unreachable' } })
    await store.close()
  })

  test.each([
    [252, 'TOO_MANY_PARTS', 'retryable'],
    [241, 'MEMORY_LIMIT_EXCEEDED', 'retryable'],
    [243, 'NOT_ENOUGH_SPACE', 'retryable'],
    [9999, 'SOMETHING_NEW', 'retryable'],
    [60, 'UNKNOWN_TABLE', 'failed'],
    [53, 'TYPE_MISMATCH', 'failed'],
    [516, 'AUTHENTICATION_FAILED', 'failed'],
  ])('takes error %i (%s) for %s', async (code, type, status) => {
    const text = `Code: ${code}. DB::Exception: It did not work. (${type}) (version 26.7.2.1)\n`
    await withServer(500, text, async (url) => {
      const store = storeAt(url)
      const outcome = await store.insertNative('otel_traces', [new Uint8Array(4)], 't')
      expect(outcome).toMatchObject({ status, error: { clickhouse: { code, type } } })
      await store.close()
    })
  })
})

test.each([
  ['a page', 200, '<html>It works!</html>', {}],
  ['a page of ClickHouse', 200, 'Code: 241. DB::Exception', { 'X-ClickHouse-Query-Id': 'a' }],
  ['an empty answer of somebody else', 200, '', {}],
])('insertNative() does not take %s for a success', async (_name, status, text, headers) => {
  await withServer(
    status,
    text,
    async (url) => {
      const outcome = await storeAt(url).insertNative('otel_traces', [new Uint8Array(1)], 'token')
      expect(outcome.status).toBe('retryable')
    },
    headers,
  )
})

describe('a store that is not there', () => {
  test('says where it looked and what to check', async () => {
    const store = storeAt('http://127.0.0.1:1')
    const error = await rejection(store.query('SELECT 1'))
    expect(error.code).toBe('unreachable')
    expect(error.message).toMatch(
      /^Cannot reach ClickHouse at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*; check that it runs/,
    )
    expect(await store.ping()).toBe(false)
    await store.close()
  })

  test.each(['nonsense', '', 'tcp://127.0.0.1:9000', '127.0.0.1:8123'])(
    'takes no URL like %j',
    (url) => {
      expect(() => storeAt(url)).toThrow(`Cannot use "${url}" as the URL of ClickHouse`)
    },
  )

  test('says that the password is wrong', async () => {
    const store = createStore({
      url: engine.url,
      user: 'wayward_writer',
      password: 'wrong',
      database: 'wayward',
      requestTimeoutMs: 5000,
    })
    const error = await rejection(store.query('SELECT 1'))
    expect(error).toMatchObject({ code: 'refused' })
    expect(error.message).toContain('refuses user "wayward_writer"')
    await store.close()
  })

  test('gives up on a server that never answers', async () => {
    const server = createServer(() => {
      // It takes the request and says nothing.
    })
    const url = await listen(server)
    const store = storeAt(url, 300)
    expect((await rejection(store.query('SELECT 1'))).code).toBe('unreachable')
    await store.close()
    server.closeAllConnections()
    server.close()
  })

  test('is told from a database that is not there', async () => {
    const { reader, writer } = engine.open('no_such_database')
    expect((await rejection(reader.query('SELECT 1'))).code).toBe('unknown_database')
    await Promise.all([reader.close(), writer.close()])
  })
})

test('query() asks without settings where the user may change none', async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url ?? '')
    request.resume()
    const isRefused = request.url?.includes('output_format_json_quote_64bit_integers') === true
    response.statusCode = isRefused ? 500 : 200
    response.end(
      isRefused
        ? "Code: 164. DB::Exception: Cannot modify 'x' setting in readonly mode. (READONLY) (version 24.8)"
        : '{"n":"1"}\n',
    )
  })
  const url = await listen(server)
  const store = storeAt(url)
  expect(await store.query('SELECT 1 AS n')).toEqual([{ n: '1' }])
  expect(await store.query('SELECT 1 AS n')).toEqual([{ n: '1' }])
  expect(seen).toHaveLength(3)
  await store.close()
  server.close()
})

function storeAt(url: string, requestTimeoutMs = 5000): Store {
  return createStore({ url, user: 'default', password: '', database: 'wayward', requestTimeoutMs })
}

async function rejection(promise: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(StoreError)
  return error as StoreError
}

/** Spans as a ClickHouse server writes them, in one block. */
async function nativeSpans(
  count: number,
  step = 'toIntervalMicrosecond(number)',
): Promise<Uint8Array[]> {
  const stream = await engine.writer.queryRaw(
    `SELECT toDateTime64('2026-11-21 06:00:00', 9, 'UTC') + ${step} AS Timestamp, 'shop' AS ServiceName,
       leftPad(toString(number), 16, '0') AS SpanId
     FROM numbers({count:UInt64}) SETTINGS max_block_size = 1000000`,
    'Native',
    { count },
  )
  return [await collect(stream)]
}

function cut(chunks: Uint8Array[]): Uint8Array[] {
  return chunks.map((chunk) => chunk.subarray(0, chunk.length - 7))
}

async function countSpans(): Promise<number> {
  const rows = await engine.reader.query<{ n: string }>('SELECT count() AS n FROM otel_traces')
  return Number(rows[0]?.n)
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function withServer(
  status: number,
  text: string,
  use: (url: string) => Promise<void>,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      response.writeHead(status, headers)
      response.end(text)
    })
  })
  const url = await listen(server)
  await use(url)
  server.closeAllConnections()
  server.close()
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
