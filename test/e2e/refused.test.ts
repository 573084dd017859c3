// Goal: what docs/send-data.md says of items that are refused or completed is so. Method: each row
// of its table by OTLP/HTTP into a real service, beside a good item, which is always stored.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestService, type TestService } from '../collector/test-service.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.shutdown())

const nowNs = BigInt(Date.now()) * 1_000_000n
const dayNs = 86_400_000_000_000n
const ids = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8) }
const times = { startTimeUnixNano: `${nowNs}`, endTimeUnixNano: `${nowNs + 5_000_000n}` }
const goodSpan = { ...ids, ...times, name: 'good' }
const goodRecord = { timeUnixNano: `${nowNs}`, body: { stringValue: 'good' } }
const point = { timeUnixNano: `${nowNs}`, asDouble: 1 }
const many = (count: number): object[] =>
  Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: { intValue: index } }))

type Signal = 'traces' | 'logs' | 'metrics'

/** A row of the table: what is sent, and how many of the items are stored. */
interface Case {
  readonly signal: Signal
  readonly items: readonly object[]
  readonly stored: number
  /** What the stored items are, of the given columns. */
  readonly rows?: readonly Readonly<Record<string, unknown>>[]
  /** What the sender is told although all is stored. */
  readonly said?: string
}

const spans = (...items: object[]): Pick<Case, 'signal' | 'items'> => ({
  signal: 'traces',
  items: [goodSpan, ...items],
})

const histogram = (bucketCounts: readonly string[]): object => ({
  name: 'sizes',
  histogram: {
    aggregationTemporality: 2,
    dataPoints: [{ timeUnixNano: `${nowNs}`, count: '3', bucketCounts, explicitBounds: [1, 2] }],
  },
})

/** By the beginning of the row. */
const cases: Readonly<Record<string, Case>> = {
  'a trace or span id of a wrong length': {
    ...spans({ ...goodSpan, traceId: 'abcd' }, { ...goodSpan, spanId: 'abcd' }),
    stored: 1,
  },
  'a span whose trace or span id is missing or all zero': {
    ...spans(
      { ...goodSpan, traceId: '' },
      { ...goodSpan, traceId: '0'.repeat(32) },
      { ...goodSpan, spanId: '0'.repeat(16) },
    ),
    stored: 1,
  },
  'a span without start and end': { ...spans({ ...ids, name: 'never' }), stored: 1 },
  'a span with one of them': {
    ...spans(
      { ...ids, name: 'no start', endTimeUnixNano: `${nowNs + 7_000_000n}` },
      { ...ids, name: 'no end', startTimeUnixNano: `${nowNs + 9_000_000n}` },
    ),
    stored: 3,
    rows: [
      { name: 'good', ns: `${nowNs}`, duration: '5000000' },
      { name: 'no end', ns: `${nowNs + 9_000_000n}`, duration: '0' },
      { name: 'no start', ns: `${nowNs + 7_000_000n}`, duration: '0' },
    ],
    said: '2 spans have only one of start and end time',
  },
  'a log record without a time': {
    signal: 'logs',
    items: [
      goodRecord,
      { observedTimeUnixNano: `${nowNs + 3_000_000n}`, body: { stringValue: 'observed' } },
      { body: { stringValue: 'timeless' } },
    ],
    stored: 3,
    rows: [
      { name: 'good', ns: `${nowNs}` },
      { name: 'observed', ns: `${nowNs + 3_000_000n}` },
      { name: 'timeless', ns: expect.stringMatching(/^1[789]\d{17}$/) },
    ],
  },
  'a span event without a time, an unknown span kind or status code': {
    ...spans(
      { ...goodSpan, name: 'event', events: [{ name: 'timeless' }] },
      { ...goodSpan, name: 'kind', kind: 77 },
      { ...goodSpan, name: 'status', status: { code: 77 } },
    ),
    stored: 4,
    said: 'A span kind is not one that OTLP knows and is stored as Unspecified (1 times)',
  },
  'a time more than 24 h ahead': {
    ...spans({ ...goodSpan, startTimeUnixNano: `${nowNs + 2n * dayNs}` }),
    stored: 1,
  },
  'items of more than 100 days in one request': {
    signal: 'logs',
    items: Array.from({ length: 120 }, (_, day) => ({
      timeUnixNano: `${nowNs - BigInt(day) * dayNs}`,
      body: { stringValue: 'good' },
    })),
    stored: 100,
  },
  'more attributes, events, links, buckets or exemplars than the': {
    ...spans({ ...goodSpan, attributes: many(1025) }),
    stored: 1,
  },
  'a histogram whose buckets do not fit its bounds': {
    signal: 'metrics',
    items: [
      { name: 'good', gauge: { dataPoints: [point] } },
      histogram(['1', '2']),
      histogram(['1', '1', '1']),
    ],
    stored: 2,
  },
}

