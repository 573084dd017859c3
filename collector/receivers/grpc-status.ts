// How a call ends, in gRPC's words: headers that say all, or a message and trailers.
import { constants, type ServerHttp2Stream } from 'node:http2'
import { cut } from '../decode/tally.ts'
import type { RequestStatus } from '../telemetry/telemetry.ts'
import { encodeRetryInfo, encodeStatus, type RpcStatus, sendableText } from './export-response.ts'

/** A call that is refused before the consumer has seen it. */
export interface GrpcRefusal {
  readonly rpcStatus: RpcStatus
  readonly requestStatus: RequestStatus
  /** More headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>
}

const contentType = 'application/grpc+proto'
/** Clients of gRPC's C core refuse answers whose headers take more than 8 KiB. */
const messageBytesMax = 1024
const prefixBytes = 5

const responseHeaders = { ':status': 200, 'content-type': contentType }
const responseOptions = { waitForTrailers: true }
const okTrailers = { 'grpc-status': '0' }

/** Ends a call with a message and status OK. */
export function sendMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (!canAnswer(stream)) return
  stream.respond(responseHeaders, responseOptions)
  stream.on('wantTrailers', sendOkTrailers)
  stream.end(message.length === 0 ? emptyMessage : prefixed(message))
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
      ...responseHeaders,
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
  const text = cut(sendableText(message), messageBytesMax)
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
function stopRequest(stream: ServerHttp2Stream, triesLeft = stopTries): void {
  if (stream.readableEnded) return
  const timer = triesLeft === stopTries ? setImmediate : later
  timer(() => {
    if (stream.destroyed) return
    const isQueued = (stream.session?.state.outboundQueueSize ?? 0) > 0
    if (isQueued && triesLeft > 0) stopRequest(stream, triesLeft - 1)
    else stream.close(constants.NGHTTP2_NO_ERROR)
  })
}

/** How often it is looked for the answer to have left, and how long is waited between. */
const stopTries = 50
const stopIntervalMs = 20

function later(action: () => void): void {
  setTimeout(action, stopIntervalMs)
}

/** One function for all calls, with the stream as `this`. */
function sendOkTrailers(this: ServerHttp2Stream): void {
  if (!this.destroyed) this.sendTrailers(okTrailers)
}

const emptyMessage = Buffer.alloc(prefixBytes)

function prefixed(message: Uint8Array): Buffer {
  const bytes = Buffer.alloc(prefixBytes + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, prefixBytes)
  return bytes
}

/** Metadata whose name ends in -bin is base64; gRPC wants it sent without padding. */
function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
