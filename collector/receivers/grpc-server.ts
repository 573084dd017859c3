// A server of unary gRPC calls on Node's HTTP/2: connections and their limits here, the one message
// of a call in grpc-message.ts, answers in grpc-status.ts. What a call is about the receiver knows.
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ConnectionAccess,
  createConnectionLimit,
  listen,
  type ListenAddress,
} from '@wayward/base'
import { countRequest, observeConnections } from '../telemetry/telemetry.ts'
import type { ReceiverParts } from './receiver.ts'

/** A client's connection. */
export interface GrpcConnection {
  /** The peer's address without its port. */
  readonly address: string
  readonly access: ConnectionAccess
  /**
   * Requests that have arrived wholly and are not answered; a connection with any is not closed for
   * another.
   */
  owedAnswers: number
}

/** Serves one call. */
export type CallHandler = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  connection: GrpcConnection,
) => void

export interface GrpcServer {
  /** @throws CollectorError */
  start(address: ListenAddress): Promise<ListenAddress>
  /**
   * Takes no more connections and tells every client to open no more calls; those under way go on.
   */
  stopAccepting(): void
  /** Waits for the calls under way, at most `deadlineMs`, and closes the connections. */
  shutdown(deadlineMs: number): Promise<void>
}

/** nghttp2's NGHTTP2_ERR_BAD_CLIENT_MAGIC. */
const badClientMagic = -903
const notHttp2 =
  'This is not HTTP/2, which gRPC needs; send OTLP over HTTP to the address of OTLP/HTTP ' +
  '(--otlp-http, port 4318 by default)'

type Parts = Pick<ReceiverParts, 'access' | 'limits' | 'mixUpLog' | 'telemetry' | 'tls'>

export function createGrpcServer(parts: Parts, serve: CallHandler): GrpcServer {
  return new UnaryServer(parts, serve)
}

class UnaryServer implements GrpcServer {
  readonly #parts: Parts
  readonly #serve: CallHandler
  readonly #server: Http2Server
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<ServerHttp2Session>()
  #whenClosed: Promise<void> | undefined

  constructor(parts: Parts, serve: CallHandler) {
    this.#parts = parts
    this.#serve = serve
    this.#server = createHttp2Server(parts)
    this.#limitConnections()
  }

  async start(address: ListenAddress): Promise<ListenAddress> {
    return await listen(this.#server, address)
  }

  stopAccepting(): void {
    this.#whenClosed ??= new Promise((resolve) => this.#server.close(() => resolve()))
    // GOAWAY names the last call that is served; clients know that later ones were not and send
    // them elsewhere.
    for (const session of this.#sessions) session.close()
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.stopAccepting()
    const timer = new AbortController()
    const deadline = sleep(deadlineMs, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([this.#whenClosed, deadline])
    timer.abort()
    for (const session of this.#sessions) session.destroy()
    // Those whose TLS handshake is not done have no session.
    for (const socket of this.#sockets) socket.destroy()
  }

  /**
   * What does not open as HTTP/2 does, as a rule OTLP over HTTP/1.1: Node closes it, here it is
   * told.
   */
  #countHttp1(address: string): void {
    const sender = { receiver: 'otlp_grpc', address, agent: '', identity: '' } as const
    countRequest(this.#parts.telemetry, sender, undefined, 'malformed', { message: notHttp2 })
    this.#parts.mixUpLog.note(sender.receiver, address, notHttp2)
  }

  #limitConnections(): void {
    const { connectionsMax } = this.#parts.limits
    const connections = new WeakMap<ServerHttp2Session, GrpcConnection>()
    const limit = createConnectionLimit<ServerHttp2Session>(
      connectionsMax,
      (session) => (connections.get(session)?.owedAnswers ?? 0) > 0,
    )
    observeConnections(this.#parts.telemetry, 'otlp_grpc', limit)
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('session', (session: ServerHttp2Session) => {
      // A client may be gone before its connection is announced.
      if (session.destroyed) return
      const connection = this.#open(session)
      connections.set(session, connection)
      session.on('error', (error: Error & { readonly errno?: number }) => {
        if (error.errno === badClientMagic) this.#countHttp1(connection.address)
      })
      limit.add(session)
      const touch = (): void => limit.touch(session)
      session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
        // What breaks a stream is seen by its end.
        stream.on('error', ignore)
        stream.on('close', touch)
        this.#serve(stream, headers, connection)
      })
    })
  }

  #open(session: ServerHttp2Session): GrpcConnection {
    const { access, limits } = this.#parts
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
    session.setLocalWindowSize(limits.receiveWindowBytes)
    // Also ends those that Node 20 keeps after a violation of the protocol, though their client has
    // gone.
    session.setTimeout(limits.keepAliveTimeoutMs, () => session.close())
    const { socket } = session
    return {
      address: socket.remoteAddress ?? '',
      access: access.forConnection(socket),
      owedAnswers: 0,
    }
  }
}

/**
 * Without wider windows a connection receives at most 64 KiB per round trip, and large requests
 * cost twice the CPU.
 */
function createHttp2Server({ limits, tls }: Parts): Http2Server {
  const options: SecureServerOptions = {
    settings: {
      initialWindowSize: limits.receiveWindowBytes,
      maxConcurrentStreams: limits.streamsPerConnectionMax,
      maxHeaderListSize: limits.headerBytesMax,
      enablePush: false,
    },
    // Node fails in odd ways at this limit of its own; what a connection can make us hold is
    // bounded by its window, its streams and their headers.
    maxSessionMemory: Number.MAX_SAFE_INTEGER,
  }
  if (tls === undefined) return createServer(options)
  const server = createSecureServer({ ...options, ...tls.options })
  tls.serve(server)
  return server
}

function ignore(): void {
  // On purpose; the caller says why.
}
