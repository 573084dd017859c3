// What Metlog costs: a call of the client, a datagram at the receiver with what the kernel lost,
// and a message in the router.
import { createMetlogClient, createUdpSender } from '@wayward/metlog'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createOtlpBatch } from '@wayward/metlog/wire'
import { encode, exportLogsRequest } from '@wayward/otlp'
import { systemTime } from '@wayward/base'
import { createRouter } from '@wayward/collector/router/router'
import type { ExportRequest } from '@wayward/collector/consumer'
import { createTelemetry } from '@wayward/collector/telemetry/telemetry'
import type { Bench, Figure } from './bench.ts'
import { readMetrics, root, startService, whenEnded } from './load/service.ts'

interface Sizes {
  readonly calls: number
  readonly requests: number
  readonly messages: number
  /** Of datagrams at the receiver. */
  readonly seconds: number
}

const sizes: Readonly<Record<'tiny' | 'full', Sizes>> = {
  tiny: { calls: 2_000, requests: 2, messages: 100, seconds: 1 },
  full: { calls: 140_000, requests: 60, messages: 4_000, seconds: 20 },
}

export const metlogBench: Bench = {
  name: 'metlog',
  async run(size) {
    const { calls, messages, requests, seconds } = sizes[size]
    return [
      ...(await clientFigures(calls)),
      ...(await routerFigures(requests, messages)),
      ...(await receiverFigures(seconds)),
    ]
  },
}

/** A counter, to a socket of UDP that somebody listens to. */
async function clientFigures(calls: number): Promise<Figure[]> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  const client = createMetlogClient({
    logger: 'bench',
    sender: createUdpSender({ port }),
    severity: 6,
    disabledTimers: ['off'],
  })
  const off = createMetlogClient({ logger: 'bench' })
  const figures: Figure[] = []
  const measure = async (name: string, work: () => void): Promise<void> => {
    const times: number[] = []
    for (let round = 0; round < 7; round++) {
      const each = Math.ceil(calls / 70)
      let spentNs = 0
      for (let turn = 0; turn < 10; turn++) {
        const before = process.cpuUsage()
        for (let index = 0; index < each; index++) work()
        const { system, user } = process.cpuUsage(before)
        spentNs += (system + user) * 1_000
        // What was queued goes out between the turns.
        await sleep(1)
      }
      times.push(spentNs / (each * 10))
    }
    figures.push({ name, value: times.toSorted((a, b) => a - b)[3] ?? Number.NaN, unit: 'ns' })
  }
  await measure('incr, to the queue of the UDP socket', () => client.incr('hits'))
  await measure('incr, sampled out', () => client.incr('hits', 1, { rate: 1e-12 }))
  await measure('incr, no sender', () => off.incr('hits'))
  await measure('timerSend, disabled', () => client.timerSend('off', 3))
  await client.close()
  await off.close()
  socket.close()
  return figures
}

const rules = [
  { when: 'type == "a"', drop: true },
  { when: 'service == "none"', to: ['clickhouse'] },
  { when: 'severity >= 21', to: ['clickhouse'] },
  { when: 'attributes["user"] == "nobody"', drop: true },
  { when: 'body.startsWith("GET /healthz")', drop: true },
  { when: 'resource["host.name"] == "h9"', to: ['clickhouse'] },
  { when: 'name == "x" && service != "y"', drop: true },
  { when: 'body.contains("teapot")', drop: true },
  { when: 'body.matches("^unlikely [0-9]+$")', drop: true },
  { to: ['clickhouse'] },
]

