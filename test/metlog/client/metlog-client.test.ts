// Goal: the client of Metlog as its users know it, without its known defects. Method: a real client
// with a sender that keeps messages.
import { setTimeout as pause } from 'node:timers/promises'
import {
  createCaptureSender,
  createMetlogClient,
  dropsType,
  type MetlogClientSettings,
  type MetlogSender,
  severity,
  severityMaxFilter,
} from '@wayward/metlog'
import { describe, expect, test } from 'vitest'

function createPair(settings: MetlogClientSettings = {}) {
  const sender = createCaptureSender()
  return { sender, client: createMetlogClient({ sender, logger: 'myapp', ...settings }) }
}

describe('metlog()', () => {
  test('writes the nine keys of envelope 0.8', () => {
    const { client, sender } = createPair({ hostname: 'host1' })
    client.metlog('services', { payload: 'foo', fields: { userid: 25, req_time: 4 } })
    const [message] = sender.messages
    expect(message).toEqual({
      env_version: '0.8',
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      type: 'services',
      logger: 'myapp',
      severity: 6,
      payload: 'foo',
      fields: { userid: 25, req_time: 4 },
      metlog_pid: process.pid,
      metlog_hostname: 'host1',
    })
    expect(Math.abs(Date.parse(message?.timestamp ?? '') - Date.now())).toBeLessThan(2_000)
  })

  test('takes the time, a UUID and nine digits as Heka had them', () => {
    const { client, sender } = createPair({ uuid: true, precision: 'nanoseconds' })
    client.metlog('a')
    client.metlog('a')
    const [first, second] = sender.messages
    expect(first?.timestamp).toMatch(/\.\d{9}Z$/)
    expect(first?.uuid).toMatch(/^[0-9a-f-]{36}$/)
    expect(first?.uuid).not.toBe(second?.uuid)
    expect((first?.timestamp ?? '') <= (second?.timestamp ?? '')).toBe(true)
  })

  test('takes what a flavor says, and the caller’s own first', () => {
    const flavors = { audit: { logger: 'audit', severity: 5, fields: { kind: 'audit', a: 1 } } }
    const { client, sender } = createPair({ flavors })
    client.metlog('x', { flavor: 'audit', severity: 2, fields: { a: 2 } })
    client.metlog('x', { flavor: 'unknown' })
    expect(sender.messages[0]).toMatchObject({
      logger: 'audit',
      severity: 2,
      fields: { kind: 'audit', a: 2 },
    })
    expect(sender.messages[1]).toMatchObject({ logger: 'myapp', severity: 6, fields: {} })
  })
})

describe('incr() and gauge()', () => {
  test('leave the caller’s fields alone', () => {
    const { client, sender } = createPair()
    const fields = { a: 1 }
    client.incr('hits', 2, { fields })
    client.gauge('open', 1.5, { fields, logger: 'other', severity: 7 })
    expect(fields).toEqual({ a: 1 })
    expect(sender.messages).toMatchObject([
      { type: 'counter', payload: '2', fields: { name: 'hits', rate: 1, a: 1 }, logger: 'myapp' },
      { type: 'gauge', payload: '1.5', logger: 'other', severity: 7, fields: { name: 'open' } },
    ])
  })

  test('sample by the rate, and count what is left out', () => {
    const draws = [0.2, 0.7, 0.4999, 0.5]
    const { client, sender } = createPair({ random: () => draws.shift() ?? 1 })
    for (let index = 0; index < 4; index++) client.incr('hits', 1, { rate: 0.5 })
    expect(sender.messages).toHaveLength(2)
    expect(sender.messages[0]?.fields).toEqual({ name: 'hits', rate: 0.5 })
    expect(client.counts()).toMatchObject({ sent: 2, sampledOut: 2 })
  })
})

describe('the level methods', () => {
  test('have the severities of the original', () => {
    const { client, sender } = createPair()
    client.debug('m')
    client.info('m')
    client.warn('m')
    client.error('m')
    client.exception('m')
    client.critical('m')
    expect(sender.messages.map((one) => one.severity)).toEqual([7, 6, 4, 3, 1, 2])
    expect(sender.messages.every((one) => one.type === 'oldstyle')).toBe(true)
  })

  test.each([
    ['100%', [], '100%'],
    ['%s is %d', ['a', 4.7], 'a is 4'],
    ['%(user)s paid %(sum).2f', [{ user: 'u1', sum: 3 }], 'u1 paid 3.00'],
    ['%5d|%-5s|%05d|%x|%r', [7, 'ab', 42, 255, 'q'], "    7|ab   |00042|ff|'q'"],
    ['%s %s', ['one'], 'one %s'],
    ['%s%%', [50], '50%'],
    ['text', ['rest', { a: 1 }], 'text rest { a: 1 }'],
    ['%(absent)s', [{ a: 1 }], '%(absent)s'],
    ['%999999999s', ['x'], 'x'.padStart(1000)],
  ])('format %s as Python does', (text, args, wanted) => {
    const { client, sender } = createPair()
    client.info(text, ...args)
    expect(sender.messages[0]?.payload).toBe(wanted)
  })

  test('add the stack of an error and of its cause', () => {
    const { client, sender } = createPair()
    client.error('Cannot pay %s', 'x', new Error('no card', { cause: new TypeError('nothing') }))
    client.exception(new Error('alone'))
    const [first, second] = sender.messages.map((one) => String(one.payload))
    expect(first).toMatch(/^Cannot pay x\nError: no card\n {4}at /)
    expect(first).toContain('Caused by: TypeError: nothing')
    expect(second).toMatch(/^Error: alone\n/)
  })

  test('never throw, whatever they are given', () => {
    const problems: string[] = []
    const { client, sender } = createPair({ onProblem: (text) => problems.push(text) })
    const hostile = {
      toString() {
        throw new Error('no text')
      },
    }
    client.info(hostile)
    const circle: Record<string, unknown> = {}
    circle['self'] = circle
    client.metlog('circle', { fields: circle })
    client.metlog('big', { fields: { big: 2n ** 60n } })
    expect(client.counts()).toMatchObject({ failed: 2, sent: 1 })
    expect(sender.messages[0]?.fields).toEqual({ big: String(2n ** 60n) })
    expect(problems).toHaveLength(1)
  })
})

