// How a call ends, in gRPC's words: headers that say all, or a message and trailers.
import { constants, type ServerHttp2Stream } from 'node:http2'
import { cut } from '../decode/tally.ts'
import type { RequestStatus } from '../telemetry.ts'
import { encodeRetryInfo, encodeStatus, type RpcStatus, sendableText } from './export-response.ts'

/** A call that is refused before the consumer has seen it. */
export interface GrpcRefusal {
  readonly rpcStatus: RpcStatus
  readonly requestStatus: RequestStatus
  /** More headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>
}

const CONTENT_TYPE = 'application/grpc+proto'
/** Clients of gRPC's C core refuse answers whose headers take more than 8 KiB. */
const MESSAGE_BYTES_MAX = 1024
const PREFIX_BYTES = 5

const RESPONSE_HEADERS = { ':status': 200, 'content-type': CONTENT_TYPE }
const RESPONSE_OPTIONS = { waitForTrailers: true }
const OK_TRAILERS = { 'grpc-status': '0' }

/** Ends a call with a message and status OK. */
export function sendMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (!canAnswer(stream)) return
  stream.respond(RESPONSE_HEADERS, RESPONSE_OPTIONS)
  stream.on('wantTrailers', sendOkTrailers)
  stream.end(message.length === 0 ? EMPTY_MESSAGE : prefixed(message))
}

/** Ends a call with an error, whether or not its request has arrived wholly. */
export function sendStatus(
  stream: ServerHttp2Stream,
  status: RpcStatus,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!canAnswer(stream)) return
  const details =
    status.retryAfterMs === undefined
      ? {}
      : {
          'grpc-status-details-bin': unpadded(encodeStatus('protobuf', status)),
          // OpenTelemetry's exporter for Python looks for it there, and has a pause of its own
          // else.
          'google.rpc.retryinfo-bin': unpadded(Buffer.from(encodeRetryInfo(status.retryAfterMs))),
        }
  stream.respond(
    {
      ...RESPONSE_HEADERS,
      'grpc-status': String(status.code),
      'grpc-message': encodeMessage(status.message),
      ...details,
      ...headers,
    },
    { endStream: true },
  )
  stopRequest(stream)
}

/** Answers a request that is not gRPC, with a status of HTTP. */
export function sendHttpStatus(
  stream: ServerHttp2Stream,
  httpStatus: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!canAnswer(stream)) return
  stream.respond({ ':status': httpStatus, ...headers }, { endStream: true })
  stopRequest(stream)
}

/**
 * The text as the header `grpc-message` has it: printable ASCII, everything else as %XX of its
 * UTF-8.
 */
export function encodeMessage(message: string): string {
  const text = cut(sendableText(message), MESSAGE_BYTES_MAX)
  return text.replaceAll(/[^\u0020-\u0024\u0026-\u007e]+/g, encodeURIComponent)
}

/** Whether there is somebody who waits for an answer. */
function canAnswer(stream: ServerHttp2Stream): boolean {
  return !stream.headersSent && !stream.closed && !stream.destroyed
}

/**
 * Tells the client to send no more of a request that is answered. Only when the answer has left the
 * queue of the session: from Node 26 on, a reset takes back the headers that still wait there, and
 * the client is told nothing.
 */
function stopRequest(stream: ServerHttp2Stream, triesLeft = STOP_TRIES): void {
  if (stream.readableEnded) return
  const timer = triesLeft === STOP_TRIES ? setImmediate : later
  timer(() => {
    if (stream.destroyed) return
    const isQueued = (stream.session?.state.outboundQueueSize ?? 0) > 0
    if (isQueued && triesLeft > 0) stopRequest(stream, triesLeft - 1)
    else stream.close(constants.NGHTTP2_NO_ERROR)
  })
}

/** How often it is looked for the answer to have left, and how long is waited between. */
const STOP_TRIES = 50
const STOP_INTERVAL_MS = 20

function later(action: () => void): void {
  setTimeout(action, STOP_INTERVAL_MS)
}

/** One function for all calls, with the stream as `this`. */
function sendOkTrailers(this: ServerHttp2Stream): void {
  if (!this.destroyed) this.sendTrailers(OK_TRAILERS)
}

const EMPTY_MESSAGE = Buffer.alloc(PREFIX_BYTES)

function prefixed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(PREFIX_BYTES + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, PREFIX_BYTES)
  return bytes
}

/** Metadata whose name ends in -bin is base64; gRPC wants it sent without padding. */
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
