// Goal: HTTP batches, Sentry's envelopes and rows of a table arrive, and answers are understood.
// Method: a real HTTP server, and a real ClickHouse.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../../../harness/engine.ts'
import { toRouted } from '../router-harness.ts'
import { createEndpoint, send } from './endpoint-harness.ts'

interface Got {
  readonly url: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const got: Got[] = []
const answers: (readonly [number, Readonly<Record<string, string>>])[] = []
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { headers, method = '', url = '' } = request
    got.push({ url, method, headers, body: Buffer.concat(chunks) })
    const [status, fields] = answers.shift() ?? [200, {}]
    response.writeHead(status, fields).end('said')
  })
})
let base = ''
let engine: TestEngine

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  engine = await startTestEngine()
})
afterAll(async () => {
  server.close()
  await engine?.shutdown()
})

describe('an HTTP endpoint', () => {
  test('posts lists, lines and texts', async () => {
    got.length = 0
    const items = toRouted([{ payload: 'one\n' }, { payload: 'two' }])
    const headers = { 'X-Key': 'k' }
    await send(createEndpoint({ type: 'http', url: `${base}/in`, body: 'list', headers }), items)
    await send(createEndpoint({ type: 'http', url: base, gzip: true, method: 'PUT' }), items)
    const contentType = 'text/plain'
    await send(createEndpoint({ type: 'http', url: base, format: '{body}!', contentType }), items)
    expect(got.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /in',
      'PUT /',
      'POST /',
    ])
    expect(JSON.parse(got[0]?.body.toString() ?? '')).toMatchObject([
      { body: 'one\n' },
      { body: 'two' },
    ])
    expect(got[0]?.headers).toMatchObject({ 'x-key': 'k', 'content-type': 'application/json' })
    const lines = gunzipSync(got[1]?.body ?? '')
      .toString()
      .split('\n')
    expect(lines.map((line) => line === '' || JSON.parse(line).signal)).toEqual([
      'log',
      'log',
      true,
    ])
    expect(got[2]?.body.toString()).toBe('one\\n!\ntwo!\n')
  })

  test.each([
    [500, {}, 'retryable', 0],
    [429, { 'Retry-After': '7' }, 'retryable', 7_000],
    [503, { 'Retry-After': '999999' }, 'retryable', 300_000],
    [400, {}, 'failure', undefined],
    [302, { Location: 'http://127.0.0.1:1/' }, 'failure', undefined],
  ])('understands %i %j', async (status, fields, wanted, retryAfterMs) => {
    answers.push([status, fields])
    const outcome = await send(
      createEndpoint({ type: 'http', url: base }),
      toRouted([{ payload: 'x' }]),
    )
    expect(outcome).toMatchObject({
      status: wanted,
      message: expect.stringContaining(`${status}: said`),
    })
    expect('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined).toBe(retryAfterMs)
  })
})

describe('a Sentry endpoint', () => {
  test('sends an envelope for each exception, with the same id when it is tried again', async () => {
    got.length = 0
    const endpoint = createEndpoint({
      type: 'sentry',
      dsn: base.replace('//', '//key@').concat('/a/7'),
      environment: 'test',
    })
    const stack = 'TypeError: x\n    at pay (/app/pay.js:3:7)\n    at /app/main.js:1:2'
    const items = toRouted([
      { payload: 'first', severity: 4 },
      {
        type: 'oldstyle',
        payload: 'no card',
        severity: 3,
        fields: {
          'exception.type': 'TypeError',
          'exception.message': 'x',
          'exception.stacktrace': stack,
        },
      },
      { type: 'counter', payload: '1', fields: { name: 'hits' } },
    ])
    answers.push([200, {}], [503, {}])
    expect((await send(endpoint, items)).status).toBe('retryable')
    expect((await send(endpoint, items)).status).toBe('sent')
    expect(got).toHaveLength(3)
    expect(got.every(({ url }) => url === '/a/api/7/envelope/')).toBe(true)
    expect(got[0]?.headers['x-sentry-auth']).toContain('sentry_key=key')
    const [, one, other] = got.map(({ body }) => {
      const [head = '', itemHead = '', payload = '', end] = body.toString().split('\n')
      expect(JSON.parse(itemHead)).toEqual({ type: 'event', length: Buffer.byteLength(payload) })
      expect(end).toBe('')
      const event = JSON.parse(payload)
      expect(event.event_id).toBe(JSON.parse(head).event_id)
      return event
    })
    expect(one.event_id).toBe(other.event_id)
    expect(other).toMatchObject({
      level: 'error',
      logger: 'shop',
      environment: 'test',
      server_name: 'host1',
      message: { formatted: 'no card' },
      exception: {
        values: [
          {
            type: 'TypeError',
            value: 'x',
            stacktrace: {
              frames: [
                { filename: '/app/main.js', lineno: 1 },
                { function: 'pay', filename: '/app/pay.js', lineno: 3, colno: 7 },
              ],
            },
          },
        ],
      },
    })
  })
})

describe('an endpoint of a table', () => {
  test('fills the columns of a table of the user', async () => {
    await engine.writer.command(
      'CREATE TABLE default.messages (at DateTime64(9), what LowCardinality(String), n Float64, who String) ENGINE = MergeTree ORDER BY at',
    )
    const endpoint = createEndpoint({
      type: 'clickhouse-table',
      url: engine.url,
      user: 'wayward_writer',
      password: engine.writerToken,
      table: 'messages',
      columns: { at: '{time}', what: '{type}', n: '{value}', who: '{attributes.user}' },
    })
    const items = toRouted([
      { type: 'gauge', payload: '4.5', fields: { name: 'open', user: "o'neil" } },
      { type: 'login', payload: 'x', fields: { user: 'a"b\\c\n' } },
    ])
    expect(await send(endpoint, items)).toEqual({ status: 'sent' })
    const rows = await engine.reader.query('SELECT * FROM default.messages ORDER BY what')
    expect(rows).toEqual([
      { at: '2027-01-15 08:00:00.000000000', what: 'gauge', n: 4.5, who: "o'neil" },
      { at: '2027-01-15 08:00:00.000000000', what: 'login', n: 0, who: 'a"b\\c\n' },
    ])
    const wrong = createEndpoint({
      type: 'clickhouse-table',
      url: engine.url,
      user: 'wayward_writer',
      password: engine.writerToken,
      table: 'x`; DROP TABLE messages; --',
    })
    expect((await send(wrong, items)).status).not.toBe('sent')
    expect(await engine.reader.query('SELECT * FROM default.messages')).toHaveLength(2)
  })
})
