// Goal: rules send what they select, the store keeps what it shall, mistakes are found before
// anything runs. Method: a router before a recording consumer, with endpoints that write files.
import { mkdtempSync, readFileSync, rmSync, existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkRouter } from '@wayward/collector'
import { RouterError } from '@wayward/collector/router/router-settings'
import { toItems } from '@wayward/collector/router/item-request'
import type { ExportRequest } from '@wayward/collector/consumer'
import { afterAll, describe, expect, test } from 'vitest'
import { startRouter, toLogs, toRequests, toSpans, until } from './router-harness.ts'

const folder = mkdtempSync(join(tmpdir(), 'router-'))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0

/** A file endpoint, and what is in its file. */
function createFile(format = '{body}') {
  const path = join(folder, `${++files}.txt`)
  return {
    settings: { type: 'file', path, format, queue: { batchWaitMs: 0 } },
    lines: () => (existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []),
  }
}

describe('rules', () => {
  test('are asked in their order, and the first that is met decides', async () => {
    const errors = createFile()
    const audit = createFile('{body} {attributes.team}')
    const { router, stored } = startRouter({
      endpoints: { errors: errors.settings, audit: audit.settings },
      rules: [
        { name: 'noise', when: 'body.startsWith("noise")', drop: true },
        { name: 'team', when: 'severity >= 17', tag: { team: 'blue' }, continue: true },
        {
          name: 'audit',
          when: 'attributes["team"] == "blue"',
          to: ['audit', 'clickhouse'],
          continue: true,
        },
        { name: 'errors', when: 'type == "oldstyle" && body.matches("^bad .*")', to: ['errors'] },
        { to: ['clickhouse'] },
      ],
    })
    const requests = toRequests([
      { payload: 'noise 1' },
      { payload: 'bad card', severity: 3 },
      { payload: 'bad guess' },
      { payload: 'fine' },
    ])
    for (const request of requests) {
      expect(await router.consume(request)).toMatchObject({ status: 'accepted' })
    }
    await router.shutdown(1_000)
    expect(stored()).toEqual(['bad card', 'fine'])
    expect(errors.lines()).toEqual(['bad card', 'bad guess'])
    expect(audit.lines()).toEqual(['bad card blue'])
    const { rules } = router.stats()
    expect(rules).toEqual([
      { name: 'noise', items: 1 },
      { name: 'team', items: 1 },
      { name: 'audit', items: 1 },
      { name: 'errors', items: 2 },
      { name: 'rule 5', items: 1 },
    ])
  })

  test('leave to the store what none of them decides, byte for byte', async () => {
    const { consumer, router } = startRouter({ rules: [{ when: 'severity > 20.0', drop: true }] })
    const request = toLogs('one', 'two')
    await router.consume({ ...request, body: new Uint8Array(request.body) })
    expect(consumer.requests[0]?.body).toEqual(Buffer.from(request.body))
  })

  test('keep or leave out a trace as a whole', async () => {
    const { router } = startRouter({
      rules: [{ signals: ['span'], sample: 0.5, to: ['clickhouse'] }],
    })
    const spans = Array.from({ length: 400 }, (_, index) => {
      const low = Math.floor((((index >> 1) * 0.618) % 1) * 2 ** 48)
      return { name: `s${index}`, traceId: low.toString(16).padStart(12, '0').padStart(32, 'a') }
    })
    const { consumer, router: other } = startRouter({
      rules: [{ signals: ['span'], sample: 0.5, to: ['clickhouse'] }],
    })
    await other.consume(toSpans(spans))
    const kept = new Map<string, number>()
    for (const item of toItems(consumer.requests[0] as ExportRequest & { body: Buffer })) {
      const id =
        item.signal === 'traces' ? Buffer.from(item.record.traceId ?? []).toString('hex') : ''
      kept.set(id, (kept.get(id) ?? 0) + 1)
    }
    expect([...kept.values()].every((count) => count === 2)).toBe(true)
    expect(kept.size).toBeGreaterThan(80)
    expect(kept.size).toBeLessThan(120)
    await router.shutdown(0)
  })

  test('see spans, their duration and their resource, and keep schema addresses', async () => {
    const slow = createFile('{name} {durationMs}')
    const { consumer, router } = startRouter({
      endpoints: { slow: slow.settings },
      rules: [
        { when: 'durationMs > 100 && resource["service.name"] == "shop"', to: ['slow'] },
        { tag: { seen: 'yes' } },
      ],
    })
    await router.consume(toSpans([{ name: 'quick' }, { name: 'slow', durationMs: 250 }]))
    await router.shutdown(1_000)
    expect(slow.lines()).toEqual(['slow 250'])
    const [item] = toItems(consumer.requests[0] as ExportRequest & { body: Buffer })
    expect(item?.record.attributes).toEqual([{ key: 'seen', value: { stringValue: 'yes' } }])
    expect(item?.origins.resourceUrl).toBe('https://example.com/resource')
    expect(item?.origins.scopeUrl).toBe('https://example.com/scope')
  })

  test('see counters, gauges and timers by the types of Metlog', async () => {
    const numbers = createFile('{type} {name} {value}')
    const { router } = startRouter({
      endpoints: { numbers: numbers.settings },
      rules: [{ when: 'type in ["counter", "gauge", "timer"]', to: ['numbers'] }],
    })
    const requests = toRequests([
      { type: 'counter', payload: '3', fields: { name: 'hits', rate: 0.5 } },
      { type: 'gauge', payload: '7', fields: { name: 'open' } },
      { type: 'timer', payload: '17', fields: { name: 'db' } },
    ])
    for (const request of requests) await router.consume(request)
    await router.shutdown(1_000)
    expect(numbers.lines()).toEqual(['counter hits 6', 'gauge open 7', 'timer db 17'])
  })
})

