// Goal: what the original of 2013 sends arrives and is stored right, and it reads what our client
// sends. Method: metlog-py 0.10 itself under Python 2.7, with its senders over UDP and ZeroMQ, and
// a collector on a real engine. Skipped, with a word, where there is no Python 2.7.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemTime } from '@wayward/base'
import {
  type Collector,
  type CollectorAddresses,
  createCollector,
  defaultCollectorLimits,
} from '@wayward/collector'
import { createMetlogClient, createUdpSender } from '@wayward/metlog'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryJournal, whenDrained } from '../../collector/test-service.ts'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'

const folder = mkdtempSync(join(tmpdir(), 'metlog-py-'))
const library = join(folder, 'lib')
// Where pyenv keeps several Pythons, it is told which.
const env = { ...process.env, PYENV_VERSION: '2.7.18' }
const python = 'python2.7'

function installs(): boolean {
  const packages = ['metlog-py==0.10.0', 'pyzmq==19.0.2']
  const options = ['-q', '--disable-pip-version-check', '--target', library]
  const { error, status, stderr } = spawnSync(
    python,
    ['-m', 'pip', 'install', ...options, ...packages],
    {
      env,
      encoding: 'utf8',
      timeout: 120_000,
    },
  )
  if (status === 0) return true
  console.warn(`Skipped: metlog-py cannot be installed for ${python}: ${error?.message ?? stderr}`)
  return false
}

const isThere = installs()
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const anyPort = { host: '127.0.0.1', port: 0 }

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.skipIf(!isThere)('metlog-py', () => {
  let engine: TestEngine
  let collector: Collector
  let addresses: CollectorAddresses

  beforeAll(async () => {
    engine = await startTestStore()
    collector = createCollector(
      {
        otlpGrpc: anyPort,
        otlpHttp: anyPort,
        api: anyPort,
        journal: memoryJournal,
        limits: defaultCollectorLimits,
        messages: {
          addresses: { metlogUdp: anyPort, metlogZmqSub: anyPort, metlogZmqHandshake: anyPort },
          isHttpServed: false,
        },
      },
      {
        store: engine.writer,
        storeIsReady: Promise.resolve(),
        logger: { info() {}, warn() {}, error() {} },
        time: systemTime,
      },
    )
    addresses = await collector.start()
  }, 60_000)
  afterAll(async () => {
    await collector?.shutdown(5_000)
    await engine?.shutdown()
  })

  const hostOf = (address: string | undefined): string => (address ?? '').replace(/^\w+:\/\//, '')

  test.each(['udp', 'zmq', 'handshake'] as const)(
    'sends over %s what is stored as it was',
    async (kind) => {
      const to = {
        udp: [hostOf(addresses.metlogUdp)],
        zmq: [hostOf(addresses.metlogZmqSub)],
        handshake: [hostOf(addresses.metlogZmqHandshake), hostOf(addresses.metlogZmqSub)],
      }[kind]
      const child = spawn(python, [script('send.py'), library, kind, ...to], {
        env,
        stdio: 'inherit',
      })
      expect(await once(child, 'exit')).toEqual([0, null])
      const logger = `original-${kind}`
      const ask = async <Row>(sql: string): Promise<readonly Row[]> => {
        await whenDrained(addresses.api)
        return await engine.reader.query<Row>(sql)
      }
      const logs = `SELECT EventName AS event, Body AS body, SeverityNumber AS severity, LogAttributes['userid'] AS user FROM otel_logs WHERE ServiceName = '${logger}' AND EventName != 'warm-up' ORDER BY Timestamp`
      await expect.poll(() => ask(logs), { timeout: 10_000 }).toHaveLength(4)
      const found = await ask<{ event: string; body: string; severity: number; user: string }>(logs)
      expect(found.slice(0, 3)).toEqual([
        { event: 'services', body: 'föö', severity: 9, user: '25' },
        { event: '', body: 'bad thing', severity: 17, user: '' },
        { event: '', body: 'worse', severity: 18, user: '' },
      ])
      // Its `exception` has severity 1, ALERT.
      expect(found[3]).toMatchObject({ severity: 19 })
      expect(found[3]?.body).toMatch(/^caught\nTraceback[^]*KeyError: 'no such key'/)
      const sums = await ask<{ hits: number }>(
        `SELECT sum(Value) AS hits FROM otel_metrics_sum WHERE ServiceName = '${logger}' AND MetricName = 'hits'`,
      )
      expect(sums).toEqual([{ hits: 5 }])
      const times = await ask<{ name: string; count: number; sum: number }>(
        `SELECT MetricName AS name, toUInt32(sum(Count)) AS count, sum(Sum) AS sum FROM otel_metrics_histogram WHERE ServiceName = '${logger}' GROUP BY name ORDER BY name`,
      )
      expect(times).toMatchObject([
        { name: 'block', count: 1 },
        { name: 'db', count: 1, sum: 17 },
      ])
      expect(times[0]?.sum).toBeGreaterThanOrEqual(10)
    },
    60_000,
  )

  test('reads what our client sends, filters it and hands it on', async () => {
    const child = spawn(python, [script('receive.py'), library], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    const port = await new Promise<number>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (/^\d+\n/.test(said)) resolve(Number.parseInt(said, 10))
      })
    })
    const client = createMetlogClient({ logger: 'ours', sender: createUdpSender({ port }) })
    client.error('no %s', 'card')
    client.debug('too low')
    client.incr('hits', 3, { fields: { country: 'dé' } })
    client.timerSend('db', 17)
    client.metlog('services', { payload: 'föö', fields: { deep: { a: [1, null] } }, severity: 5 })
    client.metlog('unwanted', { payload: 'x' })
    client.metlog('end', { payload: '' })
    await client.close()
    await once(child, 'exit')
    const { messages, records } = JSON.parse(said.slice(said.indexOf('\n') + 1)) as {
      messages: [Readonly<Record<string, unknown>>, boolean][]
      records: [string, string][]
    }
    expect(messages.map(([{ payload, type }, passes]) => [type, payload, passes])).toEqual([
      ['oldstyle', 'no card', true],
      ['oldstyle', 'too low', false],
      ['counter', '3', true],
      ['timer', '17', true],
      ['services', 'föö', true],
      ['unwanted', 'x', false],
    ])
    expect(Object.keys(messages[0]?.[0] ?? {}).toSorted()).toEqual([
      'env_version',
      'fields',
      'logger',
      'metlog_hostname',
      'metlog_pid',
      'payload',
      'severity',
      'timestamp',
      'type',
    ])
    expect(records[0]).toEqual(['ERROR', 'no card'])
    expect(JSON.parse(records[3]?.[1] ?? '')).toMatchObject({ fields: { deep: { a: [1, null] } } })
  }, 30_000)
})
