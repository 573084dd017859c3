// opentelemetry/proto/logs/v1/logs.proto and collector/logs/v1/logs_service.proto (OTLP 1.10).
import {
  enumeration,
  fixed32,
  fixed64,
  id,
  int64,
  message,
  nested,
  repeated,
  string,
  uint32,
  type ValueOf,
} from '../message.ts'
import { anyValue, keyValue, resource, scope } from './attributes.ts'

/** `logs.v1.LogRecord`: a log record or an event. */
export const logRecord = message('LogRecord', {
  timeUnixNano: fixed64(1),
  severityNumber: enumeration(2),
  severityText: string(3),
  body: nested(5, anyValue),
  attributes: repeated(6, keyValue),
  droppedAttributesCount: uint32(7),
  flags: fixed32(8),
  traceId: id(9),
  spanId: id(10),
  observedTimeUnixNano: fixed64(11),
  eventName: string(12),
})
/** A log record as plain values. */
export type LogRecord = ValueOf<typeof logRecord>

const scopeLogs = message('ScopeLogs', {
  scope: nested(1, scope),
  logRecords: repeated(2, logRecord),
  schemaUrl: string(3),
})

const resourceLogs = message('ResourceLogs', {
  resource: nested(1, resource),
  scopeLogs: repeated(2, scopeLogs),
  schemaUrl: string(3),
})

/** `ExportLogsServiceRequest`: what a sender of logs sends. */
export const exportLogsRequest = message('ExportLogsServiceRequest', {
  resourceLogs: repeated(1, resourceLogs),
})

/** `ExportLogsServiceResponse`: what it is answered. */
export const exportLogsResponse = message('ExportLogsServiceResponse', {
  partialSuccess: nested(
    1,
    message('ExportLogsPartialSuccess', { rejectedLogRecords: int64(1), errorMessage: string(2) }),
  ),
})
