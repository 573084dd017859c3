// Events of what is recorded, as OTLP log records: open operations and their ends, and losses.
import type { ProtobufWriter } from '@wayward/otlp'
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_OPERATION_END_REASON,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL,
  ATTR_WAYWARD_OPERATION_START_TIME,
  ATTR_WAYWARD_SESSION_UPTIME,
  EVENT_WAYWARD_EVENTS_DROPPED,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
} from '@wayward/semconv'
import { type RecordView, sequenceOf, textOf } from './area-reader.ts'
import { cell, recordKind } from './layout.ts'
import { AttributeKey, writeTime } from './otlp-writing.ts'
import type { RecordEncoder } from './record-encoder.ts'

const keys = {
  eventSequence: new AttributeKey(ATTR_WAYWARD_EVENT_SEQUENCE),
  eventsDroppedCount: new AttributeKey(ATTR_WAYWARD_EVENTS_DROPPED_COUNT),
  eventsDroppedFirstSequence: new AttributeKey(ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE),
  eventsDroppedLastSequence: new AttributeKey(ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE),
  eventsDroppedReason: new AttributeKey(ATTR_WAYWARD_EVENTS_DROPPED_REASON),
  eventsDroppedEndedCount: new AttributeKey(ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT),
  operationAge: new AttributeKey(ATTR_WAYWARD_OPERATION_AGE),
  operationEndReason: new AttributeKey(ATTR_WAYWARD_OPERATION_END_REASON),
  operationSequence: new AttributeKey(ATTR_WAYWARD_OPERATION_SEQUENCE),
  operationSnapshotInterval: new AttributeKey(ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL),
  operationStartTime: new AttributeKey(ATTR_WAYWARD_OPERATION_START_TIME),
  sessionUptime: new AttributeKey(ATTR_WAYWARD_SESSION_UPTIME),
} as const

/** `LogRecord` fields of opentelemetry/proto/logs/v1/logs.proto. */
const logField = {
  time: 1,
  severity: 2,
  attributes: 6,
  flags: 8,
  traceId: 9,
  spanId: 10,
  observedTime: 11,
  eventName: 12,
} as const
const severity = { info: 9, warn: 13 } as const

/** When an event happened and what is its own. */
export interface EventFacts {
  readonly seconds: number
  readonly ns: number
  readonly sequence: number
  readonly ageNs: number
  readonly uptimeNs: number
}

/** What was dropped on its way. */
export interface LossFacts {
  readonly seconds: number
  readonly ns: number
  readonly sequence: number
  readonly reason: string
  readonly count: number
  /** Those of it that would have said that something ended. */
  readonly endedCount: number
  /** Of the sequence numbers that were lost; undefined where none had one. */
  readonly firstSequence: number | undefined
  readonly lastSequence: number | undefined
}

/** An operation is open. @param intervalNs when to expect the next */
export function encodeOpen(
  encoder: RecordEncoder,
  view: RecordView,
  facts: EventFacts,
  intervalNs: number,
): Uint8Array {
  return encodeOperation(encoder, view, facts, EVENT_WAYWARD_OPERATION_OPEN, () =>
    encoder.attributes.number(keys.operationSnapshotInterval, intervalNs),
  )
}

/** What was told to be open is so no more. @param reason where that was not its own end */
export function encodeEnded(
  encoder: RecordEncoder,
  view: RecordView,
  facts: EventFacts,
  reason: string | undefined,
): Uint8Array {
  return encodeOperation(encoder, view, facts, EVENT_WAYWARD_OPERATION_ENDED, () => {
    if (reason !== undefined) encoder.attributes.text(keys.operationEndReason, reason)
  })
}

function encodeOperation(
  encoder: RecordEncoder,
  view: RecordView,
  facts: EventFacts,
  eventName: string,
  writeMore: () => void,
): Uint8Array {
  const { cells, at } = view
  const kind = (cells[at * 2 + cell.state] as number) & 0xff
  const writer = beginRecord(encoder, facts, severity.info)
  encoder.writeAttributes(logField.attributes, view, kind, facts.sequence)
  const { attributes } = encoder
  attributes.number(keys.operationSequence, sequenceOf(view))
  const startSeconds = cells[at * 2 + cell.startSeconds] as number
  const startNs = cells[at * 2 + cell.startNs] as number
  attributes.text(keys.operationStartTime, toRfc3339(startSeconds, startNs))
  attributes.number(keys.operationAge, facts.ageNs)
  attributes.number(keys.sessionUptime, facts.uptimeNs)
  writeMore()
  writer.fixed32(logField.flags, (cells[at * 2 + cell.flags] as number) & 0xff)
  encoder.writeContext(view, kind, logField.traceId, logField.spanId)
  writer.string(logField.eventName, eventName)
  return writer.toBytes()
}

/** What was recorded as an event. */
export function encodeEvent(encoder: RecordEncoder, view: RecordView): Uint8Array {
  const { cells, at, texts } = view
  const cellsAt = at * 2
  const time = {
    seconds: cells[cellsAt + cell.startSeconds] as number,
    ns: cells[cellsAt + cell.startNs] as number,
  }
  const writer = beginRecord(encoder, time, cells[cellsAt + cell.depth] as number)
  const { attributes } = encoder
  attributes.field = logField.attributes
  const facts = JSON.parse(textOf(view, 0)) as Readonly<Record<string, never>>
  for (const [key, value] of Object.entries(facts)) attributes.any(key, value)
  writer.fixed32(logField.flags, (cells[cellsAt + cell.flags] as number) & 0xff)
  encoder.writeContext(view, recordKind.lockWait, logField.traceId, logField.spanId)
  writer.string(logField.eventName, texts.textOf(cells[cellsAt + cell.name] as number))
  return writer.toBytes()
}

/** What was dropped on its way. */
export function encodeLoss(encoder: RecordEncoder, event: LossFacts): Uint8Array {
  const writer = beginRecord(encoder, event, severity.warn)
  const { attributes } = encoder
  attributes.field = logField.attributes
  attributes.number(keys.eventSequence, event.sequence)
  attributes.number(keys.eventsDroppedCount, event.count)
  attributes.text(keys.eventsDroppedReason, event.reason)
  const { firstSequence, lastSequence, endedCount } = event
  if (firstSequence !== undefined) {
    attributes.number(keys.eventsDroppedFirstSequence, firstSequence)
  }
  if (lastSequence !== undefined) {
    attributes.number(keys.eventsDroppedLastSequence, lastSequence)
  }
  if (endedCount > 0) attributes.number(keys.eventsDroppedEndedCount, endedCount)
  writer.string(logField.eventName, EVENT_WAYWARD_EVENTS_DROPPED)
  return writer.toBytes()
}

function beginRecord(
  encoder: RecordEncoder,
  { seconds, ns }: { readonly seconds: number; readonly ns: number },
  severityNumber: number,
): ProtobufWriter {
  const writer = encoder.begin()
  writeTime(writer, logField.time, seconds, ns)
  writer.integer(logField.severity, severityNumber)
  writeTime(writer, logField.observedTime, seconds, ns)
  return writer
}

/** RFC 3339 with nanoseconds, UTC. */
export function toRfc3339(seconds: number, ns: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(ns).padStart(9, '0')}Z`
}
