// The process that sends: `node generator.js '<LoadPlan as JSON>'` prints a LoadResult as JSON. In a process of its
// own, so that its CPU time is not the collector's, and cheap: the requests are encoded before the start.
import { Client, credentials } from '@grpc/grpc-js'
import { encodeExportRequest } from './export-request.ts'

export interface LoadPlan {
  /** `host:port` of OTLP/gRPC. */
  readonly target: string
  readonly connections: number
  /** Requests at the same time per connection. */
  readonly concurrency: number
  readonly requests: number
  readonly spansPerRequest: number
}

export interface LoadResult {
  readonly spans: number
  readonly bytesPerSpan: number
  readonly seconds: number
  /** Requests that had to be sent again because the collector was overloaded. */
  readonly retries: number
  readonly failures: readonly string[]
  readonly ackMs: { readonly p50: number; readonly p99: number }
}

const PATH = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const DISTINCT_REQUESTS = 24
const UNAVAILABLE = 14

async function generate(plan: LoadPlan): Promise<LoadResult> {
  const bodies = Array.from({ length: Math.min(DISTINCT_REQUESTS, plan.requests) }, (_, index) =>
    encodeExportRequest(plan.spansPerRequest, Date.now() - 60_000 + index),
  )
  const ackMs: number[] = []
  const failures: string[] = []
  let sent = 0
  let retries = 0

  async function send(client: Client): Promise<void> {
    while (sent < plan.requests) {
      const body = bodies[sent++ % bodies.length] ?? Buffer.alloc(0)
      const startMs = performance.now()
      for (;;) {
        const code = await exportOnce(client, body)
        if (code === UNAVAILABLE) {
          retries++
          await new Promise((resolve) => setTimeout(resolve, 100))
          continue
        }
        if (code !== 0) failures.push(`status ${code}`)
        break
      }
      ackMs.push(performance.now() - startMs)
    }
  }

  const clients = Array.from({ length: plan.connections }, (_, index) => {
    // Clients with the same options would share one connection.
    return new Client(plan.target, credentials.createInsecure(), { 'bench.connection': index })
  })
  await Promise.all(clients.map((client) => connected(client)))
  const startMs = performance.now()
  await Promise.all(
    clients.flatMap((client) => Array.from({ length: plan.concurrency }, () => send(client))),
  )
  const seconds = (performance.now() - startMs) / 1000
  for (const client of clients) client.close()
  const sorted = ackMs.toSorted((a, b) => a - b)
  return {
    spans: plan.requests * plan.spansPerRequest,
    bytesPerSpan: (bodies[0]?.length ?? 0) / plan.spansPerRequest,
    seconds,
    retries,
    failures: failures.slice(0, 5),
    ackMs: { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) },
  }
}

function connected(client: Client): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + 10_000, (error) => {
      if (error === undefined) resolve()
      else reject(error)
    })
  })
}

/** @returns the gRPC status code */
function exportOnce(client: Client, body: Buffer): Promise<number> {
  const asItIs = (bytes: Buffer): Buffer => bytes
  return new Promise((resolve) => {
    client.makeUnaryRequest(PATH, asItIs, asItIs, body, (error) => resolve(error?.code ?? 0))
  })
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.floor((sorted.length - 1) * q)] ?? 0
}

const [plan] = process.argv.slice(2)
if (plan !== undefined && import.meta.filename === process.argv[1]) {
  process.stdout.write(JSON.stringify(await generate(JSON.parse(plan) as LoadPlan)))
}
