import { createByteBudget, openAccess, systemTime } from '@wayward/base'
import { type CollectorLimits, defaultCollectorLimits } from '@wayward/collector'
import { createInflater } from '@wayward/collector/receivers/inflater'
import type { Receiver, ReceiverParts } from '@wayward/collector/receivers/receiver'
import { createTelemetry } from '@wayward/collector/telemetry/telemetry'
import { createRecordingConsumer, type RecordingConsumer } from './recording-consumer.ts'

/** A receiver that listens on a port of its own and delivers to a recording consumer. */
export interface ReceiverHarness {
  readonly receiver: Receiver
  readonly consumer: RecordingConsumer
  readonly parts: ReceiverParts
  readonly port: number
  /** What was noted of clients that spoke another protocol: receiver, address, message. */
  readonly mixUps: readonly string[][]
  /** The value of a metric's line, by the beginning of the line. */
  metric(line: string): number
}

export async function startReceiver(
  create: (parts: ReceiverParts) => Receiver,
  limits: Partial<CollectorLimits> = {},
  protection: Partial<Pick<ReceiverParts, 'access' | 'tls' | 'cors'>> = {},
): Promise<ReceiverHarness> {
  const allLimits = { ...defaultCollectorLimits, ...limits }
  const consumer = createRecordingConsumer()
  const mixUps: string[][] = []
  const parts: ReceiverParts = {
    consumer,
    telemetry: createTelemetry(),
    limits: allLimits,
    inflater: createInflater(allLimits.requestBytesMax, allLimits.decompressionsMax),
    requestBytes: createByteBudget(allLimits.requestBytesInFlightMax),
    access: openAccess,
    tls: undefined,
    cors: undefined,
    time: systemTime,
    mixUpLog: { note: (...noted) => mixUps.push(noted) },
    ...protection,
  }
  const receiver = create(parts)
  const { port } = await receiver.start({ host: '127.0.0.1', port: 0 })
  return {
    receiver,
    consumer,
    parts,
    mixUps,
    port,
    metric: (line) => readMetric(parts.telemetry.metrics.render(), line),
  }
}

/** The value of a line of the Prometheus text format; 0 where there is none. */
export function readMetric(text: string, line: string): number {
  const found = text.split('\n').find((one) => one.startsWith(`${line} `))
  return Number(found?.slice(line.length + 1) ?? 0)
}
