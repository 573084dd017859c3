// Goal: what was refused or lost is in the table, each sum as it was sent. Method: bad input of
// each kind through real receivers into a real engine, and the sums by SQL.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectSession } from 'node:http2'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { type Store } from '@wayward/clickhouse'
import type { JournalSettings } from '@wayward/collector'
import { exportPaths } from '@wayward/collector/receivers/otlp-grpc'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeExportRequest } from '../../../bench/load/export-request.ts'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'
import { makeTokenFile } from '../../../harness/token-file.ts'
import { readMetric } from '../../receiver-harness.ts'
import { createRawGrpcClient, failureOf } from '../../raw-grpc-client.ts'
import { memoryJournal, portOf, startCollector, whenDrained } from '../../test-service.ts'

const protobufType = 'application/x-protobuf'
const nowMs = Date.now()
const fast = { ledgerIntervalMs: 30, ledgerRowsPerSecondMax: 10_000 }
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

interface Sums {
  readonly requests: number
  readonly items: number
  readonly bytes: number
}

/** The sums in the table by what happened. */
async function readSums(): Promise<Record<string, Sums>> {
  const rows = await engine.reader.query<Record<keyof Sums | 'what', string>>(
    `SELECT concat(event, ' ', reason, ' ', receiver, ' ', signal, table_name) AS what,
       sum(requests) AS requests, sum(items) AS items, sum(bytes) AS bytes
     FROM wayward_ledger GROUP BY what`,
  )
  return Object.fromEntries(
    rows.map(({ what, requests, items, bytes }) => [
      what,
      { requests: Number(requests), items: Number(items), bytes: Number(bytes) },
    ]),
  )
}

/** Waits until the ledger of the service has been inserted wholly. */
async function whenWritten(api: string, headers: Headers = {}): Promise<void> {
  for (;;) {
    const text = await (await fetch(`http://${api}/metrics`, { headers })).text()
    const isTaken = /^wayward_ledger_entries 0$/m.test(text)
    if (isTaken && /^wayward_backlog_rows\{table="wayward_ledger"\} 0$/m.test(text)) return
    await sleep(10)
  }
}

function spanOf(spanId: string): object {
  const time = String(BigInt(nowMs) * 1_000_000n)
  return {
    traceId: '5b8efff798038103d269b633813fc60c',
    spanId,
    name: 'a',
    startTimeUnixNano: time,
    endTimeUnixNano: time,
  }
}

function bodyOf(spans: readonly object[]): string {
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
}

/** A store that can be switched off. */
function switchable(writer: Store): Pick<Store, 'insertNative' | 'ping'> & { isAway: boolean } {
  const store = {
    isAway: false,
    insertNative: (...values: Parameters<Store['insertNative']>) =>
      store.isAway
        ? Promise.resolve({ status: 'retryable' as const, error: new Error('Away') })
        : writer.insertNative(...values),
    ping: () => writer.ping(),
  }
  return store
}

