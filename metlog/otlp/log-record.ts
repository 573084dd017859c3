// Messages that are events: log records, with Metlog's type as the event's name. What is an
// exception has OpenTelemetry's attributes of one.
import { inflateSync } from 'node:zlib'
import {
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
  ATTR_WAYWARD_METLOG_SEVERITY,
  ATTR_WAYWARD_METLOG_TYPE,
  ATTR_WAYWARD_METLOG_UUID,
} from '@wayward/semconv'
import type { ReceivedMessage } from '../envelope/read-message.ts'
import { type AnyValue, type KeyValue, toKeyValues } from './any-value.ts'

/** `LogRecord` of OTLP, as plain value. */
export interface LogRecord {
  readonly timeUnixNano: bigint
  readonly observedTimeUnixNano: bigint
  readonly severityNumber: number
  readonly severityText: string
  readonly body: AnyValue
  readonly attributes: readonly KeyValue[]
  readonly eventName?: string
}

/** OpenTelemetry's numbers for syslog's severities (its logs data model, appendix B). */
const severityNumbers = [21, 19, 18, 17, 13, 10, 9, 5] as const
const severityTexts = [
  'EMERGENCY',
  'ALERT',
  'CRITICAL',
  'ERROR',
  'WARNING',
  'NOTICE',
  'INFORMATIONAL',
  'DEBUG',
] as const

/** Types of messages that are text, and no event that has a name. */
const textTypes: ReadonlySet<string> = new Set(['oldstyle', 'syslog'])
/** The type of messages that hold an exception. */
export const exceptionType = 'sentry'

/** Makes a log record of a message. */
export function toLogRecord(message: ReceivedMessage, receivedNs: bigint): LogRecord {
  const { fields, payload, severity, type, uuid } = message
  const event = type === exceptionType ? readException(payload) : undefined
  const own: KeyValue[] = [
    { key: ATTR_WAYWARD_METLOG_TYPE, value: { stringValue: type } },
    { key: ATTR_WAYWARD_METLOG_SEVERITY, value: { intValue: severity } },
  ]
  if (uuid !== '') own.push({ key: ATTR_WAYWARD_METLOG_UUID, value: { stringValue: uuid } })
  const left: string[] = [
    ATTR_WAYWARD_METLOG_TYPE,
    ATTR_WAYWARD_METLOG_SEVERITY,
    ATTR_WAYWARD_METLOG_UUID,
  ]
  // A DSN holds a secret.
  if (type === exceptionType) left.push('dsn')
  return {
    timeUnixNano: message.timeNs ?? receivedNs,
    observedTimeUnixNano: receivedNs,
    severityNumber: severityNumbers[severity] ?? 9,
    severityText: severityTexts[severity] ?? '',
    body: { stringValue: event?.text ?? payload },
    attributes: [...own, ...(event?.attributes ?? []), ...toKeyValues(fields, 0, left)],
    ...(textTypes.has(type) ? {} : { eventName: event === undefined ? type : 'exception' }),
  }
}

interface ExceptionEvent {
  readonly text: string
  readonly attributes: readonly KeyValue[]
}

/** An event of Sentry, however large it claims to be when it is unpacked. */
const eventBytesMax = 1024 * 1024

/** Unpacks what metlog-raven sends: zlib in base64. Undefined where it is something else. */
function readException(payload: string): ExceptionEvent | undefined {
  try {
    const packed = Buffer.from(payload, 'base64')
    const text = inflateSync(packed, { maxOutputLength: eventBytesMax }).toString('utf8')
    return toExceptionEvent(JSON.parse(text) as unknown)
  } catch {
    // Stored as it came.
    return undefined
  }
}

function toExceptionEvent(event: unknown): ExceptionEvent | undefined {
  const values = asRecord(event)
  const outer = values['exception'] ?? values['sentry.interfaces.Exception']
  const list = asRecord(outer)['values'] ?? outer
  const exception = asRecord(Array.isArray(list) ? list.at(-1) : list)
  const type = textOf(exception['type'])
  const message = textOf(exception['value'])
  const stacktrace = exception['stacktrace'] ?? values['sentry.interfaces.Stacktrace']
  const stack = toStack(type, message, asRecord(stacktrace)['frames'])
  const parts = [
    [ATTR_EXCEPTION_TYPE, type],
    [ATTR_EXCEPTION_MESSAGE, message],
    [ATTR_EXCEPTION_STACKTRACE, stack],
  ] as const
  const attributes = parts
    .filter(([, value]) => value !== '')
    .map(([key, value]) => ({ key, value: { stringValue: value } }))
  const text = textOf(values['message']) || `${type}: ${message}`
  return { text, attributes }
}

const framesMax = 250

/** Frames as text, the newest first, as stacks of Node are read. */
function toStack(type: string, message: string, frames: unknown): string {
  if (!Array.isArray(frames) || frames.length === 0) return ''
  const lines = frames
    .slice(-framesMax)
    .toReversed()
    .map((one) => {
      const frame = asRecord(one)
      const file = textOf(frame['abs_path']) || textOf(frame['filename'])
      return `    at ${textOf(frame['function']) || '?'} (${file}:${textOf(frame['lineno'])})`
    })
  return `${type}: ${message}\n${lines.join('\n')}`
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  const isObject = typeof value === 'object' && value !== null
  return isObject ? (value as Readonly<Record<string, unknown>>) : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : ''
}
