// The door of those who read messages: the collector.
export { decoderPrefix } from './envelope/encoder.ts'
export { type Frame, isFramed, isSignedBy, readFrame, type Signature } from './envelope/frame.ts'
export { fromMessagePack, MessagePackError } from './envelope/msgpack-reader.ts'
export { readTimestamp } from './envelope/timestamp.ts'
