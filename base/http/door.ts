// The one door of every HTTP/1.1 listener:
//
//   connection ─▶ limits ─▶ Host ─▶ preflight? ─▶ who asks ─▶ path, method ─▶ route ─▶ answer
//
// Whatever is refused on the way is answered in the words of the listener, and counted once. The
// connection lives on where that is possible.
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Server as TlsServer, TlsOptions } from 'node:tls'
import { isHostServed, type ListenAddress } from '../address.ts'
import { listen } from '../listen.ts'
import { pause, type Time } from '../time.ts'
import { type Access, type Authorization, createRequestAccess } from './access.ts'
import type { ConnectionLimit } from './connection-limit.ts'
import type { Cors } from './cors.ts'
import { foreignSite } from './foreign-site.ts'
import { limitHttpConnections } from './http-connection-limit.ts'
import { isRefusal, problemDetails, type Refusal, type Reply, sendReply } from './reply.ts'
import { pathOf } from './request-path.ts'
import { createRouter, type FoundRoute, type Route } from './route.ts'

/** A listener. */
export interface Door {
  /** Starts to listen. @returns the address with its real port @throws ListenError */
  start(address: ListenAddress): Promise<ListenAddress>
  /** Takes no more connections; requests that are under way go on. */
  stopAccepting(): void
  /** Waits until every request is answered, at most `deadlineMs`, and closes the connections. */
  shutdown(deadlineMs: number): Promise<void>
  readonly connections: ConnectionLimit<Socket>
}

/** The bounds of a listener. */
export interface DoorLimits {
  readonly connectionsMax: number
  readonly answerTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  readonly headerBytesMax: number
  readonly requestBytesMax: number
}

/** Makes a listener speak TLS. */
export interface DoorTls {
  readonly options: TlsOptions
  /** Called once for the server, before it listens. */
  serve(server: TlsServer): void
}

/** What a listener does. */
export interface DoorSettings {
  readonly limits: DoorLimits
  readonly routes: readonly Route[]
  readonly access: Access
  /** Undefined where plain text is spoken. */
  readonly tls: DoorTls | undefined
  /** Undefined where pages of browsers from elsewhere may not ask. */
  readonly cors: Cors | undefined
  /**
   * Whether pages of other sites are refused, as far as browsers say where a request comes from.
   * @default false
   */
  readonly refusesOtherSites?: boolean
  readonly time: Time
  /** Writes a refusal in the words of the protocol. @default problem details (RFC 9457) */
  readonly toReply?: (refusal: Refusal, request?: IncomingMessage) => Reply
  /** Called once for each request that was refused. */
  readonly onRefused?: (refusal: Refusal, request: IncomingMessage, identity: string) => void
  /** Called for bytes that are no request. */
  readonly onGarbage?: (refusal: Refusal, address: string) => void
  /** What to say to those who speak HTTP/2. */
  readonly http2Message?: string
}

const shutdownPollMs = 10
/** So much of a refused request is read in any case: clients fail whose writing is reset. */
const discardedBytesLeast = 1024 * 1024
const http2Message = 'This is HTTP/2, which is not spoken here; send HTTP/1.1'

/** Creates a listener; it does not listen before `start`. */
export function createDoor(settings: DoorSettings): Door {
  return new HttpDoor(settings)
}

class HttpDoor implements Door {
  readonly #settings: DoorSettings
  readonly #server: Server
  readonly #find: (path: string) => readonly FoundRoute[]
  /** Whether Node waits longer for bodies than most routes do. */
  readonly #waitsForBodies: boolean
  readonly #authorize: (request: IncomingMessage) => Authorization
  /**
   * The response that is being made on a connection, to know whether an error may still be written.
   */
  readonly #responses = new WeakMap<Duplex, ServerResponse>()
  /** Requests that timed out: their end is seen a second time, as a connection that breaks. */
  readonly #timedOut = new WeakSet<IncomingMessage>()
  readonly connections: ConnectionLimit<Socket>
  #isAccepting = true
  #listenHost = ''

