// The door of the wire.
export { decode } from './decode.ts'
export { encode, writeMessage } from './encode.ts'
export type { FieldKind, Integer, Message, NamedField, ValueOf, WireType } from './message.ts'
export {
  type AnyValue,
  anyValue,
  arrayValue,
  type KeyValue,
  keyValue,
  keyValueList,
  resource,
  scope,
} from './messages/attributes.ts'
export {
  exportLogsRequest,
  exportLogsResponse,
  type LogRecord,
  logRecord,
} from './messages/logs.ts'
export {
  exemplar,
  exponentialBuckets,
  exponentialHistogramDataPoint,
  exportMetricsRequest,
  exportMetricsResponse,
  gauge,
  histogramDataPoint,
  metric,
  numberDataPoint,
  quantileValue,
  sum,
  summaryDataPoint,
} from './messages/metrics.ts'
export { retryInfo, rpcStatus } from './messages/rpc.ts'
export {
  exportTraceRequest,
  exportTraceResponse,
  type Span,
  span,
  spanEvent,
  spanLink,
  spanStatus,
} from './messages/traces.ts'
export { type LengthForm, ProtobufWriter } from './protobuf-writer.ts'
export { fixed32, MalformedError, type MessageShape, shapeOf, WireReader } from './wire-reader.ts'