describe('bad input', () => {
  test('of each kind is in the table with its sender, in the sums that were sent', async () => {
    const tokens = makeTokenFile({ shop: 'a-token-of-the-shop-0123456789' })
    const limits = { ...fast, requestBytesMax: 100_000 }
    const settings = { tokenFile: tokens.path }
    const { collector, addresses } = await startCollector(engine.writer, limits, settings)
    const authorization = 'Bearer a-token-of-the-shop-0123456789'
    const post = async (
      path: string,
      body: Uint8Array | string,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<number> => {
      const response = await fetch(`http://${addresses.otlpHttp}${path}`, {
        method: 'POST',
        headers: {
          'content-type': protobufType,
          'user-agent': 'tester',
          authorization,
          ...headers,
        },
        body: Buffer.from(body),
      })
      await response.arrayBuffer()
      return response.status
    }
    const good = encodeExportRequest(3, nowMs)
    const stray = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{}]}]}]}'
    const json = { 'content-type': 'application/json' }
    const partial = bodyOf([spanOf('eee19b7ec3c1b174'), spanOf('eee1'), spanOf('0000')])
    // A span without its start is stored with its end for both.
    const half = bodyOf([{ ...spanOf('eee19b7ec3c1b175'), startTimeUnixNano: '0' }])
    const statuses = [
      await post('/v1/traces', good),
      await post('/v1/traces', Buffer.alloc(1000, 0xff)),
      await post('/v1/traces', Buffer.alloc(500, 0xff)),
      await post('/v1/logs', '{"resourceLogs":[', json),
      await post('/v1/traces', partial, json),
      await post('/v1/traces', Buffer.alloc(100_001)),
      await post('/v1/metrics', gzipSync(Buffer.alloc(200_000)), { 'content-encoding': 'gzip' }),
      await post('/v1/metrics', 'no gzip', { 'content-encoding': 'gzip' }),
      await post('/v1/traces', 'x', { 'content-type': 'text/plain' }),
      await post('/nowhere', 'xy'),
      await post('/v1/traces', good, { authorization: 'Bearer wrong' }),
      await post('/v1/traces', stray, json),
      await post('/v1/traces', half, json),
    ]
    expect(statuses).toEqual([200, 400, 400, 400, 200, 413, 413, 400, 415, 404, 401, 200, 200])
    await breakOff(portOf(addresses.otlpHttp), authorization)
    await sendNoHttp(portOf(addresses.otlpHttp))
    const callHeaders = { authorization, 'user-agent': 'grpc-tester' }
    await callGrpc(
      portOf(addresses.otlpGrpc),
      exportPaths.traces,
      good.subarray(0, 50),
      callHeaders,
    )
    await callGrpc(portOf(addresses.otlpGrpc), exportPaths.logs, Buffer.alloc(100_001), callHeaders)
    await callGrpc(portOf(addresses.otlpGrpc), '/a.Service/Export', good, callHeaders)
    await callGrpc(portOf(addresses.otlpGrpc), exportPaths.logs, good, { 'user-agent': 'nobody' })
    await whenWritten(addresses.api, { authorization })

    expect(await readSums()).toEqual({
      'refused malformed otlp_http traces': { requests: 2, items: 0, bytes: 1500 },
      'refused malformed otlp_http logs': { requests: 1, items: 0, bytes: 17 },
      'ignored not_understood otlp_http traces': { requests: 1, items: 0, bytes: 0 },
      'completed no_time otlp_http traces': { requests: 1, items: 1, bytes: 0 },
      'rejected item_checks otlp_http traces': { requests: 1, items: 2, bytes: 0 },
      'refused too_large otlp_http traces': { requests: 1, items: 0, bytes: 100_001 },
      'refused too_large otlp_http metrics': {
        requests: 1,
        items: 0,
        bytes: gzipSync(Buffer.alloc(200_000)).length,
      },
      'refused malformed otlp_http metrics': { requests: 1, items: 0, bytes: 7 },
      'refused unsupported otlp_http traces': { requests: 1, items: 0, bytes: 1 },
      'refused unsupported otlp_http ': { requests: 1, items: 0, bytes: 2 },
      'refused unauthenticated otlp_http traces': { requests: 1, items: 0, bytes: good.length },
      'refused aborted otlp_http traces': { requests: 1, items: 0, bytes: 1000 },
      'refused malformed otlp_http ': { requests: 1, items: 0, bytes: 0 },
      'refused malformed otlp_grpc traces': { requests: 1, items: 0, bytes: 50 },
      'refused too_large otlp_grpc logs': { requests: 1, items: 0, bytes: 0 },
      'refused unsupported otlp_grpc ': { requests: 1, items: 0, bytes: 0 },
      'refused unauthenticated otlp_grpc logs': { requests: 1, items: 0, bytes: 0 },
    })
    const senders = await engine.reader.query(
      `SELECT receiver, address, agent, identity, min(reason) AS reason, any(pid) AS pid
       FROM wayward_ledger WHERE agent != '' GROUP BY ALL ORDER BY receiver, agent, identity`,
    )
    const address = '127.0.0.1'
    const { pid } = process
    expect(senders).toEqual([
      {
        receiver: 'otlp_grpc',
        address,
        agent: 'grpc-tester',
        identity: 'shop',
        reason: 'malformed',
        pid,
      },
      {
        receiver: 'otlp_grpc',
        address,
        agent: 'nobody',
        identity: '',
        reason: 'unauthenticated',
        pid,
      },
      {
        receiver: 'otlp_http',
        address,
        agent: 'tester',
        identity: '',
        reason: 'unauthenticated',
        pid,
      },
      { receiver: 'otlp_http', address, agent: 'tester', identity: 'shop', reason: 'aborted', pid },
    ])
    const messages = await engine.reader.query<{ message: string }>(
      "SELECT message FROM wayward_ledger WHERE event = 'rejected'",
    )
    const ignored = await engine.reader.query(
      "SELECT message FROM wayward_ledger WHERE event = 'ignored'",
    )
    expect(ignored).toEqual([
      { message: "The field 'resourceLogs' of the request is not known and was left out" },
    ])
    expect(messages[0]?.message).toContain('Rejected 2 of 3 spans; first: span 1: span_id')
    const [times] = await engine.reader.query(
      `SELECT countIf(last_at < first_at OR first_at < started_at - 1 OR last_at > now64() + 1) AS wrong,
         count() > 0 AS some FROM wayward_ledger`,
    )
    expect(times).toEqual({ wrong: '0', some: 1 })
    await collector.shutdown(2_000)
    tokens.remove()
  })

  test('in a flood fills neither memory nor the table', async () => {
    const limits = { ledgerIntervalMs: 50, ledgerEntriesMax: 40, ledgerEntriesPerAddressMax: 20 }
    const { collector, addresses } = await startCollector(engine.writer, limits)
    const session = connectSession(`http://${addresses.otlpGrpc}`)
    const requests = 2_000
    for (let sent = 0; sent < requests; sent += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          callOn(session, exportPaths.traces, Buffer.alloc(20, 0xff), {
            'user-agent': `agent ${sent + index}`,
          }),
        ),
      )
    }
    session.close()
    await collector.shutdown(5_000)
    const [row] = await engine.reader.query<Record<string, string>>(
      `SELECT sum(requests) AS sent, count() AS rows, uniqExact(agent) > 2 AS has_agents,
         countIf(agent = 'other') > 0 AS has_other FROM wayward_ledger`,
    )
    expect(row).toMatchObject({ sent: String(requests), has_agents: 1, has_other: 1 })
    // A flush of 21 rows at ten rows a second is followed by two seconds of quiet.
    expect(Number(row?.['rows'])).toBeLessThan(21 * 10)
  })
})