  constructor(settings: DoorSettings) {
    const { access, limits, routes, tls } = settings
    this.#settings = settings
    this.#find = createRouter(routes)
    this.#authorize = createRequestAccess(access)
    const bodyTimeoutMs = Math.max(0, ...routes.map((route) => route.bodyTimeoutMs ?? 0))
    this.#waitsForBodies = bodyTimeoutMs > limits.requestTimeoutMs
    const options = {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: Math.max(limits.requestTimeoutMs, bodyTimeoutMs),
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 1_000),
      maxHeaderSize: limits.headerBytesMax,
    }
    this.#server = tls === undefined ? createServer(options) : createSecureServer(options, tls)
    this.connections = limitHttpConnections(this.#server, limits)
    // Neither promise rejects: #handle catches everything.
    this.#server.on('request', (request, response) => void this.#handle(request, response, false))
    this.#server.on(
      'checkContinue',
      (request, response) => void this.#handle(request, response, true),
    )
    this.#server.on('clientError', (error, socket) => this.#refuseGarbage(error, socket))
  }

  start(address: ListenAddress): Promise<ListenAddress> {
    this.#listenHost = address.host
    return listen(this.#server, address)
  }

  stopAccepting(): void {
    this.#isAccepting = false
    this.#server.close()
  }

  async shutdown(deadlineMs: number): Promise<void> {
    const { time } = this.#settings
    this.stopAccepting()
    const endMs = time.monotonicMs() + deadlineMs
    // Connections fall idle as their answers go out.
    while ((await this.#countConnections()) > 0 && time.monotonicMs() < endMs) {
      this.#server.closeIdleConnections()
      // Node leaves out those that a client has opened and not used yet.
      for (const socket of this.connections.connections) {
        if (!this.#responses.has(socket)) socket.destroy()
      }
      await pause(time, shutdownPollMs)
    }
    this.#server.closeAllConnections()
  }

  #countConnections(): Promise<number> {
    return new Promise((resolve) => this.#server.getConnections((_error, count) => resolve(count)))
  }

  async #handle(
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ): Promise<void> {
    this.#responses.set(request.socket, response)
    // A connection that breaks is seen by who reads the body; without listeners the errors would
    // be thrown.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    let identity = ''
    let outcome: Reply | Refusal | undefined
    try {
      const admitted = this.#admit(request, response)
      if (admitted === 'answered') return
      if ('authorization' in admitted) {
        const { authorization, found } = admitted
        if (authorization.status === 'allowed') identity = authorization.identity
        if (found.route.bodyTimeoutMs === undefined) this.#boundBody(request, response)
        const isAsked = expectsContinue && found.route.takesBody !== true
        if (isAsked) response.writeContinue()
        outcome = await found.route.handle({
          request,
          response,
          authorization,
          parameters: found.parameters,
          path: pathOf(request),
          query: new URLSearchParams(queryOf(request)),
          allowBody: () => {
            if (expectsContinue && !isAsked) response.writeContinue()
          },
        })
      } else outcome = admitted
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      outcome = { code: 'failed', message: `The service failed: ${message}` }
    }
    // What came too late for the client has been answered already.
    if (outcome === undefined || response.headersSent) return
    if (!this.#isAccepting) response.setHeader('Connection', 'close')
    if (isRefusal(outcome)) this.#refuse(request, response, outcome, identity)
    else {
      if (!request.complete) request.resume()
      sendReply(request, response, outcome)
    }
  }

  /** Where some routes take their time for bodies, Node waits as long for those of all others. */
  #boundBody(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#waitsForBodies) return
    const { limits, time } = this.#settings
    const timer = time.after(limits.requestTimeoutMs, () => {
      if (request.complete) return
      const error = Object.assign(new Error('Too slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' })
      this.#refuseGarbage(error, request.socket)
    })
    response.once('close', () => timer.cancel())
    request.once('end', () => timer.cancel())
  }

  /** Checks all that can be known before the body. */
  #admit(
    request: IncomingMessage,
    response: ServerResponse,
  ): { readonly authorization: Authorization; readonly found: FoundRoute } | Refusal | 'answered' {
    const { access, cors, refusesOtherSites } = this.#settings
    // Who must show a token or a certificate was not misled by a page.
    if (!access.isRestricted && !isHostServed(request.headers.host, this.#listenHost)) {
      return foreignHost(request.headers.host)
    }
    const found = this.#find(pathOf(request))
    // Before the check of who asks: browsers send no token with it.
    const methods = found.flatMap(({ route }) => route.methods)
    if (cors?.answersPreflight(request, response, methods) === true) return 'answered'
    cors?.mark(request, response)
    const authorization = this.#authorize(request)
    const right = found.find(({ route }) => route.methods.includes(request.method ?? ''))
    if (authorization.status === 'refused' && (right ?? found[0])?.route.isOpen !== true) {
      return unauthenticated(authorization)
    }
    if (right !== undefined) {
      const foreign = refusesOtherSites === true ? foreignSite(request.headers) : undefined
      if (foreign !== undefined && right.route.isForOtherSites !== true) return foreign
      return { authorization, found: right }
    }
    return found.length > 0 ? wrongMethod(request, methods) : this.#notFound(request)
  }

  #notFound(request: IncomingMessage): Refusal {
    const paths = [...new Set(this.#settings.routes.map(({ path }) => path))].join(', ')
    const message = `There is no "${pathOf(request)}" here; there are ${paths}`
    return { code: 'not_found', message }
  }

  #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    refusal: Refusal,
    identity: string,
  ): void {
    const { limits, onRefused } = this.#settings
    if (!this.#timedOut.has(request)) onRefused?.(refusal, request, identity)
    if (refusal.headers?.['Connection'] === 'close') {
      // Reading the rest would cost as much as taking it.
      response.once('finish', () => request.destroy())
    } else discard(request, Math.max(limits.requestBytesMax, discardedBytesLeast))
    sendReply(request, response, this.#toReply(refusal, request))
  }

  #toReply(refusal: Refusal, request?: IncomingMessage): Reply {
    const reply = (this.#settings.toReply ?? problemDetails)(refusal, request)
    return { ...reply, headers: { ...reply.headers, ...refusal.headers } }
  }

  /** What is not HTTP, or does not come in time: there is no response object for it. */
  #refuseGarbage(error: Error & { readonly code?: string }, socket: Duplex): void {
    const response = this.#responses.get(socket)
    const isReset = error.code === 'ECONNRESET' || !socket.writable
    const refusal = this.#toRefusal(error)
    if (!isReset) this.#countGarbage(socket, refusal)
    if (isReset || (response?.headersSent === true && !response.writableFinished)) {
      socket.destroy()
      return
    }
    const { body, contentType, status } = this.#toReply(refusal)
    const bytes = Buffer.from(body)
    socket.write(
      `HTTP/1.1 ${status} ${statusTexts[status] ?? ''}\r\nConnection: close\r\n` +
        `Content-Type: ${contentType}\r\nContent-Length: ${bytes.length}\r\n\r\n`,
    )
    socket.end(bytes)
  }

  #toRefusal(error: Error & { readonly code?: string }): Refusal {
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      return { code: 'timeout', message: 'The request did not arrive in time' }
    }
    if (error.code === 'HPE_HEADER_OVERFLOW') {
      const { headerBytesMax } = this.#settings.limits
      const message = `The head of the request has more than ${headerBytesMax} bytes`
      return { code: 'head_too_large', message }
    }
    if (isHttp2(error)) {
      return { code: 'malformed', message: this.#settings.http2Message ?? http2Message }
    }
    const cure = error.code === 'HPE_INVALID_URL' ? '; percent-encode what is not ASCII in it' : ''
    return { code: 'malformed', message: `${error.message}${cure}` }
  }

  /** Counts a request that ended in an error of its connection, once. */
  #countGarbage(socket: Duplex, refusal: Refusal): void {
    const { onGarbage, onRefused } = this.#settings
    const request = this.#responses.get(socket)?.req
    if (request === undefined || request.complete) {
      onGarbage?.(refusal, socket instanceof Socket ? (socket.remoteAddress ?? '') : '')
      return
    }
    // A body that breaks off is counted where it is read.
    if (refusal.code !== 'timeout') return
    onRefused?.(refusal, request, '')
    this.#timedOut.add(request)
  }
}