/** Requests of log records through ten rules, of which the last is met, before nothing. */
async function routerFigures(requests: number, messages: number): Promise<Figure[]> {
  const { sender } = {
    sender: { receiver: 'otlp_http', address: '', agent: '', identity: '' },
  } as const
  const accepted = { status: 'accepted', acceptedItems: 1, rejectedItems: 0, message: '' } as const
  const consumer = {
    consume: () => Promise.resolve(accepted),
    consumeTogether: () => Promise.resolve(accepted),
    whenInserted: () => Promise.resolve(),
  }
  const logger = { info() {}, warn() {}, error() {} }
  const parts = { consumer, logger, time: systemTime, folder: '', telemetry: createTelemetry() }
  const router = createRouter({ rules }, parts)
  const request = toRequest(messages)
  const times: number[] = []
  for (let index = 0; index < requests; index++) {
    const before = process.cpuUsage()
    await router.consume({ ...request, sender })
    const { system, user } = process.cpuUsage(before)
    times.push(((user + system) * 1000) / messages)
  }
  const ns = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
  return [
    { name: 'router, a message of 250 bytes through 10 rules', value: ns, unit: 'ns' },
    { name: 'router, messages of 250 bytes through 10 rules', value: 1e9 / ns, unit: 'messages/s' },
  ]
}

function toRequest(messages: number): Pick<ExportRequest, 'signal' | 'encoding' | 'body'> {
  const batch = createOtlpBatch()
  const timeNs = BigInt(Date.now()) * 1_000_000n
  for (let index = 0; index < messages; index++) {
    const fields = { user: `u${index % 100}`, path: `/cart/${index}`, took: index % 37 }
    const payload = `GET /cart/${index} answered 200 to somebody who wanted to know ${'x'.repeat(40)}`
    const message = { type: 'wsgi', logger: 'shop', severity: 6, payload, fields, hostname: 'h1' }
    batch.add({ ...message, pid: 1, uuid: '', timeNs }, timeNs)
  }
  const body = encode(exportLogsRequest, batch.toLogs() ?? {})
  return { signal: 'logs', encoding: 'protobuf', body }
}

/** Datagrams to `wayward serve` in a process of its own, from `wayward bench metlog` in another. */
async function receiverFigures(seconds: number): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'metlog-bench-'))
  const port = await freeUdpPort()
  const address = `127.0.0.1:${port}`
  const service = await startService(folder, ['--metlog-udp', address])
  try {
    const command = join(root, 'cli', 'dist', 'main.js')
    const flags = ['--address', address, '--rate', '100000', '--for', `${seconds}s`]
    const child = spawn(process.execPath, [command, 'bench', 'metlog', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const before = await readMetrics(service.endpoints)
    const cpuBefore = before.get('process_cpu_seconds_total') ?? 0
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    let highest = 0
    const watch = setInterval(() => {
      highest = Math.max(highest, residentBytes(service.endpoints.pid))
    }, 250)
    await whenEnded(child)
    clearInterval(watch)
    await sleep(1_500)
    const metrics = await readMetrics(service.endpoints)
    const cpu = (metrics.get('process_cpu_seconds_total') ?? 0) - cpuBefore
    const taken = metrics.get('wayward_messages_total{receiver="metlog_udp"}') ?? 0
    const refused = [...metrics]
      .filter(([name]) => name.startsWith('wayward_refused_messages_total{receiver="metlog_udp"'))
      .reduce((sum, [, value]) => sum + value, 0)
    const sent = Number(/Sent (\d+)/.exec(said)?.[1] ?? Number.NaN)
    return [
      { name: 'receiver, datagrams of 250 bytes sent', value: sent / seconds, unit: '1/s' },
      {
        name: 'receiver, processor time of the collector for one',
        value: (cpu / taken) * 1e9,
        unit: 'ns',
      },
      { name: 'receiver, taken', value: taken / seconds, unit: '1/s' },
      { name: 'receiver, lost and told', value: refused / seconds, unit: '1/s' },
      {
        name: 'receiver, lost and not told',
        value: (sent - taken - refused) / seconds,
        unit: '1/s',
      },
      { name: 'collector, resident memory, highest', value: highest / 2 ** 20, unit: 'MiB' },
    ]
  } finally {
    await service.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
}

function residentBytes(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1] ?? 0) * 4_096
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}