describe('what is refused for want of room', () => {
  test('waits in memory while the journal is full, and is then in the table', async () => {
    const store = switchable(engine.writer)
    store.isAway = true
    const journal = { ...memoryJournal, bytesMax: 60_000 }
    const limits = { ...fast, insertPauseMsMax: 50 }
    const { collector, addresses } = await startCollector(store, limits, { journal })
    const client = createRawGrpcClient(portOf(addresses.otlpGrpc))
    const request = encodeExportRequest(50, nowMs)
    let accepted = 0
    let refused = 0
    for (let index = 0; index < 30; index++) {
      const code = await client.call(exportPaths.traces, request).then(
        () => 0,
        (error: { code: number }) => error.code,
      )
      if (code === 0) accepted++
      else refused++
    }
    client.close()
    expect(accepted).toBeGreaterThan(0)
    expect(refused).toBeGreaterThan(10)
    store.isAway = false
    await whenWritten(addresses.api)
    expect(await readSums()).toEqual({
      'refused overloaded otlp_grpc traces': {
        requests: refused,
        items: 0,
        bytes: refused * request.length,
      },
    })
    await collector.shutdown(2_000)
  })

  test('is in the table when it happened during a shutdown, and what is lost is, too', async () => {
    const store = switchable(engine.writer)
    const { collector, addresses } = await startCollector({
      ...store,
      insertNative: (table, ...rest) =>
        table === 'otel_traces'
          ? Promise.resolve({ status: 'retryable', error: new Error('Away') })
          : store.insertNative(table, ...rest),
    })
    const client = createRawGrpcClient(portOf(addresses.otlpGrpc))
    await client.call(exportPaths.traces, encodeExportRequest(5, nowMs))
    await client.call(exportPaths.logs, Buffer.alloc(0))
    const closed = collector.shutdown(500)
    const late = client.call(exportPaths.traces, encodeExportRequest(5, nowMs + 1))
    await failureOf(late)
    client.close()
    await closed
    const sums = await readSums()
    expect(sums['lost shutdown_without_journal  otel_traces']).toMatchObject({
      requests: 0,
      items: 5,
    })
    expect(sums['lost shutdown_without_journal  otel_traces']?.bytes).toBeGreaterThan(0)
  })
})

