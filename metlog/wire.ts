// The door of those who read messages: the collector.
export { matchesPattern } from './control/pattern.ts'
export { decoderPrefix } from './envelope/encoder.ts'
export { type Frame, isFramed, isSignedBy, readFrame, type Signature } from './envelope/frame.ts'
export { fromMessagePack, MessagePackError } from './envelope/msgpack-reader.ts'
export { readTimestamp } from './envelope/timestamp.ts'
export {
  isWrong,
  type ReceivedMessage,
  readMessage,
  type WrongMessage,
  type WrongReason,
  wrongReasons,
} from './envelope/read-message.ts'
export {
  createOtlpBatch,
  type LogsRequest,
  type MetricsRequest,
  type OtlpBatch,
} from './otlp/batch.ts'
