// Goal: the stock OpenTelemetry Collector as a sender loses and changes nothing, whatever its
// exporters compress with. Method: one receiver and one exporter of it for each way; the same
// requests go through each and straight to our door; the rows must be equal. The collector is the
// one of the peer bench; where that is not built, the test is skipped and says so.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as zlib from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { otelcolProgram } from '../../bench/peers/otelcol.ts'
import { startTestService, type TestService } from '../../collector/test-service.ts'

/** A receiver of the Collector and its exporter to our door. */
interface Way {
  readonly name: string
  readonly exporter: 'otlp' | 'otlphttp'
  readonly settings: Readonly<Record<string, string>>
}

const hasZstd = 'zstdDecompress' in zlib
const grpc = ['none', 'gzip', 'snappy', 'zstd']
const http = ['none', 'gzip', 'zlib', 'deflate', 'snappy', 'x-snappy-framed', 'lz4', 'zstd']
/** The Collector's defaults are gzip. Node has no Zstandard before 22.15. */
const ways: readonly Way[] = [
  { name: 'grpc-default', exporter: 'otlp' as const, settings: {} },
  { name: 'http-default', exporter: 'otlphttp' as const, settings: {} },
  { name: 'http-json', exporter: 'otlphttp' as const, settings: { encoding: 'json' } },
  ...grpc.map((compression) => way('otlp', 'grpc', compression)),
  ...http.map((compression) => way('otlphttp', 'http', compression)),
].filter(({ name }) => hasZstd || !name.endsWith('zstd'))

function way(exporter: Way['exporter'], protocol: string, compression: string): Way {
  return { name: `${protocol}-${compression}`, exporter, settings: { compression } }
}

const program = otelcolProgram()
const isBuilt = existsSync(program)
if (!isBuilt) {
  process.stderr.write('Skipped the stock Collector as a sender: npm run bench:peers builds it\n')
}
const folder = mkdtempSync(join(tmpdir(), 'wayward-otelcol-'))
let service: TestService
let collector: ChildProcess | undefined
let said = ''
const ports = new Map<string, number>()

beforeAll(async () => {
  if (!isBuilt) return
  service = await startTestService()
  for (const { name } of ways) ports.set(name, await freePort())
  const config = join(folder, 'config.yaml')
  writeFileSync(config, JSON.stringify(configuration()))
  collector = spawn(program, ['--config', config], { stdio: ['ignore', 'ignore', 'pipe'] })
  collector.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`))
})

afterAll(async () => {
  collector?.kill('SIGTERM')
  if (isBuilt) await service.shutdown()
  rmSync(folder, { recursive: true, force: true })
})

test.skipIf(!isBuilt)(
  'what the stock Collector passes on is what was sent',
  async () => {
    const { otlpHttp } = service.addresses
    await send(`http://${otlpHttp}`, 'direct')
    for (const { name } of ways) await send(`http://127.0.0.1:${ports.get(name)}`, name)
    for (const table of ['otel_traces', 'otel_logs', 'otel_metrics_sum']) {
      const wanted = await rowsOf(table, 'direct')
      expect(wanted.length, table).toBe(items)
      for (const { name } of ways) {
        await expect
          .poll(() => service.count(table, name), { timeout: 20_000, message: `${name}: ${said}` })
          .toBe(items)
        expect(await rowsOf(table, name), `${table} by ${name}`).toEqual(wanted)
      }
    }
  },
  120_000,
)

const items = 50

/** All columns; the name of the service, by which the ways differ, is made the same. */
async function rowsOf(table: string, name: string): Promise<readonly unknown[]> {
  const order = table === 'otel_metrics_sum' ? 'TimeUnix' : 'Timestamp'
  const rows = await service.query<Record<string, unknown>>(
    `SELECT * FROM {table:Identifier} WHERE ServiceName = {name:String} ORDER BY {order:Identifier}`,
    { table, name, order },
  )
  return rows.map((row) => JSON.parse(JSON.stringify(row).replaceAll(`"${name}"`, '"service"')))
}

const start = 1_767_322_800_000_000_000n

