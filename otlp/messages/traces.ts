// opentelemetry/proto/trace/v1/trace.proto and collector/trace/v1/trace_service.proto (OTLP 1.10).
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
import { keyValue, resource, scope } from './attributes.ts'

/** `trace.v1.Span.Event`: something that happened during it. */
export const spanEvent = message('Span.Event', {
  timeUnixNano: fixed64(1),
  name: string(2),
  attributes: repeated(3, keyValue),
  droppedAttributesCount: uint32(4),
})

/** `trace.v1.Span.Link`: another span that it belongs to. */
export const spanLink = message('Span.Link', {
  traceId: id(1),
  spanId: id(2),
  traceState: string(3),
  attributes: repeated(4, keyValue),
  droppedAttributesCount: uint32(5),
  flags: fixed32(6),
})

/** `trace.v1.Status`: how it ended. */
export const spanStatus = message('Status', { message: string(2), code: enumeration(3) })

/** `trace.v1.Span`: an operation that has ended. */
export const span = message('Span', {
  traceId: id(1),
  spanId: id(2),
  traceState: string(3),
  parentSpanId: id(4),
  name: string(5),
  kind: enumeration(6),
  startTimeUnixNano: fixed64(7),
  endTimeUnixNano: fixed64(8),
  attributes: repeated(9, keyValue),
  droppedAttributesCount: uint32(10),
  events: repeated(11, spanEvent),
  droppedEventsCount: uint32(12),
  links: repeated(13, spanLink),
  droppedLinksCount: uint32(14),
  status: nested(15, spanStatus),
  flags: fixed32(16),
})
/** A span as plain values. */
export type Span = ValueOf<typeof span>

const scopeSpans = message('ScopeSpans', {
  scope: nested(1, scope),
  spans: repeated(2, span),
  schemaUrl: string(3),
})

const resourceSpans = message('ResourceSpans', {
  resource: nested(1, resource),
  scopeSpans: repeated(2, scopeSpans),
  schemaUrl: string(3),
})

/** `ExportTraceServiceRequest`: what a sender of spans sends. */
export const exportTraceRequest = message('ExportTraceServiceRequest', {
  resourceSpans: repeated(1, resourceSpans),
})

/** `ExportTraceServiceResponse`: what it is answered. */
export const exportTraceResponse = message('ExportTraceServiceResponse', {
  partialSuccess: nested(
    1,
    message('ExportTracePartialSuccess', { rejectedSpans: int64(1), errorMessage: string(2) }),
  ),
})
