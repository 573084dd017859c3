// Goal: small messages of all protocols arrive, and hostile ones harm nobody. Method: a real
// collector on a real engine, real sockets of each protocol, and the ledger.
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { systemTime } from '@wayward/base'
import { type Collector, type CollectorAddresses, createCollector } from '@wayward/collector'
import { defaultCollectorLimits } from '@wayward/collector'
import {
  createMetlogClient,
  createUdpSender,
  createZeroMqSender,
  type MetlogClient,
  type MetlogSender,
} from '@wayward/metlog'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'
import { memoryJournal, whenDrained } from '../../test-service.ts'
import { readMetric } from '../../receiver-harness.ts'

const anyPort = { host: '127.0.0.1', port: 0 }
let engine: TestEngine
let collector: Collector
let addresses: CollectorAddresses
let socket: Socket

beforeAll(async () => {
  engine = await startTestStore()
  const started = create({})
  collector = started
  addresses = await collector.start()
  socket = createSocket('udp4')
})
afterAll(async () => {
  socket?.close()
  await collector?.shutdown(5_000)
  await engine?.shutdown()
})

function create(keys: Readonly<Record<string, string>>): Collector {
  const messages = {
    addresses: {
      metlogUdp: anyPort,
      metlogZmqSub: anyPort,
      metlogZmqPull: anyPort,
      metlogZmqHandshake: anyPort,
      statsd: anyPort,
      syslogUdp: anyPort,
      syslogTcp: anyPort,
    },
    keys,
    isHttpServed: true,
  }
  const logger = { debug() {}, info() {}, warn() {}, error() {} }
  return createCollector(
    {
      otlpGrpc: anyPort,
      otlpHttp: anyPort,
      api: anyPort,
      journal: memoryJournal,
      limits: defaultCollectorLimits,
      messages,
    },
    { store: engine.writer, storeIsReady: Promise.resolve(), logger, time: systemTime },
  )
}

function portOf(address: string | undefined): number {
  return Number(/:(\d+)$/.exec(address ?? '')?.[1])
}

async function send(text: string | Uint8Array, to: string | undefined): Promise<void> {
  await new Promise((resolve) => socket.send(text, portOf(to), '127.0.0.1', resolve))
}

/** Waits until so many messages were taken or refused; the counters are those of /metrics. */
async function whenCounted(wanted: Readonly<Record<string, number>>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const text = await (await fetch(`http://${addresses.api}/metrics`)).text()
    const isThere = Object.entries(wanted).every(([line, count]) => readMetric(text, line) >= count)
    if (isThere) break
    await pause(25)
  }
  const text = await (await fetch(`http://${addresses.api}/metrics`)).text()
  const seen = Object.keys(wanted).map((line) => [line, readMetric(text, line)])
  expect(Object.fromEntries(seen)).toEqual(wanted)
}

/** Rows of a question, once there are some: batches wait a moment. */
async function rows<Row>(sql: string): Promise<readonly Row[]> {
  for (let tries = 0; tries < 200; tries++) {
    await whenDrained(addresses.api)
    const found = await engine.reader.query<Row>(sql)
    if (found.length > 0) return found
    await pause(25)
  }
  throw new Error(`Nothing is found by ${sql}`)
}

function createClient(sender: MetlogSender, logger: string): MetlogClient {
  return createMetlogClient({ sender, logger, hostname: 'host1' })
}