async function send(url: string, name: string): Promise<void> {
  const resource = { attributes: [attribute('service.name', { stringValue: name })] }
  const scope = { name: 'scope', version: '1.2' }
  const numbers = Array.from({ length: items }, (_, index) => index)
  const bodies = {
    traces: { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: numbers.map(span) }] }] },
    logs: { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: numbers.map(record) }] }] },
    metrics: {
      resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: [sum(numbers)] }] }],
    },
  }
  for (const [signal, body] of Object.entries(bodies)) await post(`${url}/v1/${signal}`, body)
}

/** The Collector needs a moment until it listens. */
async function post(url: string, body: object): Promise<void> {
  const headers = { 'Content-Type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  await expect
    .poll(() => fetch(url, init).then(({ status }) => status, String), {
      timeout: 20_000,
      message: said,
    })
    .toBe(200)
}

const attribute = (key: string, value: object): object => ({ key, value })
const at = (index: number): string => String(start + BigInt(index) * 1_000_001n)
const id = (index: number, length: number): string => String(index + 1).padStart(length, '0')

function span(index: number): object {
  return {
    traceId: id(index, 32),
    spanId: id(index, 16),
    parentSpanId: index % 2 === 0 ? '' : id(index - 1, 16),
    traceState: 'a=b',
    name: `work ${index} äöü 😀`,
    kind: 1 + (index % 5),
    startTimeUnixNano: at(index),
    endTimeUnixNano: at(index + 7),
    attributes: [
      attribute('text', { stringValue: 'x'.repeat(index * 20) }),
      attribute('int', { intValue: String(2n ** 60n + BigInt(index)) }),
      attribute('double', { doubleValue: -0.5 * index }),
      attribute('bool', { boolValue: index % 3 === 0 }),
      attribute('list', { arrayValue: { values: [{ stringValue: 'a' }, { intValue: '1' }] } }),
      attribute('bytes', { bytesValue: 'AAEC/w==' }),
    ],
    events: [{ timeUnixNano: at(index + 1), name: 'event', attributes: [] }],
    links: [{ traceId: id(index + 5, 32), spanId: id(index + 5, 16), traceState: '' }],
    status: { code: index % 3, message: index % 3 === 2 ? 'failed' : '' },
  }
}

function record(index: number): object {
  return {
    timeUnixNano: at(index),
    observedTimeUnixNano: at(index + 1),
    severityNumber: 1 + (index % 24),
    severityText: 'INFO',
    body: { stringValue: `line ${index}\n\n` },
    attributes: [attribute('index', { intValue: String(index) })],
    traceId: id(index, 32),
    spanId: id(index, 16),
    flags: 1,
  }
}

function sum(numbers: readonly number[]): object {
  const dataPoints = numbers.map((index) => ({
    attributes: [attribute('index', { intValue: String(index) })],
    startTimeUnixNano: at(0),
    timeUnixNano: at(index),
    asDouble: index / 7,
  }))
  const data = { dataPoints, aggregationTemporality: 2, isMonotonic: true }
  return { name: 'requests', description: 'of the test', unit: '1', sum: data }
}

function configuration(): object {
  const entries = <T>(of: (way: Way) => readonly [string, T]): Record<string, T> =>
    Object.fromEntries(ways.map(of))
  const pipeline = ({ name, exporter }: Way): object => ({
    receivers: [`otlp/${name}`],
    exporters: [`${exporter}/${name}`],
  })
  const pipelines = ['traces', 'logs', 'metrics'].flatMap((signal) =>
    ways.map((each) => [`${signal}/${each.name}`, pipeline(each)] as const),
  )
  return {
    receivers: entries(({ name }) => {
      const endpoint = `127.0.0.1:${ports.get(name)}`
      return [`otlp/${name}`, { protocols: { http: { endpoint } } }] as const
    }),
    exporters: entries(({ name, exporter, settings }) => {
      const { otlpGrpc, otlpHttp } = service.addresses
      const endpoint = exporter === 'otlp' ? otlpGrpc : `http://${otlpHttp}`
      return [`${exporter}/${name}`, { endpoint, tls: { insecure: true }, ...settings }] as const
    }),
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'warn' } },
      pipelines: Object.fromEntries(pipelines),
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
