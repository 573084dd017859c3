// Goal: what is accepted is seen by who watches over HTTP, also without ClickHouse; whoever does
// not read or asks wrongly is told so and harms nobody. Method: a real collector, real sockets.
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import type { Store } from '@wayward/clickhouse'
import type { CollectorLimits } from '@wayward/collector'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { readEvents, type ServerEvent } from 'wayward/event-source'
import { startCollector } from '../test-service.ts'

type Started = Awaited<ReturnType<typeof startCollector>>

/** A ClickHouse that is away. */
const store = {
  ping: () => Promise.resolve(false),
  insertNative: () => new Promise(() => {}),
} as unknown as Store

const started: Started[] = []
const aborts: { abort(): void }[] = []

afterEach(async () => {
  for (const abort of aborts.splice(0)) abort.abort()
  for (const { collector } of started.splice(0)) await collector.shutdown(0)
})

async function start(limits: Partial<CollectorLimits> = {}): Promise<Started> {
  const one = await startCollector(store, limits)
  started.push(one)
  return one
}

async function send({ addresses }: Started, bodies: readonly string[]): Promise<void> {
  const logRecords = bodies.map((body) => ({ timeUnixNano: '1', body: { stringValue: body } }))
  const response = await fetch(`http://${addresses.otlpHttp}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] }),
  })
  expect(response.status).toBe(200)
}

async function open(one: Started, query = '', headers: Record<string, string> = {}) {
  const abort = new AbortController()
  aborts.push(abort)
  const url = `http://${one.addresses.api}/api/stream${query}`
  const response = await fetch(url, { headers, signal: abort.signal })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const events = readEvents(response.body as unknown as AsyncIterable<Uint8Array>)
  const next = async (): Promise<ServerEvent> => {
    const { value } = await events.next()
    if (value === undefined) throw new Error('The stream has ended')
    return value
  }
  return { next, events, abort }
}

const bodyOf = ({ data }: ServerEvent): string => (JSON.parse(data) as { body: string }).body

describe('GET /api/stream', () => {
  test('shows what is accepted while ClickHouse is away, and goes on where it was', async () => {
    const one = await start()
    const { next, abort } = await open(one)
    await send(one, ['first', 'second', 'third'])
    const events = [await next(), await next(), await next()]
    expect(events.map(bodyOf)).toEqual(['first', 'second', 'third'])
    abort.abort()
    await send(one, ['fourth'])
    const again = await open(one, '', { 'Last-Event-ID': events[1]?.lastEventId ?? '' })
    expect([bodyOf(await again.next()), bodyOf(await again.next())]).toEqual(['third', 'fourth'])
    const third = await open(one, `?lastEventId=${events[2]?.lastEventId}`)
    expect(bodyOf(await third.next())).toBe('fourth')
  })

  test('shows what the filter lets through', async () => {
    const one = await start()
    const { next } = await open(one, `?kind=log&where=${encodeURIComponent('body.contains("b")')}`)
    await send(one, ['a', 'b', 'c', 'ab'])
    expect([bodyOf(await next()), bodyOf(await next())]).toEqual(['b', 'ab'])
  })

  test('says that the service was started again', async () => {
    const one = await start()
    const { next } = await open(one, '', { 'Last-Event-ID': 'abc-1-1-mg0000000' })
    const gap = await next()
    expect([gap.name, JSON.parse(gap.data)]).toMatchObject(['gap', { reason: 'restarted' }])
    await send(one, ['now'])
    expect(bodyOf(await next())).toBe('now')
  })

  test('ends with the service', async () => {
    const one = await start()
    const { next, events } = await open(one)
    await one.collector.shutdown(1_000)
    expect((await next()).name).toBe('end')
    expect((await events.next()).done).toBe(true)
  })

  test.each([
    ['?nope=1', 'The parameter "nope" is not known; there are service, session, kind, where'],
    ['?where=durtion%20%3E%205', 'wrong at line 1, column 1: Unknown variable: durtion'],
    ['?where=(((', 'wrong at line 1, column 4'],
  ])('%s is refused with what is wrong', async (query, reason) => {
    const one = await start()
    const response = await fetch(`http://${one.addresses.api}/api/stream${query}`)
    const problem = (await response.json()) as { detail: string }
    expect(response.status).toBe(400)
    expect(problem.detail).toContain(reason)
  })

  test('other methods and other hosts are refused', async () => {
    const one = await start()
    const url = `http://${one.addresses.api}/api/stream`
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
    const status = await new Promise((resolve) => {
      const headers = { Host: 'evil.example' }
      httpRequest(url, { headers }, (response) => resolve(response.statusCode)).end()
    })
    expect(status).toBe(403)
  })

  test('pages of other sites are refused, here and wherever something is told or taken', async () => {
    const one = await start()
    const ask = async (path: string, headers: Record<string, string>, method = 'GET') => {
      const abort = new AbortController()
      aborts.push(abort)
      const url = `http://${one.addresses.api}${path}`
      return (await fetch(url, { method, headers, signal: abort.signal })).status
    }
    const refuse = async (headers: Record<string, string>): Promise<void> => {
      for (const path of ['/api/stream', '/metrics', '/inserted', '/api/jobs', '/api/control']) {
        expect([path, await ask(path, headers)]).toEqual([path, 403])
      }
      expect(await ask('/ping/key/job?create=1', headers, 'POST')).toBe(403)
      // A badge is made for other pages; without ClickHouse it takes its time.
      expect(await ask('/api/badges/jobs/none', headers)).not.toBe(403)
    }
    await Promise.all([
      refuse({ Origin: 'https://evil.example' }),
      refuse({ Origin: 'null' }),
      refuse({ 'Sec-Fetch-Site': 'cross-site' }),
    ])
    expect(await ask('/api/stream', { Origin: `http://${one.addresses.api}` })).toBe(200)
    expect(await ask('/api/stream', { 'Sec-Fetch-Site': 'same-origin' })).toBe(200)
  })

  test('one stream too many is refused, and there is room again when one has left', async () => {
    const one = await start({ liveWatchersMax: 3 })
    const streams = [await open(one), await open(one), await open(one)]
    const refused = await fetch(`http://${one.addresses.api}/api/stream`)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).not.toBeNull()
    expect(((await refused.json()) as { detail: string }).detail).toContain('There are 3 streams')
    streams[0]?.abort.abort()
    await vi.waitFor(async () => {
      const response = await fetch(`http://${one.addresses.api}/api/stream`)
      await response.body?.cancel()
      expect(response.status).toBe(200)
    })
  })

  test('of a thousand that come at once as many are served as may be, and none is left waiting', async () => {
    const liveWatchersMax = 100
    const one = await start({ liveWatchersMax })
    const asked = await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        const abort = new AbortController()
        aborts.push(abort)
        return await fetch(`http://${one.addresses.api}/api/stream`, { signal: abort.signal })
      }),
    )
    const served = asked.filter(({ status }) => status === 200)
    expect(served).toHaveLength(liveWatchersMax)
    expect(new Set(asked.map(({ status }) => status))).toEqual(new Set([200, 429]))
    await send(one, ['for all of them'])
    const seen = await Promise.all(
      served.map(async ({ body }) => {
        const events = readEvents(body as unknown as AsyncIterable<Uint8Array>)
        return bodyOf((await events.next()).value as ServerEvent)
      }),
    )
    expect(seen).toEqual(Array.from({ length: liveWatchersMax }, () => 'for all of them'))
  }, 60_000)

  test('one who never reads loses the oldest and is told how many; others lose nothing', async () => {
    const one = await start({ liveQueueBytesMax: 256 * 1024 })
    const { next } = await open(one)
    const [host = '', port] = one.addresses.api.split(':')
    const socket = connect(Number(port), host)
    aborts.push({ abort: () => void socket.destroy() })
    socket.pause()
    socket.write(`GET /api/stream HTTP/1.1\r\nHost: ${one.addresses.api}\r\n\r\n`)
    const text = 'x'.repeat(2_000)
    const rounds = 60
    const seen: string[] = []
    for (let round = 0; round < rounds; round++) {
      await send(
        one,
        Array.from({ length: 100 }, (_, i) => `${round * 100 + i} ${text}`),
      )
      for (let i = 0; i < 100; i++) seen.push(bodyOf(await next()).split(' ')[0] ?? '')
    }
    expect(seen).toEqual(Array.from({ length: rounds * 100 }, (_, i) => String(i)))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString()
    })
    socket.resume()
    await vi.waitFor(() => expect(received).toMatch(/event: dropped\r?\ndata: \{"items":\d+\}/))
    await vi.waitFor(() => expect(received).toContain(`${rounds * 100 - 1} xxx`))
    const items = received.match(/"signal":"log"/g)?.length ?? 0
    const dropped = [...received.matchAll(/\{"items":(\d+)\}/g)].map(([, count]) => Number(count))
    expect(items + dropped.reduce((sum, count) => sum + count, 0)).toBe(rounds * 100)
  }, 60_000)

  test('one who leaves in the middle is forgotten', async () => {
    const one = await start({ liveWatchersMax: 1 })
    for (let i = 0; i < 5; i++) {
      let stream: Awaited<ReturnType<typeof open>> | undefined
      await vi.waitFor(async () => {
        stream = await open(one)
      })
      await send(one, [`${i}`])
      expect(bodyOf((await stream?.next()) as ServerEvent)).toBe(String(i))
      stream?.abort.abort()
    }
  })
})