describe('Metlog over UDP', () => {
  test.each(['json', 'msgpack'] as const)('stores what our client sends as %s', async (format) => {
    const logger = `udp-${format}`
    const port = portOf(addresses.metlogUdp)
    const client = createClient(createUdpSender({ port, format }), logger)
    client.error('no %s', 'card')
    client.metlog('services', { payload: 'foo', fields: { userid: 25, deep: { a: [1, 'b'] } } })
    client.incr('hits', 3)
    client.incr('hits', 2, { rate: 0.999_999_9 })
    client.timerSend('db', 17)
    client.gauge('open', 4)
    await client.close()
    const logs = await rows<{ body: string; severity: number; event: string; user: string }>(
      `SELECT Body AS body, SeverityNumber AS severity, EventName AS event, LogAttributes['userid'] AS user
       FROM otel_logs WHERE ServiceName = '${logger}' ORDER BY Timestamp`,
    )
    expect(logs).toEqual([
      { body: 'no card', severity: 17, event: '', user: '' },
      { body: 'foo', severity: 9, event: 'services', user: '25' },
    ])
    const [counter] = await rows<{ value: number; host: string }>(
      `SELECT round(sum(Value), 3) AS value, any(ResourceAttributes['host.name']) AS host
       FROM otel_metrics_sum WHERE ServiceName = '${logger}' AND MetricName = 'hits'`,
    )
    expect(counter).toEqual({ value: 5, host: 'host1' })
    const [timer] = await rows<{ count: string; sum: number }>(
      `SELECT toString(sum(Count)) AS count, sum(Sum) AS sum
       FROM otel_metrics_histogram WHERE ServiceName = '${logger}' AND MetricName = 'db'`,
    )
    expect(timer).toEqual({ count: '1', sum: 17 })
    const [gauge] = await rows<{ value: number }>(
      `SELECT Value AS value FROM otel_metrics_gauge
       WHERE ServiceName = '${logger}' AND MetricName = 'open'`,
    )
    expect(gauge).toEqual({ value: 4 })
  })

  test('counts what is malformed by reason, samples it into the ledger, and takes the rest', async () => {
    const hostile: readonly (string | Uint8Array)[] = [
      '{"type":"x","payload":"cut',
      'plain text',
      '',
      '['.repeat(30_000),
      `{"type":"x","fields":${'{"a":'.repeat(6_000)}1${'}'.repeat(6_000)}}`,
      Buffer.alloc(65_507, 0x7b),
      '{"type":"x","env_version":"9.9"}',
      '{"type":"x","severity":9}',
      '{"type":"counter","payload":"NaN","fields":{"name":"a"}}',
      '{"type":"counter","payload":"1","fields":{"name":"a","rate":0}}',
      '{"type":7}',
      Buffer.from('\u0000pickle::abc'),
      Buffer.from('dfffffffff', 'hex'),
      Buffer.from([0x1e, 3, 1, 2, 3, 0x1f]),
    ]
    for (const one of hostile) await send(one, addresses.metlogUdp)
    await send(
      '{"type":"after-all","logger":"survivor","payload":"still here"}',
      addresses.metlogUdp,
    )
    const refused = 'wayward_refused_messages_total{receiver="metlog_udp",reason='
    await whenCounted({
      [`${refused}"not_json"}`]: 5,
      [`${refused}"version"}`]: 1,
      [`${refused}"severity"}`]: 1,
      [`${refused}"payload"}`]: 1,
      [`${refused}"rate"}`]: 1,
      [`${refused}"type"}`]: 1,
      [`${refused}"decoder"}`]: 1,
      [`${refused}"not_msgpack"}`]: 1,
      [`${refused}"frame"}`]: 1,
    })
    const [row] = await rows<{ body: string }>(
      "SELECT Body AS body FROM otel_logs WHERE ServiceName = 'survivor'",
    )
    expect(row?.body).toBe('still here')
  })

  test('takes 20,000 loggers without holding them', async () => {
    const client = createClient(createUdpSender({ port: portOf(addresses.metlogUdp) }), 'many')
    for (let index = 0; index < 20_000; index++) {
      client.metlog('many', { logger: `many-${index}` })
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await client.close()
    const [row] = await rows<{ n: number }>(
      "SELECT toInt32(uniq(ServiceName) > 100) AS n FROM otel_logs WHERE startsWith(ServiceName, 'many-')",
    )
    expect(row?.n).toBe(1)
  })
})

describe('signatures', () => {
  const key = 'sixteen characters at least'

  test('are asked for where a key is set', async () => {
    const signed = create({ shop: key, 'shop/2': `${key} of version 2` })
    const own = await signed.start()
    const port = portOf(own.metlogUdp)
    const messages: readonly [string, object | undefined][] = [
      ['good', { signer: 'shop', key }],
      ['good too', { signer: 'shop', key: `${key} of version 2`, keyVersion: 2 }],
      ['wrong key', { signer: 'shop', key: 'another' }],
      ['wrong version', { signer: 'shop', key, keyVersion: 2 }],
      ['unknown signer', { signer: 'constructor', key }],
      ['not signed', undefined],
    ]
    for (const [payload, signing] of messages) {
      const sender = createUdpSender({
        port,
        ...(signing === undefined ? {} : { signing: signing as never }),
      })
      const client = createClient(sender, 'signed')
      client.metlog('signed', { payload })
      await client.close()
    }
    const metrics = async (): Promise<string> => (await fetch(`http://${own.api}/metrics`)).text()
    const line = 'wayward_refused_messages_total{receiver="metlog_udp",reason="signature"}'
    while (readMetric(await metrics(), line) < 4) await pause(20)
    await signed.shutdown(5_000)
    const found = await rows<{ body: string }>(
      "SELECT Body AS body FROM otel_logs WHERE ServiceName = 'signed' ORDER BY body",
    )
    expect(found.map((one) => one.body)).toEqual(['good', 'good too'])
  })
})

describe('Metlog over ZeroMQ', () => {
  test('takes what is pushed, and what is published after the handshake', async () => {
    const zmq = (address: string | undefined): string => `tcp://${address}`
    const pushing = createClient(
      createZeroMqSender({ connect: zmq(addresses.metlogZmqPull), pattern: 'push' }),
      'pushed',
    )
    pushing.info('pushed')
    const publishing = createClient(
      createZeroMqSender({
        connect: zmq(addresses.metlogZmqSub),
        handshake: zmq(addresses.metlogZmqHandshake),
        livecheckMs: 100,
      }),
      'published',
    )
    const timer = setInterval(() => publishing.info('published'), 20)
    const [pushed] = await rows("SELECT Body FROM otel_logs WHERE ServiceName = 'pushed'")
    const [published] = await rows("SELECT Body FROM otel_logs WHERE ServiceName = 'published'")
    clearInterval(timer)
    expect([pushed, published]).toEqual([{ Body: 'pushed' }, { Body: 'published' }])
    await Promise.all([pushing.close(), publishing.close()])
  })
})

describe('POST /metlog', () => {
  const post = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
    fetch(`http://${addresses.otlpHttp}/metlog`, { method: 'POST', body: body as never, headers })

  test('answers when one message, or each of some lines, is safe', async () => {
    const one = await post(
      JSON.stringify({ type: 'a', logger: 'posted', payload: '1' }, undefined, 2),
    )
    expect(await one.json()).toEqual({ accepted: 1, rejected: 0, problems: [] })
    const lines = [
      '{"type":"a","logger":"posted","payload":"2"}',
      '{"type":"a","logger":"posted","severity":12}',
      '{"type":"counter","logger":"posted","payload":"5","fields":{"name":"posted"}}',
    ].join('\n')
    const three = await post(gzipSync(lines), { 'Content-Encoding': 'gzip' })
    expect(three.status).toBe(200)
    expect(await three.json()).toMatchObject({
      accepted: 2,
      rejected: 1,
      problems: [expect.stringContaining('severity is 12, wanted a whole number from 0 to 7')],
    })
    const found = await rows<{ body: string }>(
      "SELECT Body AS body FROM otel_logs WHERE ServiceName = 'posted' ORDER BY body",
    )
    expect(found.map(({ body }) => body)).toEqual(['1', '2'])
  })

  test.each([
    ['nothing', '', 400, {}],
    ['no message', 'nonsense', 400, {}],
    ['a broken gzip body', 'nonsense', 400, { 'Content-Encoding': 'gzip' }],
    ['an unknown encoding', '{}', 415, { 'Content-Encoding': 'br' }],
  ])('refuses %s', async (_, body, status, headers) => {
    expect((await post(body, { ...headers })).status).toBe(status)
  })
})

describe('statsd', () => {
  test('stores counters, times, gauges and sets with their tags', async () => {
    const lines = [
      'shop.hits:2|c|@0.5|#service:statsd-shop,page:home',
      'shop.hits:1|c|#service:statsd-shop,page:home',
      'shop.time:12:14|ms|#service:statsd-shop',
      'shop.size:7|h|#service:statsd-shop',
      'shop.open:5|g|#service:statsd-shop',
      'shop.open:-2|g|#service:statsd-shop',
      'shop.users:ann|s|#service:statsd-shop',
      '_e{5,4}:title|text|t:error|#service:statsd-shop',
      '_sc|db|2|#service:statsd-shop|m:gone',
    ]
    for (const line of [lines.join('\n'), 'nonsense', 'a:1|zz', 'b:x|c', '_e{9,9}:a|b']) {
      await send(line, addresses.statsd)
    }
    const [sum] = await rows<{ value: number; page: string }>(
      `SELECT Value AS value, Attributes['page'] AS page FROM otel_metrics_sum
       WHERE ServiceName = 'statsd-shop'`,
    )
    expect(sum).toEqual({ value: 5, page: 'home' })
    const gauges = await rows<{ value: number }>(
      "SELECT Value AS value FROM otel_metrics_gauge WHERE ServiceName = 'statsd-shop' ORDER BY value",
    )
    expect(gauges.map(({ value }) => value)).toEqual([3, 5])
    const times = await rows<{ name: string; sum: number }>(
      `SELECT MetricName AS name, Sum AS sum FROM otel_metrics_histogram
       WHERE ServiceName = 'statsd-shop' ORDER BY name`,
    )
    expect(times).toEqual([
      { name: 'shop.size', sum: 7 },
      { name: 'shop.time', sum: 26 },
    ])
    const logs = await rows<{ event: string; body: string }>(
      "SELECT EventName AS event, Body AS body FROM otel_logs WHERE ServiceName = 'statsd-shop' ORDER BY event",
    )
    expect(logs).toEqual([
      { event: 'statsd.check', body: 'gone' },
      { event: 'statsd.event', body: 'text' },
      { event: 'statsd.set', body: 'ann' },
    ])
    const refused = 'wayward_refused_messages_total{receiver="statsd",reason='
    await whenCounted({
      [`${refused}"form"}`]: 2,
      [`${refused}"type"}`]: 1,
      [`${refused}"payload"}`]: 1,
    })
  })
})

describe('syslog', () => {
  test('takes both forms over UDP', async () => {
    const stamp = new Date().toISOString()
    const newer = `<165>1 ${stamp} host9 sys-app 4242 ID47 [ex@1 a="b\\"c" d="e"][ex@2 f="g"] \uFEFFhello`
    await send(newer, addresses.syslogUdp)
    await send('<34>Nov 21 01:13:29 host8 sys-old[77]: su failed\n', addresses.syslogUdp)
    await send('<999>bad', addresses.syslogUdp)
    await send('no priority', addresses.syslogUdp)
    const [first] = await rows<{ body: string; severity: number; value: string; pid: string }>(
      `SELECT Body AS body, SeverityNumber AS severity, LogAttributes['ex@1.a'] AS value,
       ResourceAttributes['process.pid'] AS pid FROM otel_logs WHERE ServiceName = 'sys-app'`,
    )
    expect(first).toEqual({ body: 'hello', severity: 10, value: 'b"c', pid: '4242' })
    const [second] = await rows<{ body: string; at: string; host: string }>(
      `SELECT Body AS body, formatDateTime(Timestamp, '%m-%d %H:%i:%S') AS at,
       ResourceAttributes['host.name'] AS host FROM otel_logs WHERE ServiceName = 'sys-old'`,
    )
    expect(second).toEqual({ body: 'su failed', at: '11-21 01:13:29', host: 'host8' })
    await whenCounted({
      'wayward_refused_messages_total{receiver="syslog_udp",reason="priority"}': 2,
    })
  })

  test('takes counted and ended messages over TCP, in pieces, and ends what is too long', async () => {
    const connection = createConnection(portOf(addresses.syslogTcp), '127.0.0.1')
    await once(connection, 'connect')
    const counted = '<14>1 - - tcp-app - - - counted\nwith a line'
    const bytes = Buffer.from(
      `${Buffer.byteLength(counted)} ${counted}<14>1 - - tcp-app - - - ended\r\n<14>1 - - tcp-app - - - last`,
    )
    for (const byte of bytes) connection.write(Buffer.from([byte]))
    connection.end()
    await once(connection, 'close')
    const found = await rows<{ body: string }>(
      "SELECT Body AS body FROM otel_logs WHERE ServiceName = 'tcp-app' ORDER BY body",
    )
    expect(found.map(({ body }) => body)).toEqual(['counted\nwith a line', 'ended', 'last'])
    const hostile = createConnection(portOf(addresses.syslogTcp), '127.0.0.1')
    hostile.on('error', () => undefined)
    hostile.write('9999999 <14>x')
    await once(hostile, 'close')
    await whenCounted({
      'wayward_refused_messages_total{receiver="syslog_tcp",reason="too_large"}': 1,
    })
  })
})
