// The process that sends: `node generator.js '<LoadPlan as JSON>'` prints a LoadResult as JSON. In
// a process of its own, so that its CPU time is not the collector's, and cheap: the requests are
// encoded before the start and only stamped with new ids (stamped-body.ts).
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createExportClient, frameMessage } from './export-client.ts'
import { encodeExportRequest } from './export-request.ts'
import { encodeLogsRequest, encodeMetricsRequest } from './other-requests.ts'
import { createStampedBody, type StampedBody } from './stamped-body.ts'

export interface LoadPlan {
  /** `host:port` of OTLP/gRPC. */
  readonly target: string
  /** Default: traces. */
  readonly signal?: 'traces' | 'logs' | 'metrics'
  readonly connections: number
  /** Requests at the same time per connection; with a rate, the most. */
  readonly concurrency: number
  readonly requests: number
  /** Spans, log records or data points. */
  readonly spansPerRequest: number
  /**
   * Requests that start in each second, whether or not earlier ones were answered; absent: as fast
   * as answers come.
   */
  readonly requestsPerSecond?: number
  /** Services that report in turns; default 1. */
  readonly services?: number
  /** Attributes of each span; default 8. */
  readonly attributes?: number
}

export interface LoadResult {
  readonly spans: number
  readonly bytesPerSpan: number
  readonly seconds: number
  /** The same with the time that the process took to start and to encode. */
  readonly totalSeconds: number
  /**
   * Answers "try again" because the collector was overloaded or away; each request was then sent
   * again.
   */
  readonly retries: number
  /** Statuses that may not be tried again; such requests are lost. */
  readonly failures: readonly string[]
  /**
   * From the time at which a request should have started to its acknowledgement, retries included.
   */
  readonly ackMs: Quantiles
  readonly cpuSeconds: number
  /** Cut to tenths of the run, for seeing changes: median and 99 %. */
  readonly ackMsOverTime: readonly Quantiles[]
}

export interface Quantiles {
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

const paths = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
}
/**
 * What OTLP allows to retry: CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED,
 * OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS.
 */
const retryable = new Set([1, 4, 8, 10, 11, 14, 15])
/**
 * As OpenTelemetry's exporters wait, but starting earlier, so that a short run sees the end of an
 * outage.
 */
const backoffFirstMs = { initial: 200, factor: 1.5, max: 5000 }
const distinctShapes = 8

/** Runs the plan. */
async function generate(plan: LoadPlan): Promise<LoadResult> {
  const { signal = 'traces' } = plan
  const bodies = createBodies(plan)
  const bytesPerSpan = (bodies[0]?.bytes.length ?? 0) / plan.spansPerRequest
  const clients = Array.from({ length: plan.connections }, () => createExportClient(plan.target))
  const counts = { retries: 0, failures: new Map<string, number>() }
  const acks: Ack[] = []
  const startMs = performance.now()
  const cpuBefore = process.cpuUsage()
  await schedule(plan, startMs, bodies, async (number, body, dueMs) => {
    const client = clients[number % clients.length]
    if (client === undefined) return
    let backoffMs = backoffFirstMs.initial
    for (;;) {
      const { code, retryAfterMs } = await client.send(paths[signal], body)
      if (code === 0) break
      if (!retryable.has(code)) {
        const failure = `status ${code}`
        counts.failures.set(failure, (counts.failures.get(failure) ?? 0) + 1)
        return
      }
      counts.retries++
      await sleep(retryAfterMs ?? backoffMs * (0.8 + Math.random() * 0.4))
      backoffMs = Math.min(backoffMs * backoffFirstMs.factor, backoffFirstMs.max)
    }
    const now = performance.now()
    acks.push({ atMs: now - startMs, ms: now - dueMs })
  })
  const seconds = (performance.now() - startMs) / 1000
  const cpu = process.cpuUsage(cpuBefore)
  for (const client of clients) client.close()
  return {
    spans: acks.length * plan.spansPerRequest,
    bytesPerSpan,
    seconds,
    totalSeconds: performance.now() / 1000,
    retries: counts.retries,
    failures: Array.from(counts.failures, ([what, times]) => `${times} x ${what}`),
    ackMs: quantiles(acks),
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    ackMsOverTime: tenths(acks, seconds * 1000),
  }
}

interface Ack {
  readonly atMs: number
  readonly ms: number
}

/** One body for each request that can be under way; requests are stamped copies of a few shapes. */
function createBodies(plan: LoadPlan): StampedBody[] {
  const { signal = 'traces', spansPerRequest, services = 1, attributes = 8 } = plan
  const seed = randomBytes(4).readUInt32LE()
  const shapes = Math.max(distinctShapes, services)
  const encoded = Array.from({ length: shapes }, (_, index) => {
    const startMs = Date.now() - 60_000 + index
    if (signal === 'logs') return encodeLogsRequest(spansPerRequest, startMs)
    if (signal === 'metrics') return encodeMetricsRequest(spansPerRequest, startMs)
    const service = index % services === 0 ? 'shop' : `shop-${index % services}`
    return encodeExportRequest(spansPerRequest, startMs, { service, attributes })
  })
  const most = Math.max(plan.connections * plan.concurrency, shapes)
  return Array.from({ length: Math.min(most, Math.max(plan.requests, 1)) }, (_, index) =>
    createStampedBody(frameMessage(encoded[index % shapes] ?? Buffer.alloc(0)), seed),
  )
}

/** Starts the plan's requests: at their times, or each when a body is free. */
async function schedule(
  plan: LoadPlan,
  startMs: number,
  bodies: readonly StampedBody[],
  send: (number: number, body: Buffer, dueMs: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const work = async (body: StampedBody): Promise<void> => {
    while (next < plan.requests) {
      const number = next++
      let dueMs = performance.now()
      if (plan.requestsPerSecond !== undefined) {
        dueMs = startMs + (number * 1000) / plan.requestsPerSecond
        const aheadMs = dueMs - performance.now()
        if (aheadMs > 0) await sleep(aheadMs)
      }
      body.stamp(number)
      await send(number, body.bytes, dueMs)
    }
  }
  await Promise.all(bodies.map((body) => work(body)))
}

function tenths(acks: readonly Ack[], totalMs: number): Quantiles[] {
  return Array.from({ length: 10 }, (_, tenth) => {
    const from = (totalMs * tenth) / 10
    return quantiles(acks.filter(({ atMs }) => atMs >= from && atMs < from + totalMs / 10))
  })
}

function quantiles(acks: readonly Ack[]): Quantiles {
  const sorted = acks.map(({ ms }) => ms).toSorted((a, b) => a - b)
  const at = (q: number): number => sorted[Math.floor((sorted.length - 1) * q)] ?? 0
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) }
}

const [plan] = process.argv.slice(2)
if (plan !== undefined && import.meta.filename === process.argv[1]) {
  process.stdout.write(JSON.stringify(await generate(JSON.parse(plan) as LoadPlan)))
}