describe('endpoints', () => {
  test('get nothing of what the store refused, nor a second time what came again', async () => {
    const all = createFile()
    const { consumer, router } = startRouter({
      endpoints: { all: all.settings },
      rules: [{ to: ['clickhouse', 'all'] }],
    })
    consumer.outcomes.push({ status: 'overloaded', retryAfterMs: 1, message: 'full' })
    expect((await router.consume(toLogs('a'))).status).toBe('overloaded')
    await router.consume(toLogs('a'))
    consumer.outcomes.push({ status: 'accepted', acceptedItems: 0, rejectedItems: 0, message: '' })
    await router.consume(toLogs('a'))
    await router.shutdown(1_000)
    expect(all.lines()).toEqual(['a'])
  })

  test('are answered for where the store gets nothing', async () => {
    const all = createFile()
    const { consumer, router } = startRouter({
      endpoints: { all: all.settings },
      rules: [{ to: ['all'] }],
    })
    const outcome = await router.consume(toLogs('a', 'b'))
    expect(outcome).toEqual({ status: 'accepted', acceptedItems: 2, rejectedItems: 0, message: '' })
    await router.shutdown(1_000)
    expect(consumer.requests).toEqual([])
    expect(all.lines()).toEqual(['a', 'b'])
    expect((await router.consume(toLogs('c'))).status).toBe('unavailable')
  })

  test('get nothing of what is no request; the store says what is wrong', async () => {
    const { consumer, router } = startRouter({ rules: [{ drop: true }] })
    const { sender } = toLogs('x')
    for (const [encoding, text] of [
      ['protobuf', '\x0a\xff\xff'],
      ['json', '{"resourceLogs":7}'],
      ['json', '{'],
      ['json', '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"x"}]}]}]}'],
      ...[
        '"body":{"stringValue":7}',
        '"timeUnixNano":"99999999999999999999"',
        '"severityNumber":"a"',
      ]
        .map((field) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${field}}]}]}]}`)
        .map((text) => ['json', text] as const),
    ] as const) {
      await router.consume({ signal: 'logs', encoding, body: Buffer.from(text, 'latin1'), sender })
    }
    expect(consumer.requests.map(({ body }) => body.length)).toEqual([3, 18, 1, 72, 78, 91, 74])
    expect(router.stats().unreadRequests).toBe(7)
  })
})

describe('reload()', () => {
  test('loses nothing: endpoints that stay go on, others send what they have', async () => {
    const stays = createFile()
    const goes = createFile()
    const comes = createFile()
    const { router } = startRouter({
      endpoints: { stays: stays.settings, goes: { ...goes.settings, queue: { batchWaitMs: 200 } } },
      rules: [{ to: ['stays', 'goes'] }],
    })
    const bodies = Array.from({ length: 300 }, (_, index) => `m${index}`)
    for (const body of bodies.slice(0, 150)) await router.consume(toLogs(body))
    router.reload({
      endpoints: { stays: stays.settings, comes: comes.settings },
      rules: [{ to: ['stays', 'comes'] }],
    })
    for (const body of bodies.slice(150)) await router.consume(toLogs(body))
    await router.shutdown(1_000)
    expect(stays.lines()).toEqual(bodies)
    expect([...goes.lines(), ...comes.lines()]).toEqual(bodies)
  })

  test('hands what waits on the disk over to an endpoint of the name with other settings', async () => {
    const comes = createFile()
    const queue = { disk: true, batchWaitMs: 0 }
    const away = { type: 'otlp', url: 'http://127.0.0.1:9', queue }
    const rules = [{ to: ['backup'] }]
    const { router } = startRouter(
      { endpoints: { backup: away }, rules },
      { folder: join(folder, 'queues') },
    )
    const bodies = Array.from({ length: 60 }, (_, index) => `m${index}`)
    for (const body of bodies.slice(0, 40)) await router.consume(toLogs(body))
    router.reload({ endpoints: { backup: { ...comes.settings, queue } }, rules })
    for (const body of bodies.slice(40)) await router.consume(toLogs(body))
    await until(() => comes.lines().length === 60, 'all of them')
    expect(comes.lines().toSorted()).toEqual(bodies.toSorted())
    await router.shutdown(1_000)
  }, 20_000)

  test('changes nothing where the settings are wrong', async () => {
    const all = createFile()
    const settings = { endpoints: { all: all.settings }, rules: [{ to: ['all'] }] }
    const { router } = startRouter(settings)
    expect(() => router.reload({ rules: [{ to: ['gone'] }] })).toThrow(/no endpoint "gone"/)
    await router.consume(toLogs('still'))
    await router.shutdown(1_000)
    expect(all.lines()).toEqual(['still'])
  })
})

describe('checkRouter()', () => {
  test.each([
    [{}, '"rules" is nothing', 'rules'],
    [{ rules: [{ to: ['x'] }] }, 'no endpoint "x"; wanted one of clickhouse', 'rules.0.to.0'],
    [{ rules: [{ when: 'servce == "x"', drop: true }] }, 'line 1, column 1', 'rules.0.when'],
    [{ rules: [{ when: 'severity >', drop: true }] }, 'line 1, column', 'rules.0.when'],
    [{ rules: [{ when: 'name.matches("(")', drop: true }] }, 'cannot be used', 'rules.0.when'],
    [{ rules: [{ when: 'severity', drop: true }] }, 'wanted true or false', 'rules.0.when'],
    [{ rules: [{ drop: true }, { to: ['clickhouse'] }] }, 'put it last', 'rules.0'],
    [{ rules: [{ when: 'true' }] }, 'does nothing', 'rules.0'],
    [{ rules: [{ drop: true, to: ['clickhouse'] }] }, 'wanted one', 'rules.0'],
    [{ rules: [{ when: 'true', drop: true, sampel: 1 }] }, 'sampel', 'rules.0.sampel'],
    [{ endpoints: { a: { type: 'fil' } }, rules: [] }, 'one of cef', 'endpoints.a.type'],
    [{ endpoints: { a: { type: 'file' } }, rules: [] }, '"path" is missing', 'endpoints.a.path'],
    [
      { endpoints: { clickhouse: { type: 'file' } }, rules: [] },
      'cannot be called',
      'endpoints.clickhouse',
    ],
    [
      { endpoints: { a: { type: 'statsd', adress: 'x' } }, rules: [] },
      '"adress" is not known',
      'endpoints.a.adress',
    ],
    [
      { endpoints: { a: { type: 'file', path: '/tmp/{tme}' } }, rules: [] },
      '{tme}, which is not known',
      'endpoints.a.path',
    ],
    [
      { endpoints: { a: { type: 'otlp', url: 'localhost:4318' } }, rules: [] },
      'an http or https address',
      'endpoints.a.url',
    ],
    [
      { endpoints: { a: { type: 'statsd', queue: { tries: 0 } } }, rules: [] },
      'a number from 1',
      'endpoints.a.queue.tries',
    ],
  ])('finds the mistake in %j', (settings, message, path) => {
    let error: unknown
    try {
      checkRouter(settings)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(RouterError)
    expect((error as RouterError).message).toContain(message)
    expect((error as RouterError).path.join('.')).toBe(path)
  })
})
