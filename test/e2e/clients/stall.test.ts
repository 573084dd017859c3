// ClickHouse takes nothing for 20 s, and for the last 2 of them the journal is full: every exporter
// with its defaults must bridge that. Exporters give up 10 s after their first try. Go's wait the
// longer of what they are told and of 2.5 to 7.5 s by chance, and then up to 11 s, so 2 s is what
// they bridge for sure.
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { type Store } from '@wayward/clickhouse'
import type { CollectorAddresses } from '@wayward/collector'
import { ATTR_SERVICE_NAME } from '@wayward/semconv'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeExportRequest } from '../../bench/load/export-request.ts'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { memoryJournal, startCollector, whenDrained } from '../../collector/test-service.ts'

const stallMs = 20_000
const fullAfterMs = 18_000
const sendSeconds = 24
const journalBytes = 4 * 1024 * 1024

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

test('exporters with their defaults lose nothing through a stall', async () => {
  let resume = (): void => undefined
  const stalled = new Promise<void>((resolve) => (resume = resolve))
  const store: Pick<Store, 'insertNative' | 'ping'> = {
    ping: () => engine.writer.ping(),
    insertNative: async (...values) => {
      await stalled
      return await engine.writer.insertNative(...values)
    },
  }
  const { collector, addresses } = await startCollector(
    store,
    {},
    { journal: { ...memoryJournal, bytesMax: journalBytes } },
  )
  const senders = [sendWithNode(addresses), run('python3', pythonArguments(addresses))]
  senders.push(run('go', ['run', './otlp', ...clientArguments(addresses, 'stall')], 'go'))
  await sleep(fullAfterMs)
  await fillJournal(addresses)
  await sleep(stallMs - fullAfterMs)
  resume()
  const made = (await Promise.all(senders)).flat()
  await whenDrained(addresses.api)
  const rows = await engine.reader.query<{ service: string; spans: string }>(
    `SELECT ServiceName AS service, count() AS spans FROM otel_traces
     WHERE ServiceName LIKE 'stall-%' GROUP BY ServiceName ORDER BY ServiceName`,
  )
  const stored = rows.map(({ service, spans }) => `${service} ${spans}`)
  await collector.shutdown(5_000)
  expect(made.length).toBeGreaterThanOrEqual(2)
  expect(stored).toEqual(made.toSorted())
}, 90_000)

function clientArguments({ otlpGrpc, otlpHttp }: CollectorAddresses, ...more: string[]): string[] {
  return [otlpGrpc, otlpHttp, ...more, String(sendSeconds)]
}

function pythonArguments(addresses: CollectorAddresses): string[] {
  return [fileURLToPath(new URL('python-stall.py', import.meta.url)), ...clientArguments(addresses)]
}

/**
 * @returns lines of a service and the number of its spans; none, and a reason on the screen, where
 * the language is missing
 */
function run(command: string, args: readonly string[], folder?: string): Promise<string[]> {
  return new Promise((resolve) => {
    const cwd = fileURLToPath(new URL(folder ?? '.', import.meta.url))
    const env = { ...process.env, GOPROXY: 'off', GOFLAGS: '-mod=readonly', GOTOOLCHAIN: 'local' }
    const child = spawn(command, args, { cwd, env })
    let output = ''
    let errors = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const skip = (reason: string): void => {
      process.stderr.write(`Left out ${command} in the stall: ${reason.slice(-300)}\n`)
      resolve([])
    }
    child.on('error', (error) => skip(error.message))
    child.on('close', () => {
      const lines = output.match(/^stall-.*$/gm) ?? []
      if (lines.length === 0) skip(errors)
      else resolve(lines)
    })
  })
}

/** Over HTTP only: JavaScript's exporter over gRPC sends once, whatever it is answered. */
async function sendWithNode({ otlpHttp }: CollectorAddresses): Promise<string[]> {
  const url = `http://${otlpHttp}/v1/traces`
  const exporters: Readonly<Record<string, SpanExporter>> = {
    'stall-node-json': new JsonTraceExporter({ url }),
    'stall-node-http': new ProtobufTraceExporter({ url }),
  }
  return await Promise.all(
    Object.entries(exporters).map(async ([service, exporter]) => {
      const provider = new BasicTracerProvider({
        resource: resourceFromAttributes({ [ATTR_SERVICE_NAME]: service }),
        spanProcessors: [new BatchSpanProcessor(exporter)],
      })
      const tracer = provider.getTracer('node-stall')
      const endMs = performance.now() + sendSeconds * 1_000
      let spans = 0
      for (; performance.now() < endMs; spans++) {
        tracer.startSpan(`work ${spans}`).end()
        await sleep(20)
      }
      await provider.shutdown()
      return `${service} ${spans}`
    }),
  )
}

/** Sends until nothing more is taken: large requests first, then small ones for what is left. */
async function fillJournal({ otlpHttp }: CollectorAddresses): Promise<void> {
  for (const spans of [1_000, 100, 10, 1]) {
    for (;;) {
      const body = Buffer.from(encodeExportRequest(spans, Date.now()))
      const headers = { 'content-type': 'application/x-protobuf' }
      const answer = await fetch(`http://${otlpHttp}/v1/traces`, { method: 'POST', headers, body })
      await answer.arrayBuffer()
      if (answer.status === 429) break
    }
  }
}
