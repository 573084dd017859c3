// The answers of OTLP to a request: export responses, and google.rpc.Status with its RetryInfo.
import {
  encode,
  exportLogsResponse,
  exportMetricsResponse,
  exportTraceResponse,
  type Message,
  retryInfo,
  rpcStatus,
} from '@wayward/otlp'
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

const retryInfoType = 'type.googleapis.com/google.rpc.RetryInfo'

const rejectedKeys: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
}

const responses: Readonly<Record<Signal, Message>> = {
  traces: exportTraceResponse,
  logs: exportLogsResponse,
  metrics: exportMetricsResponse,
}

/** Bytes of a message that is sent back, well below the 4 MiB that OTLP allows a response. */
const messageCharactersMax = 4096

/**
 * The response to an accepted request: empty on full success, which leaves `partial_success` unset.
 */
export function encodeExportResponse(
  signal: Signal,
  encoding: Encoding,
  rejectedItems: number,
  message: string,
): Buffer {
  const isFull = rejectedItems === 0 && message === ''
  const errorMessage = sendableText(message)
  const rejectedKey = rejectedKeys[signal]
  if (encoding === 'json') {
    const partialSuccess = { [rejectedKey]: String(rejectedItems), errorMessage }
    return Buffer.from(JSON.stringify(isFull ? {} : { partialSuccess }))
  }
  if (isFull) return Buffer.alloc(0)
  const partialSuccess = { [rejectedKey]: rejectedItems, errorMessage }
  return Buffer.from(encode(responses[signal], { partialSuccess }))
}

/** A google.rpc.Status. */
export function encodeStatus(encoding: Encoding, status: RpcStatus): Buffer {
  return encoding === 'json' ? jsonStatus(status) : protobufStatus(status)
}

/** A google.rpc.RetryInfo. */
export function encodeRetryInfo(retryAfterMs: number): Uint8Array {
  const seconds = Math.floor(retryAfterMs / 1000)
  const nanos = Math.floor((retryAfterMs % 1000) * 1e6)
  return encode(retryInfo, { retryDelay: { seconds, nanos } })
}

/** The message as it may be sent: short, one line, and without halves of surrogate pairs. */
export function sendableText(message: string): string {
  return message
    .slice(0, messageCharactersMax)
    .toWellFormed()
    .replaceAll(/\p{Cc}+/gu, ' ')
}

function jsonStatus({ code, message, retryAfterMs }: RpcStatus): Buffer {
  const details =
    retryAfterMs === undefined
      ? {}
      : { details: [{ '@type': retryInfoType, retryDelay: `${retryAfterMs / 1000}s` }] }
  return Buffer.from(JSON.stringify({ code, message: sendableText(message), ...details }))
}

function protobufStatus({ code, message, retryAfterMs }: RpcStatus): Buffer {
  const status = { code, message: sendableText(message) }
  if (retryAfterMs === undefined) return Buffer.from(encode(rpcStatus, status))
  const details = [{ typeUrl: retryInfoType, value: encodeRetryInfo(retryAfterMs) }]
  return Buffer.from(encode(rpcStatus, { ...status, details }))
}