const page = readFileSync(new URL('../../docs/send-data.md', import.meta.url), 'utf8')
const rows = page
  .slice(page.indexOf('What is refused of a request'))
  .split('\n\n')[1]
  ?.split('\n')
  .slice(2)
  .map((line) => (line.split('|')[1] ?? '').replace(/\[.*$/, '').trim())

test('every row of the table has a case, and no case is without a row', () => {
  expect(rows?.toSorted()).toEqual(Object.keys(cases).toSorted())
})

describe('what is said of', () => {
  test.each(Object.entries(cases))('%s is so', async (name, given) => {
    const { signal, items, stored, said } = given
    const answer = await post(signal, name, items)
    const rejected = items.length - stored
    expect(answer.status).toBe(200)
    if (rejected === 0 && said === undefined) expect(answer.body).toEqual({})
    if (rejected > 0) {
      const counts = Object.values(answer.body['partialSuccess'] ?? {}).map(Number)
      expect(counts).toContain(rejected)
    }
    if (said !== undefined) expect(JSON.stringify(answer.body)).toContain(said)
    expect(await countOf(signal, name)).toBe(stored)
    if (given.rows !== undefined) expect(await rowsOf(signal, name)).toEqual(given.rows)
  })
})

async function post(
  signal: Signal,
  serviceName: string,
  items: readonly object[],
): Promise<{ readonly status: number; readonly body: Record<string, object> }> {
  const resource = {
    attributes: [{ key: 'service.name', value: { stringValue: serviceName } }],
  }
  const body = {
    traces: { resourceSpans: [{ resource, scopeSpans: [{ spans: items }] }] },
    logs: { resourceLogs: [{ resource, scopeLogs: [{ logRecords: items }] }] },
    metrics: { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: items }] }] },
  }[signal]
  const response = await fetch(`http://${service.addresses.otlpHttp}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return {
    status: response.status,
    body: (await response.json()) as Record<string, object>,
  }
}

async function countOf(signal: Signal, serviceName: string): Promise<number> {
  if (signal === 'traces') return await service.count('otel_traces', serviceName)
  if (signal === 'logs') return await service.count('otel_logs', serviceName)
  const gauges = await service.count('otel_metrics_gauge', serviceName)
  return gauges + (await service.count('otel_metrics_histogram', serviceName))
}

async function rowsOf(signal: Signal, serviceName: string): Promise<readonly object[]> {
  const sql =
    signal === 'traces'
      ? `SELECT SpanName AS name, toString(toUnixTimestamp64Nano(Timestamp)) AS ns, toString(Duration) AS duration
         FROM otel_traces WHERE ServiceName = {name:String} ORDER BY name`
      : `SELECT Body AS name, toString(toUnixTimestamp64Nano(Timestamp)) AS ns
         FROM otel_logs WHERE ServiceName = {name:String} ORDER BY name`
  return await service.query(sql, { name: serviceName })
}