function createSecureServer(options: ServerOptions, tls: DoorTls): Server {
  const server = createTlsServer({ ...options, ...tls.options })
  tls.serve(server)
  return server
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/** Whether the bytes are the preface with which every HTTP/2 connection opens, gRPC's as well. */
function isHttp2(error: Error): boolean {
  const { rawPacket } = error as { readonly rawPacket?: unknown }
  return (
    rawPacket instanceof Buffer && rawPacket.subarray(0, 14).toString('latin1') === 'PRI * HTTP/2.0'
  )
}

function foreignHost(host: string | undefined): Refusal {
  const message = `The Host "${host}" is not this machine: send to localhost or 127.0.0.1`
  return { code: 'foreign_host', message }
}

function unauthenticated({
  challenge,
  message,
}: Extract<Authorization, { readonly status: 'refused' }>): Refusal {
  const headers: Record<string, string> = challenge === '' ? {} : { 'WWW-Authenticate': challenge }
  return { code: 'unauthenticated', message, headers }
}

function wrongMethod({ method = '' }: IncomingMessage, methods: readonly string[]): Refusal {
  const message = `The method is ${method}; send ${methods.join(' or ')}`
  return { code: 'wrong_method', message, headers: { Allow: methods.join(', ') } }
}

function queryOf({ url = '' }: IncomingMessage): string {
  const start = url.indexOf('?')
  return start < 0 ? '' : url.slice(start + 1)
}

/**
 * Throws away what is still coming of a refused request as it arrives, so that the client reads the
 * answer instead of a reset. A client that goes on and on loses its connection; the request
 * time-out ends what never ends.
 */
function discard(request: IncomingMessage, bytesMax: number): void {
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) request.destroy()
  })
}
