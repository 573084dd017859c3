// The process that sends small requests over many connections: `node small-requests.js
// '<RequestPlan as JSON>'` prints a RequestResult as JSON. A connection sends its next request when
// one of its requests is answered.
import { encodeExportRequest } from './export-request.ts'
import { createGrpcConnector, createHttpConnector, type RawConnection } from './raw-connection.ts'

export interface RequestPlan {
  readonly protocol: 'grpc' | 'http'
  /** `host:port` of the receiver. */
  readonly target: string
  readonly connections: number
  /** Requests at the same time per connection; HTTP has one. */
  readonly concurrency: number
  readonly requests: number
  /** Requests have 1 to this many spans. */
  readonly spansMax: number
}

export interface RequestResult {
  readonly spans: number
  readonly seconds: number
  /** CPU time of this process. */
  readonly cpuSeconds: number
  /** Requests that had to be sent again because the collector was overloaded. */
  readonly refused: number
  readonly failed: number
  readonly ackMs: { readonly p50: number; readonly p99: number }
}

const distinctRequests = 60
const retryHintMs = 100

async function generate(plan: RequestPlan): Promise<RequestResult> {
  const spanCounts = Array.from({ length: distinctRequests }, (_, i) => 1 + (i % plan.spansMax))
  const nowMs = Date.now() - 60_000
  const bodies = spanCounts.map((spans, index) => encodeExportRequest(spans, nowMs + index))
  const { hostname: host, port } = new URL(
    plan.target.includes('//') ? plan.target : `http://${plan.target}`,
  )
  const target = { host, port: Number(port), bodies }
  const isGrpc = plan.protocol === 'grpc'
  const connect = isGrpc ? createGrpcConnector(target) : createHttpConnector(target)
  const connections: RawConnection[] = []
  // One after another: a listener's backlog is short.
  for (let i = 0; i < plan.connections; i++) connections.push(await connect())

  const ackMs = new Float64Array(plan.requests)
  let sent = 0
  let spans = 0
  let refused = 0
  let failed = 0

  async function sendAll(connection: RawConnection): Promise<void> {
    while (sent < plan.requests) {
      const number = sent++
      const index = number % distinctRequests
      const startMs = performance.now()
      let status = await connection.send(index, number)
      while (status === 'refused') {
        refused++
        await new Promise((resolve) => setTimeout(resolve, retryHintMs))
        status = await connection.send(index, number)
      }
      ackMs[number] = performance.now() - startMs
      if (status === 'ok') spans += spanCounts[index] ?? 0
      else failed++
    }
  }

  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const concurrency = isGrpc ? plan.concurrency : 1
  await Promise.all(
    connections.flatMap((connection) =>
      Array.from({ length: concurrency }, () => sendAll(connection)),
    ),
  )
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  for (const connection of connections) connection.close()
  ackMs.sort()
  return {
    spans,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    refused,
    failed,
    ackMs: { p50: quantile(ackMs, 0.5), p99: quantile(ackMs, 0.99) },
  }
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.floor((sorted.length - 1) * q)] ?? 0
}

const [plan] = process.argv.slice(2)
if (plan !== undefined && import.meta.filename === process.argv[1]) {
  process.stdout.write(JSON.stringify(await generate(JSON.parse(plan) as RequestPlan)))
}
