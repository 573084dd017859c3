// Messages of Metlog, written short, as rows of the stock tables: by the same table of types as the
// receivers have. Times are milliseconds from 2026-11-21T06:00:00Z.
import { createOtlpBatch } from '@wayward/metlog/wire'

/** A message, or a row of them. */
export interface RecordedMessage {
  readonly type: string
  readonly at: number
  /** @default 'shop' */
  readonly logger?: string
  /** @default 6 */
  readonly severity?: number
  readonly payload?: string
  readonly fields?: Readonly<Record<string, unknown>>
  readonly repeat?: number
  /** From one to the next in a row. */
  readonly every?: number
}

/** Rows by their tables. */
export type MessageRows = Readonly<Record<string, readonly object[]>>

const startNs = 1_795_240_800_000_000_000n

/** What the receivers would have stored. */
export function toMessageRows(messages: readonly RecordedMessage[]): MessageRows {
  const batch = createOtlpBatch()
  for (const { at, every = 0, fields = {}, logger = 'shop', payload = '', ...one } of messages) {
    for (let index = 0; index < (one.repeat ?? 1); index++) {
      const timeNs = startNs + BigInt(Math.round((at + index * every) * 1e6))
      const { severity = 6, type } = one
      const who = { logger, pid: 42, hostname: 'box', uuid: '' }
      const wrong = batch.add({ ...who, type, severity, payload, fields, timeNs }, timeNs)
      if (wrong !== undefined) throw new Error(wrong.message)
    }
  }
  return { otel_logs: toLogRows(batch.toLogs()), ...toMetricRows(batch.toMetrics()) }
}

type Batch = ReturnType<typeof createOtlpBatch>

function toLogRows(request: ReturnType<Batch['toLogs']>): readonly object[] {
  return (request?.resourceLogs ?? []).flatMap(({ resource, scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords, scope }) =>
      logRecords.map((record) => ({
        ...toSource(resource.attributes, scope.name),
        Timestamp: toSeconds(record.timeUnixNano),
        SeverityNumber: record.severityNumber,
        SeverityText: record.severityText,
        Body: String(Object.values(record.body)[0]),
        EventName: record.eventName ?? '',
        LogAttributes: toMap(record.attributes),
      })),
    ),
  )
}

function toMetricRows(request: ReturnType<Batch['toMetrics']>): MessageRows {
  const sums: object[] = []
  const gauges: object[] = []
  const histograms: object[] = []
  for (const { resource, scopeMetrics } of request?.resourceMetrics ?? []) {
    for (const { metrics, scope } of scopeMetrics) {
      for (const { gauge, histogram, name, sum, unit = '' } of metrics) {
        const head = {
          ...toSource(resource.attributes, scope.name),
          MetricName: name,
          MetricUnit: unit,
        }
        for (const point of sum?.dataPoints ?? []) {
          const Value = point.asInt ?? point.asDouble
          sums.push({ ...head, ...toPoint(point), Value, AggregationTemporality: 1 })
        }
        for (const point of gauge?.dataPoints ?? []) {
          gauges.push({ ...head, ...toPoint(point), Value: point.asDouble })
        }
        for (const point of histogram?.dataPoints ?? []) {
          histograms.push({
            ...head,
            ...toPoint(point),
            Count: point.count,
            Sum: point.sum,
            Min: point.min,
            Max: point.max,
            BucketCounts: point.bucketCounts,
            ExplicitBounds: point.explicitBounds,
            AggregationTemporality: 1,
          })
        }
      }
    }
  }
  return { otel_metrics_sum: sums, otel_metrics_gauge: gauges, otel_metrics_histogram: histograms }
}

type KeyValues = readonly { readonly key: string; readonly value: object }[]

function toSource(attributes: KeyValues, scope: string): object {
  const resource = toMap(attributes)
  return {
    ServiceName: resource['service.name'] ?? '',
    ResourceAttributes: resource,
    ScopeName: scope,
  }
}

function toPoint(point: {
  readonly startTimeUnixNano?: bigint
  readonly timeUnixNano: bigint
  readonly attributes: KeyValues
}): object {
  return {
    StartTimeUnix: toSeconds(point.startTimeUnixNano ?? 0n),
    TimeUnix: toSeconds(point.timeUnixNano),
    Attributes: toMap(point.attributes),
  }
}

function toMap(attributes: KeyValues): Record<string, string> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]),
  )
}

function toSeconds(ns: bigint): string {
  const digits = ns.toString().padStart(19, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
