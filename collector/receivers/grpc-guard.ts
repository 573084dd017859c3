// What grpc-js's server cannot be told, but its HTTP/2 server can: wider receive windows, a limit on
// connections, a limit on the bytes that all requests together hold, and a time-out for slow senders. It reaches
// through two private fields; where a version of grpc-js lacks them, the receiver works without the guard.
//
// Without the windows a connection receives at most 64 KiB per round trip, and large requests cost twice the CPU.
import type { Server } from '@grpc/grpc-js'
import {
  constants,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2'
import { createConnectionLimit } from '@wayward/clickhouse'
import { heldBytes, isCrumbled } from '../byte-budget.ts'
import type { Signal } from '../consumer.ts'
import type { CollectorLimits } from '../limits.ts'
import { countRequest, type RequestStatus } from '../telemetry.ts'
import { encodeStatus, rpcCode, type RpcStatus } from './export-response.ts'
import {
  CHUNKS_MESSAGE,
  NO_ROOM_MESSAGE,
  NO_ROOM_RETRY_AFTER_MS,
  type ReceiverParts,
} from './receiver.ts'

/** The private fields of grpc-js 1.14's Server that are used here. */
interface ServerInternals {
  readonly commonServerOptions?: { settings?: Settings }
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>
}

type StreamListener = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void

/** To be called before the server binds: windows of single requests. */
export function widenWindows(server: Server, { receiveWindowBytes }: CollectorLimits): void {
  const { commonServerOptions } = server as unknown as ServerInternals
  if (commonServerOptions === undefined) return
  commonServerOptions.settings = {
    ...commonServerOptions.settings,
    initialWindowSize: receiveWindowBytes,
  }
}

/** The connections of a server, whose own `forceShutdown` misses them while channelz is off. */
export interface GuardedConnections {
  destroy(): void
}

/** To be called when the server is bound: windows of connections, and the guard of every request. */
export function guardStreams(server: Server, parts: ReceiverParts): GuardedConnections {
  const { http2Servers } = server as unknown as ServerInternals
  const { connectionsMax, keepAliveTimeoutMs, receiveWindowBytes } = parts.limits
  const unanswered = new WeakMap<ServerHttp2Session, Set<ServerHttp2Stream>>()
  const limit = createConnectionLimit<ServerHttp2Session>(
    connectionsMax,
    (session) => (unanswered.get(session)?.size ?? 0) > 0,
  )

  /** Notes that a request has arrived wholly, until it is answered. */
  function followAnswer(session: ServerHttp2Session, stream: ServerHttp2Stream): void {
    const streams = unanswered.get(session) ?? new Set()
    unanswered.set(session, streams)
    stream.once('end', () => {
      if (!stream.closed) streams.add(stream)
    })
    stream.once('close', () => {
      streams.delete(stream)
      limit.touch(session)
    })
  }

  for (const http2Server of http2Servers?.keys() ?? []) {
    http2Server.on('session', (session: ServerHttp2Session) => {
      // A client may be gone before its connection is announced.
      if (session.destroyed) return
      session.setLocalWindowSize(receiveWindowBytes)
      limit.add(session)
      // Also ends those that Node keeps after a violation of the protocol, though their client has gone.
      session.setTimeout(keepAliveTimeoutMs, () => session.close())
    })
    http2Server.on('error', () => {
      // An error of the listening socket after the start concerns single connections (too many open
      // files): the others go on.
    })
    const listeners = http2Server.listeners('stream') as StreamListener[]
    http2Server.removeAllListeners('stream')
    http2Server.on('stream', (stream, headers) => {
      const passed = withoutDecompression(headers)
      for (const listener of listeners) listener(stream, passed)
      guardStream(stream, headers, parts)
      const session = stream.session as ServerHttp2Session | undefined
      if (session !== undefined) followAnswer(session, stream)
    })
  }
  return {
    destroy() {
      for (const session of limit.connections) session.destroy()
    },
  }
}

/**
 * Takes decompression from grpc-js, which inflates any number of messages at the same time. Messages in gzip come
 * through as they are, for the inflater; other compressions are refused as unknown.
 */
function withoutDecompression(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const encoding = headers['grpc-encoding']
  if (encoding === undefined || encoding === 'identity') return headers
  const passed = encoding === 'gzip' ? 'identity' : `${String(encoding)} (send gzip or identity)`
  return { ...headers, 'grpc-encoding': passed }
}

/** Counts the bytes of a request until it has arrived, and refuses it when there is no room, or no end. */
function guardStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { limits, requestBytes, telemetry }: ReceiverParts,
): void {
  let bytes = 0
  let held = 0
  let chunks = 0
  let hasEnded = false
  const release = (): void => {
    clearTimeout(timer)
    requestBytes.release(held)
    held = 0
  }
  const timer = setTimeout(() => {
    const message = `The request did not arrive within ${limits.requestTimeoutMs} ms`
    refuseStream(stream, { code: rpcCode.deadlineExceeded, message })
  }, limits.requestTimeoutMs)
  // grpc-js listens for the first error only; a broken stream is seen by its end.
  stream.on('error', () => undefined)
  stream.on('data', (chunk: Buffer) => {
    chunks++
    bytes += chunk.length
    if (isCrumbled(chunks, bytes, limits.smallChunksMax)) {
      refuseStream(stream, { code: rpcCode.resourceExhausted, message: CHUNKS_MESSAGE })
      return
    }
    if (requestBytes.reserve(heldBytes(chunk))) {
      held += heldBytes(chunk)
      return
    }
    refuseStream(stream, {
      code: rpcCode.unavailable,
      message: NO_ROOM_MESSAGE,
      retryAfterMs: NO_ROOM_RETRY_AFTER_MS,
    })
  })
  // grpc-js's listener ran before: the consumer has the bytes, or the receiver counts them on its own.
  stream.once('end', () => {
    // A stream that the client breaks off ends, too.
    hasEnded = !stream.closed
    release()
  })
  stream.once('close', () => {
    release()
    const status = endStatus(stream, hasEnded)
    if (status !== undefined) countRequest(telemetry, 'otlp_grpc', signalOf(headers), status)
  })
}

/** Answers in grpc-js's place, which then sees its call as cancelled. */
function refuseStream(stream: ServerHttp2Stream, status: RpcStatus): void {
  if (stream.headersSent || stream.closed || stream.destroyed) return
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc+proto',
      'grpc-status': status.code,
      'grpc-message': encodeURI(status.message),
      'grpc-status-details-bin': encodeStatus('protobuf', status).toString('base64'),
    },
    { endStream: true },
  )
  stream.close(constants.NGHTTP2_NO_ERROR)
}

/** How a request ended that did not reach the consumer; undefined for those which did. */
function endStatus(stream: ServerHttp2Stream, hasEnded: boolean): RequestStatus | undefined {
  const code = Number(stream.sentHeaders?.['grpc-status'] ?? Number.NaN)
  if (code === rpcCode.resourceExhausted) return 'too_large'
  if (code === rpcCode.unimplemented) return 'unsupported'
  if (code === rpcCode.deadlineExceeded) return 'timeout'
  if (hasEnded) return undefined
  return code === rpcCode.unavailable ? 'overloaded' : 'aborted'
}

function signalOf(headers: IncomingHttpHeaders): Signal | undefined {
  const path = headers[':path'] ?? ''
  if (path.includes('.trace.v1.')) return 'traces'
  if (path.includes('.metrics.v1.')) return 'metrics'
  return path.includes('.logs.v1.') ? 'logs' : undefined
}
