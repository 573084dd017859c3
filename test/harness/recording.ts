// What processes reported, written short: the input of golden tests. Times are milliseconds from
// 2026-11-21T06:00:00Z.
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_START_TIME,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
} from '@wayward/semconv'

type Attributes = Readonly<Record<string, string>>

/** A span, or a row of them. `{i}` in an attribute is the number within the row, from 0. */
interface RecordedSpan {
  /** `wayward.kind`; absent for a span of somebody else's. */
  readonly kind?: string
  readonly at: number
  readonly for: number
  readonly sequence?: number
  /** Spans of one number are of one trace. @default a trace of its own */
  readonly trace?: number
  /** @default the kind */
  readonly name?: string
  /** As the stock exporter writes it. @default none */
  readonly spanKind?: 'Client' | 'Server'
  readonly attributes?: Attributes
  readonly repeat?: number
  /** From one start to the next in a row. */
  readonly every?: number
  /** How much longer each is than the one before. */
  readonly longer?: number
}

/** An operation that was still open when it was last reported. */
interface RecordedOperation {
  readonly kind: string
  readonly since: number
  readonly seen: number
  /** When its end was told, if it was. */
  readonly ended?: number
  readonly sequence: number
  readonly attributes: Attributes
}

/** One process. */
export interface RecordedProcess {
  readonly resource: Attributes
  readonly spans: readonly RecordedSpan[]
  readonly open?: readonly RecordedOperation[]
}

/** Rows of the stock tables. */
export interface RecordedRows {
  readonly traces: readonly object[]
  readonly logs: readonly object[]
}

const startNs = 1_795_240_800_000_000_000n

/** What a stock ClickHouse exporter would have written. */
export function toRows(processes: readonly RecordedProcess[]): RecordedRows {
  const traces: object[] = []
  const logs: object[] = []
  for (const { resource, spans, open = [] } of processes) {
    const identity = { ServiceName: resource['service.name'] ?? '', ResourceAttributes: resource }
    for (const span of spans) {
      for (let i = 0; i < (span.repeat ?? 1); i++) {
        traces.push({ ...identity, ...toSpanRow(span, i, traces.length + 1) })
      }
    }
    for (const operation of open) {
      logs.push({
        ...identity,
        ...toLogRow(operation, EVENT_WAYWARD_OPERATION_OPEN, operation.seen),
      })
      const { ended } = operation
      if (ended === undefined) continue
      logs.push({ ...identity, ...toLogRow(operation, EVENT_WAYWARD_OPERATION_ENDED, ended) })
    }
  }
  return { traces, logs }
}

function toSpanRow(span: RecordedSpan, i: number, number: number): object {
  const attributes = Object.fromEntries(
    Object.entries(span.attributes ?? {}).map(([key, value]) => [
      key,
      value.replaceAll('{i}', String(i)),
    ]),
  )
  return {
    Timestamp: toSeconds(span.at + i * (span.every ?? 0)),
    Duration: toNs(span.for + i * (span.longer ?? 0)).toString(),
    TraceId: (span.trace ?? number).toString(16).padStart(32, '0'),
    SpanId: number.toString(16).padStart(16, '0'),
    SpanName: span.name ?? span.kind ?? 'GET /cart',
    ...(span.spanKind === undefined ? {} : { SpanKind: span.spanKind }),
    SpanAttributes: {
      ...attributes,
      ...(span.kind === undefined
        ? {}
        : {
            [ATTR_WAYWARD_KIND]: span.kind,
            [ATTR_WAYWARD_EVENT_SEQUENCE]: String((span.sequence ?? 1) + i),
          }),
    },
  }
}

function toLogRow(operation: RecordedOperation, eventName: string, at: number): object {
  return {
    Timestamp: toSeconds(at),
    EventName: eventName,
    LogAttributes: {
      ...operation.attributes,
      [ATTR_WAYWARD_KIND]: operation.kind,
      [ATTR_WAYWARD_OPERATION_SEQUENCE]: String(operation.sequence),
      [ATTR_WAYWARD_OPERATION_START_TIME]: new Date(
        Date.UTC(2026, 10, 21, 6) + operation.since,
      ).toISOString(),
      [ATTR_WAYWARD_OPERATION_AGE]: toNs(at - operation.since).toString(),
    },
  }
}

/** The moment that many milliseconds after the start, in nanoseconds since 1970. */
export function toMoment(ms: number): bigint {
  return startNs + toNs(ms)
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * 1e6))
}

function toSeconds(ms: number): string {
  const digits = toMoment(ms).toString()
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
