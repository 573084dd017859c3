// Goal: the type table: what each type of message becomes. Method: the datagrams that were captured
// of metlog-py 0.10, in a golden file of the OTLP that they become; then odd and hostile messages.
import { deflateSync } from 'node:zlib'
import { createOtlpBatch, isWrong, readMessage } from '@wayward/metlog/wire'
import { describe, expect, test } from 'vitest'

const receivedNs = 1_795_223_610_000_000_000n

const head = {
  timestamp: '2026-11-21T01:13:29.548314Z',
  metlog_hostname: 'host1',
  metlog_pid: 4242,
  logger: 'myapp',
  env_version: '0.8',
  severity: 6,
}

function add(values: readonly object[]) {
  const batch = createOtlpBatch()
  const problems = values.map((value) => {
    const read = readMessage({ ...head, ...value })
    return isWrong(read) ? read : batch.add(read, receivedNs)
  })
  return { batch, reasons: problems.map((one) => one?.reason) }
}

function shown(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_, one: unknown) => (typeof one === 'bigint' ? `${one}` : one),
    1,
  )
  return `${text}\n`
}

const captured = [
  { fields: { req_time: 4, userid: 25 }, type: 'services', payload: 'foo' },
  { fields: { rate: 1, name: 'hits' }, type: 'counter', payload: '2' },
  { fields: { rate: 0.5, name: 'hits' }, type: 'counter', payload: '3' },
  { fields: { rate: 1, name: 'hits', page: '/' }, type: 'counter', payload: '1' },
  { fields: { rate: 0.5, name: 'db' }, type: 'timer', payload: '17' },
  { fields: { rate: 1, name: 'db' }, type: 'timer', payload: '250' },
  { fields: {}, type: 'oldstyle', payload: 'bad thing', severity: 3 },
  { fields: { name: 'open', rate: 1 }, type: 'gauge', payload: '4' },
  {
    fields: { logger: 'psutil.cpu.host1.4242', name: 'user', rate: 1 },
    type: 'procinfo',
    payload: 0.5,
  },
  {
    fields: { cef_meta: { syslog_facility: 'LOCAL4' } },
    type: 'cef',
    payload: 'CEF:0|Mozilla|app|1|AuthFail|login|5|suser=none',
  },
]

describe('the type table', () => {
  test('is what the golden file says', async () => {
    const { batch, reasons } = add(captured)
    expect(reasons.filter((one) => one !== undefined)).toEqual([])
    const table = { logs: batch.toLogs(), metrics: batch.toMetrics() }
    await expect(shown(table)).toMatchFileSnapshot('../../golden/metlog/type-table.json')
  })

  test('weighs counters and timers by their rate', () => {
    const metrics = add(captured).batch.toMetrics()?.resourceMetrics[0]?.scopeMetrics[0]?.metrics
    expect(metrics?.[0]?.sum?.dataPoints[0]).toMatchObject({ asInt: 2 + 3 / 0.5 })
    expect(metrics?.[2]?.histogram?.dataPoints[0]).toMatchObject({
      count: 3,
      sum: 17 / 0.5 + 250,
      min: 17,
      max: 250,
    })
  })

  test('unpacks exceptions, and keeps what is none as it came', () => {
    const event = {
      message: 'no card',
      exception: {
        values: [
          {
            type: 'TypeError',
            value: 'no card',
            stacktrace: { frames: [{ abs_path: '/a.js', function: 'pay', lineno: 7 }] },
          },
        ],
      },
    }
    const payload = deflateSync(JSON.stringify(event)).toString('base64')
    const bomb = deflateSync(Buffer.alloc(20 * 1024 * 1024)).toString('base64')
    const { batch } = add([
      { type: 'sentry', payload, severity: 3, fields: { dsn: 'https://key:secret@s/1', msg: 'm' } },
      { type: 'sentry', payload: bomb },
      { type: 'sentry', payload: 'not base64' },
    ])
    const records = batch.toLogs()?.resourceLogs[0]?.scopeLogs[0]?.logRecords ?? []
    expect(records[0]).toMatchObject({ eventName: 'exception', body: { stringValue: 'no card' } })
    const text = shown(records[0])
    expect(text).toContain('TypeError: no card\\n    at pay (/a.js:7)')
    expect(text).not.toContain('secret')
    expect(records[1]).toMatchObject({ eventName: 'sentry', body: { stringValue: bomb } })
    expect(records[2]).toMatchObject({ body: { stringValue: 'not base64' } })
  })

  test('keeps sources apart that only look alike', () => {
    const { batch } = add([
      { type: 'x', logger: 'a', metlog_hostname: '1 b' },
      { type: 'x', logger: 'a1', metlog_hostname: ' b' },
      { type: 'x', logger: 'a', metlog_hostname: '1 b' },
    ])
    expect(batch.toLogs()?.resourceLogs).toHaveLength(2)
  })
})

