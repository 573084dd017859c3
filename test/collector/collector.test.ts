import { systemTime } from '@wayward/base'
import { createStore } from '@wayward/clickhouse'
import { createCollector, defaultCollectorLimits } from '@wayward/collector'
import { exportPaths } from '@wayward/collector/receivers/otlp-grpc'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeExportRequest } from '../bench/load/export-request.ts'
import { createRawGrpcClient, failureOf } from './raw-grpc-client.ts'
import { readMetric } from './receiver-harness.ts'
import {
  memoryJournal,
  portOf,
  startCollector,
  startTestService,
  type TestService,
  whenDrained,
} from './test-service.ts'

const nowMs = Date.now()
let service: TestService

beforeAll(async () => {
  service = await startTestService()
})

afterAll(async () => {
  await service.shutdown()
})

function post(path: string, body: Uint8Array | string, contentType: string): Promise<Response> {
  return fetch(`http://${service.addresses.otlpHttp}${path}`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body: Buffer.from(body),
  })
}

function get(path: string, address = service.addresses.api): Promise<Response> {
  return fetch(`http://${address}${path}`)
}

/** A generator of pseudo-random numbers in [0, 1), the same for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('a request', () => {
  test('with a record that has no time is stored as often as it is sent', async () => {
    const before = await service.count('otel_logs')
    const tick =
      '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9,"body":{"stringValue":"tick"}}]}]}]}'
    for (let index = 0; index < 3; index++) {
      const answer = await post('/v1/logs', tick, 'application/json')
      expect(await answer.json()).toEqual({})
    }
    expect(await service.count('otel_logs')).toBe(before + 3)
    const metrics = await (await get('/metrics')).text()
    // Nothing is open between requests: an empty block's heads are no rows.
    expect(readMetric(metrics, 'wayward_open_bytes')).toBe(0)
  })

  test('over gRPC is queryable soon after it is acknowledged', async () => {
    const before = await service.count('otel_traces')
    const client = createRawGrpcClient(service.grpcPort, { isGzip: true })
    const requests = Array.from({ length: 10 }, () => encodeExportRequest(100, nowMs))
    await Promise.all(requests.map((request) => client.call(exportPaths.traces, request)))
    client.close()
    expect(await service.count('otel_traces')).toBe(before + 1000)
  })

  test('as JSON from curl is answered soon on an idle service', async () => {
    await sleep(300)
    const span = {
      traceId: '5B8EFFF798038103D269B633813FC60C',
      spanId: 'eee19b7ec3c1b174',
      name: 'from curl',
      kind: 2,
      startTimeUnixNano: String(BigInt(nowMs) * 1_000_000n),
      endTimeUnixNano: String(BigInt(nowMs + 5) * 1_000_000n),
    }
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
    const startMs = performance.now()
    const response = await post('/v1/traces', body, 'application/json; charset=utf-8')
    expect(await response.text()).toBe('{}')
    expect(performance.now() - startMs).toBeLessThan(1_000)
    const rows = await service.query(
      "SELECT TraceId, Duration FROM otel_traces WHERE SpanName = 'from curl'",
    )
    expect(rows).toEqual([{ TraceId: '5b8efff798038103d269b633813fc60c', Duration: '5000000' }])
  })

  test('with good and bad spans is accepted in part, and counted so', async () => {
    const span = (id: string): object => ({
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: id,
      name: 'partial',
      startTimeUnixNano: String(BigInt(nowMs) * 1_000_000n),
      endTimeUnixNano: String(BigInt(nowMs) * 1_000_000n),
    })
    const spans = [span('eee19b7ec3c1b174'), span('eee1'), span('0000000000000000')]
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })
    const response = await post('/v1/traces', body, 'application/json')
    expect(response.status).toBe(200)
    const { partialSuccess } = (await response.json()) as {
      partialSuccess: { rejectedSpans: string; errorMessage: string }
    }
    expect(partialSuccess.rejectedSpans).toBe('2')
    expect(partialSuccess.errorMessage).not.toBe('')
    const metrics = await (await get('/metrics')).text()
    const line = 'wayward_refused_items_total{receiver="otlp_http",signal="traces"}'
    expect(readMetric(metrics, line)).toBe(2)
  })
})

test('metrics as JSON are accepted in part, and queryable in their tables', async () => {
  const time = String(BigInt(nowMs) * 1_000_000n)
  const point = { timeUnixNano: time, asInt: '42' }
  const broken = { timeUnixNano: time, bucketCounts: ['1'], explicitBounds: [1] }
  const metrics = [
    { name: 'level', gauge: { dataPoints: [point, { asInt: '1' }] } },
    { name: 'total', sum: { dataPoints: [point], aggregationTemporality: 2, isMonotonic: true } },
    { name: 'sizes', histogram: { dataPoints: [broken] } },
  ]
  const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })
  const response = await post('/v1/metrics', body, 'application/json')
  expect([response.status, await response.json()]).toEqual([
    200,
    {
      partialSuccess: {
        rejectedDataPoints: '2',
        errorMessage:
          'Rejected 2 of 4 data points; first: data point 1: ' +
          'time_unix_nano is 0, wanted nanoseconds since 1970',
      },
    },
  ])
  for (const table of ['otel_metrics_gauge', 'otel_metrics_sum']) {
    const rows = await service.query('SELECT MetricName, Value FROM {table:Identifier}', { table })
    expect(rows).toEqual([{ MetricName: table.endsWith('sum') ? 'total' : 'level', Value: 42 }])
  }
  const text = await (await get('/metrics')).text()
  const labels = '{receiver="otlp_http",signal="metrics"}'
  expect(readMetric(text, `wayward_accepted_items_total${labels}`)).toBe(2)
  expect(readMetric(text, `wayward_refused_items_total${labels}`)).toBe(2)
  expect(readMetric(text, 'wayward_inserted_rows_total{table="otel_metrics_sum"}')).toBe(1)
  expect(readMetric(text, 'wayward_inserts_total{table="otel_metrics_histogram"}')).toBe(0)
})

describe('bad input', () => {
  test('of every kind is refused, and the service keeps serving', async () => {
    const good = encodeExportRequest(3, nowMs)
    const before = await service.count('otel_traces')
    const statuses = await Promise.all(
      [
        post('/v1/traces', good.subarray(0, good.length - 7), 'application/x-protobuf'),
        post('/v1/traces', Buffer.alloc(1000, 0xff), 'application/x-protobuf'),
        post('/v1/traces', '{"resourceSpans":[', 'application/json'),
        post('/v1/traces', '['.repeat(100_000), 'application/json'),
        post('/v1/logs', good.subarray(0, 100), 'application/x-protobuf'),
        post('/v1/traces', gzipSync(good), 'application/x-protobuf'),
      ].map(async (response) => (await response).status),
    )
    expect(statuses).toEqual([400, 400, 400, 400, 400, 400])
    const client = createRawGrpcClient(service.grpcPort)
    const error = await failureOf(client.call(exportPaths.traces, good.subarray(0, 200)))
    expect(error.code).toBe(3)
    await client.call(exportPaths.traces, good)
    client.close()
    expect(await service.count('otel_traces')).toBe(before + 3)
  })

  test('of 64 MiB and more, plain and as a bomb, is refused', async () => {
    const plain = Buffer.alloc(64 * 1024 * 1024 + 1)
    expect((await post('/v1/traces', plain, 'application/x-protobuf')).status).toBe(413)
    const bomb = await fetch(`http://${service.addresses.otlpHttp}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
      body: gzipSync(Buffer.alloc(70 * 1024 * 1024)),
    })
    expect(bomb.status).toBe(413)
    const client = createRawGrpcClient(service.grpcPort)
    expect((await failureOf(client.call(exportPaths.traces, plain))).code).toBe(8)
    await client.call(exportPaths.traces, encodeExportRequest(1, nowMs))
    client.close()
  })

  // Goal: no bytes harm the service. Method: real requests with random bytes changed, cut or
  // repeated, over both receivers; every request is answered, and good ones in between are counted
  // exactly.
  test('that is random does no harm', async () => {
    const seed = 20_261_121
    const random = createRandom(seed)
    const client = createRawGrpcClient(service.grpcPort)
    const good = encodeExportRequest(5, nowMs)
    const pick = (length: number): number => Math.floor(random() * length)
    const mutate = (): Buffer => {
      const bytes = Buffer.from(good)
      for (let count = 1 + pick(10); count > 0; count--) bytes[pick(bytes.length)] = pick(256)
      return random() < 0.5 ? bytes : bytes.subarray(0, pick(bytes.length))
    }
    const encodings = ['application/x-protobuf', 'application/json']
    for (let round = 0; round < 30; round++) {
      const before = await service.count('otel_traces', 'shop')
      await client.call(exportPaths.traces, good)
      expect(await service.count('otel_traces', 'shop'), `seed ${seed}, ${round}`).toBe(before + 5)
      const answers = await Promise.all([
        ...Array.from({ length: 10 }, () =>
          client.call(exportPaths.traces, mutate()).then(
            () => 0,
            (error: { code: number }) => error.code,
          ),
        ),
        ...Array.from({ length: 10 }, async () => {
          const path = ['/v1/traces', '/v1/logs', '/v1/metrics'][pick(3)] ?? ''
          return (await post(path, mutate(), encodings[pick(2)] ?? '')).status
        }),
      ])
      const unexpected = answers.filter((answer) => ![0, 3, 200, 400].includes(answer))
      expect(unexpected, `seed ${seed}, round ${round}`).toEqual([])
    }
    client.close()
    expect(service.logged).toEqual([])
  })
})

describe('routes', () => {
  test('/healthz and /readyz tell that all is well', async () => {
    const health = await get('/healthz')
    expect(await health.json()).toEqual({ status: 'ok' })
    const ready = await get('/readyz')
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }])
    expect((await fetch(`http://${service.addresses.api}/healthz`, { method: 'HEAD' })).ok).toBe(
      true,
    )
  })

  test('/metrics agrees with the table', async () => {
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/)
    const rows = await service.count('otel_traces')
    const text = await (await get('/metrics')).text()
    expect(readMetric(text, 'wayward_inserted_rows_total{table="otel_traces"}')).toBe(rows)
    expect(readMetric(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e7)
    expect(readMetric(text, 'wayward_request_bytes')).toBe(0)
  })

  test('refuse other paths and methods', async () => {
    expect((await get('/nothing')).status).toBe(404)
    const posted = await fetch(`http://${service.addresses.api}/metrics`, { method: 'POST' })
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })
})

test('without ClickHouse requests are accepted, and inserted when it is back', async () => {
  const down = createStore({
    url: 'http://127.0.0.1:9',
    user: 'x',
    password: '',
    database: 'wayward',
    requestTimeoutMs: 1_000,
  })
  let store = down
  const { collector, addresses, logged } = await startCollector({
    insertNative: (...values) => store.insertNative(...values),
    ping: () => store.ping(),
  })
  const ready = await get('/readyz', addresses.api)
  expect([ready.status, await ready.json()]).toEqual([
    200,
    { status: 'ready', warnings: ['ClickHouse does not answer'] },
  ])
  const before = await service.count('otel_traces')
  const client = createRawGrpcClient(portOf(addresses.otlpGrpc))
  await client.call(exportPaths.traces, encodeExportRequest(2, nowMs))
  await sleep(300)
  expect(logged.filter((line) => line.includes('127.0.0.1:9'))).toHaveLength(1)
  const waiting = await get('/inserted', addresses.api)
  expect([waiting.status, await waiting.json()]).toEqual([503, { status: 'waiting' }])
  store = service.engine.writer
  await client.call(exportPaths.traces, encodeExportRequest(3, nowMs))
  client.close()
  await whenDrained(addresses.api)
  expect(await service.count('otel_traces')).toBe(before + 5)
  expect(logged.at(-1)).toMatch(/takes the rows of the table again/)
  await collector.shutdown(1_000)
  await down.close()
})

// Goal: nothing that was acknowledged is missing, and nothing that was refused is there. Method:
// many senders, and a shutdown in the middle.
test('a shutdown under load answers every request truly', async () => {
  const before = await service.count('otel_traces')
  const { collector, addresses } = await startCollector(service.engine.writer)
  const request = encodeExportRequest(50, nowMs)
  let accepted = 0
  let refused = 0
  const senders = Array.from({ length: 8 }, async () => {
    const client = createRawGrpcClient(portOf(addresses.otlpGrpc))
    for (let isServing = true; isServing; ) {
      const code = await client.call(exportPaths.traces, request).then(
        () => 0,
        (error: { code: number }) => error.code,
      )
      if (code === 0) accepted++
      else {
        expect(code).toBe(14)
        refused++
        isServing = false
      }
    }
    client.close()
  })
  await sleep(500)
  await collector.shutdown(5_000)
  await Promise.all(senders)
  await collector.shutdown(5_000)
  expect(accepted).toBeGreaterThan(0)
  expect(refused).toBe(8)
  expect(await service.count('otel_traces')).toBe(before + accepted * 50)
})

describe('start()', () => {
  const settings = {
    otlpGrpc: { host: '127.0.0.1', port: 0 },
    otlpHttp: { host: '127.0.0.1', port: 0 },
    api: { host: '127.0.0.1', port: 0 },
    journal: memoryJournal,
    limits: defaultCollectorLimits,
  }
  const ignore = (): void => undefined

  test.each(['otlpGrpc', 'otlpHttp', 'api'] as const)(
    'names the setting when the port of %s is in use, and lets go of the others',
    async (name) => {
      const blocker = createServer()
      await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
      const address = blocker.address()
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0
      const collector = createCollector(
        { ...settings, [name]: { host: '127.0.0.1', port } },
        {
          store: service.engine.writer,
          logger: { info: ignore, warn: ignore, error: ignore },
          storeIsReady: Promise.resolve(),
          time: systemTime,
        },
      )
      await expect(collector.start()).rejects.toMatchObject({
        code: 'port_in_use',
        message:
          `Cannot listen on 127.0.0.1:${port}: the port is in use by another process; ` +
          'stop that process or choose another port',
        setting: name,
      })
      await new Promise((resolve) => blocker.close(resolve))
    },
  )

  test('refuses addresses that other machines could reach', () => {
    const create = (): unknown =>
      createCollector(
        { ...settings, otlpHttp: { host: '0.0.0.0', port: 0 } },
        {
          store: service.engine.writer,
          logger: { info: ignore, warn: ignore, error: ignore },
          storeIsReady: Promise.resolve(),
          time: systemTime,
        },
      )
    expect(create).toThrow(expect.objectContaining({ code: 'unprotected' }))
  })
})