describe('timer()', () => {
  test('ends with a block, also one that throws', () => {
    const { client, sender } = createPair()
    const timer = client.timer('db', { fields: { table: 't' } })
    expect(timer.result).toBeUndefined()
    expect(timer.stop()).toBe(timer.result)
    timer.stop()
    expect(() => {
      using _timer = client.timer('db')
      throw new Error('in the block')
    }).toThrow('in the block')
    expect(sender.messages).toHaveLength(2)
    expect(sender.messages[0]).toMatchObject({
      type: 'timer',
      payload: expect.stringMatching(/^\d+$/),
      fields: { name: 'db', rate: 1, table: 't' },
    })
  })

  test('wraps functions, keeps `this`, and times what an async one takes', async () => {
    const { client, sender } = createPair()
    const shop = {
      price: 3,
      total: client.timer('total', function total(this: { price: number }, count: number) {
        return this.price * count
      }),
      load: client.timer('load', async () => {
        await pause(30)
        throw new Error('not there')
      }),
    }
    expect(shop.total(2)).toBe(6)
    expect(shop.total.name).toBe('total')
    await expect(shop.load()).rejects.toThrow('not there')
    const [total, load] = sender.messages
    expect(total?.fields['name']).toBe('total')
    expect(Number(load?.payload)).toBeGreaterThanOrEqual(28)
  })

  test('draws at each call of a wrapped function, which is called in any case', () => {
    const draws = [0.9, 0.1]
    const { client, sender } = createPair({ random: () => draws.shift() ?? 1 })
    const calls: number[] = []
    const wrapped = client.timer('t', (n: number) => calls.push(n), { rate: 0.5 })
    wrapped(1)
    wrapped(2)
    expect(calls).toEqual([1, 2])
    expect(sender.messages).toHaveLength(1)
  })

  test('nests under one name', () => {
    const { client, sender } = createPair()
    client.time('n', () => client.time('n', () => 1))
    expect(sender.messages).toHaveLength(2)
  })

  test.each([['*'], [['db', 'x']]])('is switched off by %j', (disabledTimers) => {
    const { client, sender } = createPair({ disabledTimers })
    client.timerSend('db', 4)
    expect(client.time('db', () => 5)).toBe(5)
    expect(client.timer('db').stop()).toBeUndefined()
    expect(sender.messages).toEqual([])
  })

  test('is sent by timerSend() with the rate that it was given', () => {
    const { client, sender } = createPair({ random: () => 0.99 })
    client.timerSend('db', 17.4, { rate: 0.5 })
    expect(sender.messages[0]).toMatchObject({ payload: '17', fields: { name: 'db', rate: 0.5 } })
  })
})

describe('addMethod()', () => {
  test('adds a method, and replaces one only where that is said', () => {
    const { client, sender } = createPair()
    const more = client.addMethod('greet', (own, name: string) => own.info('hello %s', name))
    more.greet('you')
    expect(sender.messages[0]?.payload).toBe('hello you')
    expect(() => client.addMethod('incr', () => {})).toThrow(SyntaxError)
    client.addMethod(
      'raven',
      (own, text: string) => own.metlog('sentry', { payload: text }),
      'exception',
    )
    client.exception('through raven')
    expect(sender.messages[1]).toMatchObject({ type: 'sentry', payload: 'through raven' })
  })
})

describe('setup() and reconfigure()', () => {
  test('change a client in place', () => {
    const { client, sender } = createPair({ severity: 5 })
    client.reconfigure({ logger: 'renamed' })
    client.metlog('x')
    expect(sender.messages[0]).toMatchObject({ logger: 'renamed', severity: 5 })
    expect(JSON.parse(client.config)).toMatchObject({ logger: 'renamed', severity: 5 })
    client.setup({})
    expect(client.isActive).toBe(false)
    client.metlog('x')
    expect(sender.messages).toHaveLength(1)
  })
})

describe('losses', () => {
  test('are counted and told', async () => {
    const kept = createCaptureSender()
    let lost = 0
    const sender: MetlogSender = {
      send(message) {
        if (message.type === 'bad') throw new Error('cannot')
        if (message.type === 'counter') lost++
        else kept.send(message)
      },
      drops: () => ({ queue_full: lost }),
    }
    const client = createMetlogClient({
      sender,
      filters: [severityMaxFilter(severity.informational)],
      onProblem: () => {},
    })
    client.incr('a')
    client.incr('a')
    client.metlog('bad')
    client.debug('filtered')
    expect(client.counts()).toEqual({
      sent: 2,
      filtered: 1,
      sampledOut: 0,
      failed: 1,
      dropped: { queue_full: 2 },
    })
    await client.close()
    expect(kept.messages).toMatchObject([
      { type: dropsType, payload: '3', severity: 4, fields: { queue_full: 2, send_failed: 1 } },
    ])
  })
})