describe('readMessage()', () => {
  test.each([
    ['type', { type: '' }],
    ['type', { type: 5 }],
    ['type', { type: undefined }],
    ['version', { type: 'x', env_version: '0.9' }],
    ['timestamp', { type: 'x', timestamp: 'yesterday' }],
    ['timestamp', { type: 'x', timestamp: 12 }],
    ['logger', { type: 'x', logger: 5 }],
    ['severity', { type: 'x', severity: 9 }],
    ['severity', { type: 'x', severity: -1 }],
    ['severity', { type: 'x', severity: 1.5 }],
    ['payload', { type: 'x', payload: {} }],
    ['fields', { type: 'x', fields: [] }],
    ['fields', { type: 'x', fields: 'text' }],
    [
      'fields',
      { type: 'x', fields: Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i, i])) },
    ],
    ['pid', { type: 'x', metlog_pid: 'me' }],
    ['hostname', { type: 'x', metlog_hostname: {} }],
    ['payload', { type: 'counter', payload: 'NaN', fields: { name: 'a' } }],
    ['payload', { type: 'counter', payload: '', fields: { name: 'a' } }],
    ['payload', { type: 'timer', payload: '-4', fields: { name: 'a' } }],
    ['payload', { type: 'gauge', payload: 'Infinity', fields: { name: 'a' } }],
    ['name', { type: 'counter', payload: '1' }],
    ['name', { type: 'counter', payload: '1', fields: { name: 7 } }],
    ['rate', { type: 'counter', payload: '1', fields: { name: 'a', rate: 0 } }],
    ['rate', { type: 'counter', payload: '1', fields: { name: 'a', rate: 'x' } }],
    ['rate', { type: 'counter', payload: '1', fields: { name: 'a', rate: 2 } }],
  ])('says %s of %j', (reason, value) => {
    expect(add([value]).reasons).toEqual([reason])
  })

  test.each([
    [{ type: 'x', severity: '6' }],
    [{ type: 'x', timestamp: '2026-11-21T01:13:29' }],
    [{ type: 'x', timestamp: 1_795_223_609_548_314_000 }],
    [{ type: 'x', timestamp: null, severity: null, payload: null, fields: null, logger: null }],
    [{ type: 'constructor', payload: 12 }],
    [{ type: '__proto__' }],
    [{ type: 'counter', payload: 2, fields: { name: '__proto__', __proto__: null } }],
  ])('takes %j', (value) => {
    expect(add([value]).reasons).toEqual([undefined])
  })

  test.each([[null], [5], ['text'], [[]], [Buffer.from('a')]])('refuses %j', (value) => {
    const read = readMessage(value)
    expect(isWrong(read) && read.reason).toBe('not_an_object')
  })

  test('bounds the depth of fields', () => {
    let deep: unknown = 'end'
    for (let level = 0; level < 5_000; level++) deep = { deep }
    const { batch, reasons } = add([{ type: 'x', fields: { deep } }])
    expect(reasons).toEqual([undefined])
    expect(shown(batch.toLogs()).length).toBeLessThan(5_000)
  })
})
