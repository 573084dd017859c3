// The answers of OTLP, written by hand: the responses of the three services have the same
// fields, google.rpc.Status and its RetryInfo are three messages of two fields each.
//
//   Export…ServiceResponse { 1 partial_success { 1 rejected_… int64, 2 error_message } }
//   google.rpc.Status      { 1 code int32, 2 message, 3 details Any { 1 type_url, 2 value } }
//   google.rpc.RetryInfo   { 1 retry_delay Duration { 1 seconds int64, 2 nanos int32 } }
import type { Encoding, Signal } from '../consumer.ts'

/** The codes of google.rpc.Code that the receivers use; they are gRPC's status codes, too. */
export const rpcCode = {
  invalidArgument: 3,
  notFound: 5,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
  deadlineExceeded: 4,
} as const

/** An error for the sender of a request. */
export interface RpcStatus {
  readonly code: number
  readonly message: string
  /** When to try again; without it the sender of a `resourceExhausted` must not. */
  readonly retryAfterMs?: number
}

const RETRY_INFO_TYPE = 'type.googleapis.com/google.rpc.RetryInfo'

const REJECTED_KEYS: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

/** Bytes of a message that is sent back, well below the 4 MiB that OTLP allows a response. */
const MESSAGE_CHARACTERS_MAX = 4096

/** The response to an accepted request: empty on full success, which leaves `partial_success` unset. */
export function encodeExportResponse(
  signal: Signal,
  encoding: Encoding,
  rejectedItems: number,
  message: string,
): Buffer {
  const isFull = rejectedItems === 0 && message === ''
  const text = sendableText(message)
  if (encoding === 'json') {
    const partialSuccess = { [REJECTED_KEYS[signal]]: String(rejectedItems), errorMessage: text }
    return Buffer.from(JSON.stringify(isFull ? {} : { partialSuccess }))
  }
  if (isFull) return Buffer.alloc(0)
  return bytesField(1, Buffer.concat([varintField(1, rejectedItems), bytesField(2, text)]))
}

/** A google.rpc.Status. */
export function encodeStatus(encoding: Encoding, status: RpcStatus): Buffer {
  return encoding === 'json' ? jsonStatus(status) : protobufStatus(status)
}

/** The message as it may be sent: short, one line, and without halves of surrogate pairs. */
export function sendableText(message: string): string {
  return message
    .slice(0, MESSAGE_CHARACTERS_MAX)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, ' ')
}

function jsonStatus({ code, message, retryAfterMs }: RpcStatus): Buffer {
  const details =
    retryAfterMs === undefined
      ? {}
      : { details: [{ '@type': RETRY_INFO_TYPE, retryDelay: `${retryAfterMs / 1000}s` }] }
  return Buffer.from(JSON.stringify({ code, message: sendableText(message), ...details }))
}

function protobufStatus({ code, message, retryAfterMs }: RpcStatus): Buffer {
  const parts = [varintField(1, code), bytesField(2, sendableText(message))]
  if (retryAfterMs !== undefined) {
    const duration = Buffer.concat([
      varintField(1, Math.floor(retryAfterMs / 1000)),
      varintField(2, Math.floor((retryAfterMs % 1000) * 1e6)),
    ])
    const any = Buffer.concat([
      bytesField(1, RETRY_INFO_TYPE),
      bytesField(2, bytesField(1, duration)),
    ])
    parts.push(bytesField(3, any))
  }
  return Buffer.concat(parts)
}

/** A field of wire type 0. A value of 0 is the default and is left out. */
function varintField(number: number, value: number): Buffer {
  return value === 0 ? Buffer.alloc(0) : Buffer.from([number * 8, ...varint(value)])
}

/** A field of wire type 2. */
function bytesField(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([Buffer.from([number * 8 + 2, ...varint(bytes.length)]), bytes])
}

/** Works by division, for numbers beyond 32 bits. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return bytes
}