describe('with a journal of files', () => {
  let folder = ''
  const journal = (): JournalSettings => ({
    ...memoryJournal,
    folder: join(folder, 'journal'),
    durability: 'fsync',
    cacheBytesMax: 0,
  })

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wayward-ledger-'))
  })

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  test('what was refused before a restart is inserted after it, also what was refused last', async () => {
    const store = switchable(engine.writer)
    store.isAway = true
    const before = await startCollector(store, fast, { journal: journal() })
    const client = createRawGrpcClient(portOf(before.addresses.otlpGrpc))
    await failureOf(client.call(exportPaths.logs, Buffer.alloc(10, 0xff)))
    await sleep(100)
    // The ledger's timer is past its first flush; this one is left to the shutdown.
    await failureOf(client.call(exportPaths.logs, Buffer.alloc(10, 0xff)))
    client.close()
    await before.collector.shutdown(300)
    expect(await readSums()).toEqual({})
    const after = await startCollector(engine.writer, fast, { journal: journal() })
    await whenDrained(after.addresses.api)
    expect(await readSums()).toEqual({
      'refused malformed otlp_grpc logs': { requests: 2, items: 0, bytes: 20 },
    })
    await after.collector.shutdown(2_000)
  })

  test('rows that ClickHouse refuses for good are in the table, and their file', async () => {
    const refusedTokens = new Set<string>()
    const limits = { ...fast, insertPauseMsMax: 5 }
    const store: Pick<Store, 'insertNative' | 'ping'> = {
      ping: () => engine.writer.ping(),
      insertNative(table, chunks, token) {
        if (table === 'otel_traces' && refusedTokens.size === 0) refusedTokens.add(token)
        if (!refusedTokens.has(token)) return engine.writer.insertNative(table, chunks, token)
        const error = Object.assign(new Error('Not these rows'), { clickhouse: { code: 53 } })
        return Promise.resolve({ status: 'failed', error })
      },
    }
    const { collector, addresses } = await startCollector(store, limits, { journal: journal() })
    const client = createRawGrpcClient(portOf(addresses.otlpGrpc))
    for (let index = 0; index < 20; index++) {
      await client.call(exportPaths.traces, encodeExportRequest(index === 0 ? 7 : 1, nowMs + index))
      await sleep(20)
    }
    client.close()
    await whenDrained(addresses.api)
    const { api } = addresses
    await whenWritten(api)
    const text = await (await fetch(`http://${api}/metrics`)).text()
    const sums = await readSums()
    expect(Object.keys(sums)).toEqual(['set_aside refused  otel_traces'])
    const aside = sums['set_aside refused  otel_traces']
    const [row] = await engine.reader.query<{ n: string }>('SELECT count() AS n FROM otel_traces')
    expect(Number(row?.n) + (aside?.items ?? 0)).toBe(26)
    const labels = '{table="otel_traces",reason="refused"}'
    expect(readMetric(text, `wayward_set_aside_rows_total${labels}`)).toBe(aside?.items)
    expect(readMetric(text, `wayward_set_aside_bytes_total${labels}`)).toBe(aside?.bytes)
    expect(readMetric(text, 'wayward_repeated_inserts_total{table="otel_traces"}')).toBeGreaterThan(
      2,
    )
    expect(readdirSync(join(folder, 'journal', 'set-aside')).length).toBeGreaterThan(0)
    await collector.shutdown(2_000)
  })

  test.each([
    { where: 'rows', position: 3_000, wanted: 'damaged damaged  otel_traces' },
    { where: 'the head of a frame', position: 20, wanted: 'damaged found_at_start  ' },
  ])('bytes of $where that were damaged meanwhile are in the table', async (damage) => {
    const store = switchable(engine.writer)
    store.isAway = true
    const before = await startCollector(store, fast, { journal: journal() })
    const client = createRawGrpcClient(portOf(before.addresses.otlpGrpc))
    for (const spans of [20, 30]) {
      await client.call(exportPaths.traces, encodeExportRequest(spans, nowMs))
    }
    client.close()
    await before.collector.shutdown(100)
    flipByte(join(folder, 'journal'), damage.position)
    const after = await startCollector(engine.writer, fast, { journal: journal() })
    // The damage is seen when the replay gets there, and noted and stored after that.
    const patience = { timeout: 10_000 }
    await expect.poll(async () => Object.keys(await readSums())[0], patience).toBe(damage.wanted)
    const countRows = async (): Promise<number> => {
      const sql = 'SELECT count() AS n FROM otel_traces'
      return Number((await engine.reader.query<{ n: string }>(sql))[0]?.n)
    }
    await expect.poll(countRows, patience).toBe(30)
    await after.collector.shutdown(2_000)
  })
})

/** Changes a byte of the first segment of a journal. */
function flipByte(folder: string, position: number): void {
  const segments = readdirSync(folder).filter((name) => name.endsWith('.segment'))
  const [name = ''] = segments.toSorted()
  const path = join(folder, name)
  const bytes = readFileSync(path)
  bytes[position] = (bytes[position] ?? 0) ^ 0xff
  writeFileSync(path, bytes)
}

/** Announces a body and goes before it is there. */
async function breakOff(port: number, authorization: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.write(
    `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${protobufType}\r\nUser-Agent: tester\r\n` +
      `Authorization: ${authorization}\r\nContent-Length: 1000\r\n\r\nabc`,
  )
  await sleep(50)
  socket.destroy()
  await sleep(50)
}

async function sendNoHttp(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  socket.end('not HTTP at all\r\n\r\n')
  await new Promise((resolve) => socket.resume().once('close', resolve))
}

type Headers = Readonly<Record<string, string>>

async function callGrpc(
  port: number,
  path: string,
  message: Uint8Array,
  headers: Headers,
): Promise<void> {
  const session = connectSession(`http://127.0.0.1:${port}`)
  session.on('error', () => undefined)
  await callOn(session, path, message, headers)
  session.close()
}

/** A call whose answer does not matter. */
async function callOn(
  session: ReturnType<typeof connectSession>,
  path: string,
  message: Uint8Array,
  headers: Headers,
): Promise<void> {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  })
  stream.on('error', () => undefined)
  stream.end(Buffer.concat([prefix, message]))
  await new Promise((resolve) => stream.resume().once('close', resolve))
}
