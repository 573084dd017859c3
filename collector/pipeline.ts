import type { ConsumeOutcome, Consumer, ExportRequest, Signal } from './consumer.ts'
import type { SignalDecoder } from './decode/decoder.ts'
import type { Metrics } from './metrics.ts'
import { createSignalLane, type SignalLane } from './signal-lane.ts'
import type { WriterParts } from './writer.ts'

/** Decodes requests, collects their rows into blocks, and answers when ClickHouse has them. */
export interface Pipeline extends Consumer {
  /** Refuses new requests, inserts what it has, and has answered everybody after `deadlineMs` at the latest. */
  shutdown(deadlineMs: number): Promise<void>
}

export interface PipelineParts extends WriterParts {
  readonly decoders: Readonly<Record<Signal, SignalDecoder>>
}

const RETRY_AFTER_MS_MIN = 100
const RETRY_AFTER_MS_MAX = 30_000
const RETRY_AFTER_MS_UNKNOWN = 1_000

export function createPipeline(parts: PipelineParts): Pipeline {
  const { limits, telemetry } = parts
  const lanes: Readonly<Record<Signal, SignalLane>> = {
    traces: createSignalLane(parts.decoders.traces, parts),
    logs: createSignalLane(parts.decoders.logs, parts),
    metrics: createSignalLane(parts.decoders.metrics, parts),
  }
  let isShutDown = false
  declareGauges(telemetry.metrics, lanes)

  function bytesInFlight(): number {
    return lanes.traces.bytes + lanes.logs.bytes + lanes.metrics.bytes
  }

  /** Why a request of this size must wait, or undefined where there is room. */
  function refusal(lane: SignalLane, bytes: number): ConsumeOutcome | undefined {
    const usedBytes = bytesInFlight()
    const bytesMax = limits.blockBytesInFlightMax
    // A request of the largest size must pass while little is in flight, or it never would.
    const hasBytes = usedBytes < bytesMax / 4 || usedBytes + bytes <= bytesMax
    if (hasBytes && lane.waitingRequests < limits.waitingRequestsMax) return undefined
    const retryAfterMs = Math.round(
      lane.bytesPerMs === 0
        ? RETRY_AFTER_MS_UNKNOWN
        : Math.min(Math.max(usedBytes / lane.bytesPerMs, RETRY_AFTER_MS_MIN), RETRY_AFTER_MS_MAX),
    )
    return {
      status: 'overloaded',
      retryAfterMs,
      message: 'The collector receives faster than ClickHouse takes rows',
    }
  }

  return {
    consume({ signal, encoding, body }: ExportRequest): Promise<ConsumeOutcome> {
      if (isShutDown) {
        const retryAfterMs = RETRY_AFTER_MS_UNKNOWN
        const message = 'The collector shuts down'
        return Promise.resolve({ status: 'unavailable', retryAfterMs, message })
      }
      const lane = lanes[signal]
      const refused = refusal(lane, body.byteLength)
      return refused === undefined ? lane.consume(encoding, body) : Promise.resolve(refused)
    },

    async shutdown(deadlineMs) {
      isShutDown = true
      const signal = AbortSignal.timeout(deadlineMs)
      await Promise.all(Object.values(lanes).map((lane) => lane.drain(signal)))
    },
  }
}

function declareGauges(metrics: Metrics, lanes: Readonly<Record<Signal, SignalLane>>): void {
  const signals = Object.entries(lanes)
  metrics.gauge(
    {
      name: 'wayward_open_block_rows',
      help: 'Rows that wait for their insert to start.',
      labels: ['table'],
    },
    () =>
      signals.flatMap(([, { tables }]) =>
        tables.map(({ table, openRows }) => ({ labelValues: [table], value: openRows })),
      ),
  )
  metrics.gauge(
    {
      name: 'wayward_waiting_requests',
      help: 'Requests whose rows are not in ClickHouse yet.',
      labels: ['signal'],
    },
    () => signals.map(([name, lane]) => ({ labelValues: [name], value: lane.waitingRequests })),
  )
  metrics.gauge(
    {
      name: 'wayward_block_bytes',
      help: 'Bytes of blocks that are open, wait, or are being inserted.',
      labels: ['signal'],
    },
    () => signals.map(([name, lane]) => ({ labelValues: [name], value: lane.bytes })),
  )
}
