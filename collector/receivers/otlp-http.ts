// OTLP/HTTP: one request per POST, protobuf or JSON by its content type. Everything that is wrong
// is answered with a google.rpc.Status in the encoding of the request; the connection lives on
// where that is possible.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { isHostServed, limitHttpConnections, type ListenAddress, pathOf } from '@wayward/base'
import type { Authorization } from '../access/access.ts'
import { createHttpAccess } from '../access/http-access.ts'
import type { ConsumeOutcome, Encoding, Sender, Signal } from '../consumer.ts'
import { listen } from '../access/listen-address.ts'
import { countRequest, observeConnections, type RequestStatus } from '../telemetry/telemetry.ts'
import { createServer } from '../tls/http-server.ts'
import { type Compression, httpCompressions } from './compression.ts'
import { encodeExportResponse, encodeStatus, rpcCode, type RpcStatus } from './export-response.ts'
import { createHttpBodyReader, type HttpBodyReader } from './http-body.ts'
import {
  chunksMessage,
  consumeRequest,
  noRoomMessage,
  noRoomRetryAfterMs,
  type Receiver,
  type ReceiverParts,
} from './receiver.ts'

/** A refusal in HTTP's words. */
interface HttpRefusal {
  readonly httpStatus: number
  readonly rpcStatus: RpcStatus
  readonly requestStatus: RequestStatus
  /** Of the sender, where it is known by then. */
  readonly identity?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A request whose head is in order. */
interface ExportHead {
  readonly signal: Signal
  readonly encoding: Encoding
  /** Undefined where the body is not compressed. */
  readonly compression: Compression | undefined
  readonly identity: string
}

const receiverName = 'otlp_http'
/** What is announced beyond this is no request. */
const announcedBytesMax = 2 ** 40
/**
 * So much of a refused request is read to its end in any case: clients fail whose writing is reset.
 */
const discardedBytesLeast = 1024 * 1024
const abortedMessage = 'The sender broke the request off'
const shutdownPollMs = 10
const signals: Readonly<Record<string, Signal>> = {
  '/v1/traces': 'traces',
  '/v1/logs': 'logs',
  '/v1/metrics': 'metrics',
}
const contentTypes: Readonly<Record<Encoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
}

export function createOtlpHttpReceiver(parts: ReceiverParts): Receiver {
  return new OtlpHttpReceiver(parts)
}

class OtlpHttpReceiver implements Receiver {
  readonly #parts: ReceiverParts
  readonly #bodyReader: HttpBodyReader
  readonly #server: Server
  readonly #authorize: (request: IncomingMessage) => Authorization
  /**
   * The response that is being made on a connection, to know whether an error may still be written.
   */
  readonly #responses = new WeakMap<Duplex, ServerResponse>()
  /** Requests that timed out: their end is seen a second time, as a connection that breaks. */
  readonly #timedOut = new WeakSet<IncomingMessage>()
  #isAccepting = true
  #listenHost = ''

  constructor(parts: ReceiverParts) {
    const { limits } = parts
    this.#parts = parts
    this.#bodyReader = createHttpBodyReader(parts)
    this.#authorize = createHttpAccess(parts.access)
    const serverOptions = {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 1_000),
      maxHeaderSize: limits.headerBytesMax,
    }
    this.#server = createServer(serverOptions, parts.tls)
    const limit = limitHttpConnections(this.#server, limits)
    observeConnections(parts.telemetry, receiverName, limit)
    // Neither promise rejects: #handle catches everything.
    this.#server.on('request', (request, response) => void this.#handle(request, response, false))
    this.#server.on(
      'checkContinue',
      (request, response) => void this.#handle(request, response, true),
    )
    this.#server.on('clientError', (error, socket) => this.#refuseBytes(error, socket))
  }

  async start(address: ListenAddress): Promise<ListenAddress> {
    this.#listenHost = address.host
    const bound = await listen(this.#server, address, '--otlp-http')
    this.#server.on('error', () => {
      // An error of the listening socket after the start concerns single connections (too many open
      // files): the others go on, and the client sees its connection refused.
    })
    return bound
  }

  stopAccepting(): void {
    this.#isAccepting = false
    this.#server.close()
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.stopAccepting()
    const endMs = performance.now() + deadlineMs
    // Connections fall idle as their answers go out.
    while ((await this.#countConnections()) > 0 && performance.now() < endMs) {
      this.#server.closeIdleConnections()
      await sleep(shutdownPollMs)
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
    // A connection that breaks is seen by the body reader; without listeners the errors would be
    // thrown.
    request.on('error', () => undefined)
    response.on('error', () => undefined)
    try {
      const head = this.#checkHead(request, response)
      if (head === 'answered') return
      if ('httpStatus' in head) {
        this.#refuse(request, response, head)
        return
      }
      if (expectsContinue) response.writeContinue()
      await this.#handleBody(request, response, head)
    } catch (error) {
      // Nothing above throws; were it to, the sender is told, and the service goes on.
      const message = error instanceof Error ? error.message : String(error)
      this.#refuse(request, response, {
        httpStatus: 500,
        rpcStatus: { code: rpcCode.internal, message: `The collector failed: ${message}` },
        requestStatus: 'aborted',
      })
    }
  }

  /** Checks all that can be known before the body. */
  #checkHead(
    request: IncomingMessage,
    response: ServerResponse,
  ): ExportHead | HttpRefusal | 'answered' {
    const { access, cors, limits } = this.#parts
    // Who must show a token or a certificate was not misled by a page.
    if (!access.isRestricted && !isHostServed(request.headers.host, this.#listenHost)) {
      return foreignHost(request.headers.host)
    }
    // Before the check of who sends: browsers send no token with it.
    if (cors?.answersPreflight(request, response) === true) return 'answered'
    cors?.mark(request, response)
    const authorization = this.#authorize(request)
    if (authorization.status === 'refused') return unauthenticated(authorization)
    const head = checkHead(request, limits.requestBytesMax)
    return { ...head, identity: authorization.identity }
  }

  async #handleBody(
    request: IncomingMessage,
    response: ServerResponse,
    { signal, encoding, compression, identity }: ExportHead,
  ): Promise<void> {
    const refuse = (refusal: HttpRefusal): void =>
      this.#refuse(request, response, { ...refusal, identity })
    // Before the body: of a connection that broke nobody knows the address.
    const sender = senderOf(request, identity)
    const read = await this.#bodyReader.read(request, compression)
    switch (read.status) {
      case 'aborted':
        this.#count(request, sender, 'aborted', abortedMessage)
        return
      case 'too_large':
        refuse(tooLarge(this.#parts.limits.requestBytesMax))
        return
      case 'too_many_chunks':
        refuse(tooManyChunks)
        // Reading the rest of them would cost as much as taking them.
        response.once('finish', () => request.destroy())
        return
      case 'no_room':
        refuse(overloaded(noRoomRetryAfterMs, noRoomMessage))
        return
      case 'corrupt':
        refuse(malformed(`The ${compression ?? ''} body is corrupt: ${read.message}`))
        return
      case 'read':
        break
    }
    const consumed = consumeRequest(this.#parts, {
      signal,
      encoding,
      body: read.body,
      sender,
    })
    read.release()
    return this.#answer(response, signal, encoding, consumed)
  }

  async #answer(
    response: ServerResponse,
    signal: Signal,
    encoding: Encoding,
    consumed: Promise<ConsumeOutcome>,
  ): Promise<void> {
    const outcome = await consumed
    if (!this.#isAccepting) response.setHeader('Connection', 'close')
    switch (outcome.status) {
      case 'accepted': {
        const { rejectedItems, message } = outcome
        send(
          response,
          200,
          encoding,
          encodeExportResponse(signal, encoding, rejectedItems, message),
        )
        return
      }
      case 'malformed':
        sendRefusal(response, encoding, malformed(outcome.message))
        return
      case 'overloaded':
        sendRefusal(response, encoding, overloaded(outcome.retryAfterMs, outcome.message))
        return
      case 'unavailable':
        sendRefusal(response, encoding, unavailable(outcome.retryAfterMs, outcome.message))
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refusal: HttpRefusal): void {
    const { identity = '', requestStatus, rpcStatus } = refusal
    this.#count(request, senderOf(request, identity), requestStatus, rpcStatus.message)
    discard(request, Math.max(this.#parts.limits.requestBytesMax, discardedBytesLeast))
    sendRefusal(response, encodingOf(request) ?? 'json', refusal)
  }

  #count(request: IncomingMessage, sender: Sender, status: RequestStatus, message: string): void {
    if (this.#timedOut.has(request)) return
    const signal = signals[pathOf(request)]
    const refused = { bytes: announcedBytes(request), message }
    countRequest(this.#parts.telemetry, sender, signal, status, refused)
  }

  /** Counts a request that ended in an error of its connection, once. */
  #countBytes(socket: Duplex, status: 'timeout' | 'malformed', message: string): void {
    const request = this.#responses.get(socket)?.req
    if (request === undefined || request.complete) {
      const address = socket instanceof Socket ? (socket.remoteAddress ?? '') : ''
      const sender = { receiver: receiverName, address, agent: '', identity: '' } as const
      countRequest(this.#parts.telemetry, sender, undefined, status, { message })
      return
    }
    // A body that breaks off is counted where it is read.
    if (status === 'malformed') return
    this.#count(request, senderOf(request, ''), status, message)
    this.#timedOut.add(request)
  }

  /** What is not HTTP, or does not come in time: there is no response object for it. */
  #refuseBytes(error: Error & { readonly code?: string }, socket: Duplex): void {
    const response = this.#responses.get(socket)
    const isTimeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
    const isReset = error.code === 'ECONNRESET' || !socket.writable
    const message = isTimeout
      ? 'The request did not arrive in time'
      : isHttp2(error)
        ? 'This is gRPC or HTTP/2, which is not spoken here; send it to the address of OTLP/gRPC ' +
          '(--otlp-grpc, port 4317 by default), or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf'
        : error.message
    if (!isReset) this.#countBytes(socket, isTimeout ? 'timeout' : 'malformed', message)
    if (isReset || (response?.headersSent === true && !response.writableFinished)) {
      socket.destroy()
      return
    }
    const line = isTimeout
      ? '408 Request Timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : '400 Bad Request'
    const body = encodeStatus('json', {
      code: isTimeout ? rpcCode.deadlineExceeded : rpcCode.invalidArgument,
      message,
    })
    socket.end(
      `HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Type: ${contentTypes.json}\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body.toString()}`,
    )
  }
}

/** Whether the bytes are the preface with which every HTTP/2 connection opens, gRPC's as well. */
function isHttp2(error: Error): boolean {
  const { rawPacket } = error as { readonly rawPacket?: unknown }
  return (
    rawPacket instanceof Buffer && rawPacket.subarray(0, 14).toString('latin1') === 'PRI * HTTP/2.0'
  )
}

/** Checks what the head asks for. */
function checkHead(
  request: IncomingMessage,
  bytesMax: number,
): Omit<ExportHead, 'identity'> | HttpRefusal {
  const path = pathOf(request)
  const signal = signals[path]
  if (signal === undefined) return notFound(path)
  if (request.method !== 'POST') return wrongMethod(request.method ?? '')
  const encoding = encodingOf(request)
  if (encoding === undefined) {
    const seen = request.headers['content-type'] ?? ''
    return refusal(
      415,
      rpcCode.invalidArgument,
      `Content-Type is "${seen}"; send ${contentTypes.protobuf} or ${contentTypes.json}`,
    )
  }
  const name = (request.headers['content-encoding'] ?? '').trim().toLowerCase()
  const compression = httpCompressions.get(name)
  if (compression === undefined && name !== '' && name !== 'identity') {
    return unknownCompression(name)
  }
  const length = request.headers['content-length']
  if (length === undefined && request.headers['transfer-encoding'] === undefined) {
    const message = 'The length of the body is missing; send Content-Length or chunks'
    return refusal(411, rpcCode.invalidArgument, message)
  }
  if (Number(length ?? 0) > bytesMax) return tooLarge(bytesMax)
  return { signal, encoding, compression }
}

/** The encoding that the content type names, whatever its case and parameters. */
function encodingOf(request: IncomingMessage): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === contentTypes.protobuf) return 'protobuf'
  return type === contentTypes.json ? 'json' : undefined
}

function refusal(httpStatus: number, code: number, message: string): HttpRefusal {
  return { httpStatus, rpcStatus: { code, message }, requestStatus: 'unsupported' }
}

function unknownCompression(name: string): HttpRefusal {
  const names = [...httpCompressions.keys()].join(', ')
  const message = `Content-Encoding is "${name}"; send one of ${names}, or none`
  return {
    ...refusal(415, rpcCode.invalidArgument, message),
    headers: { 'Accept-Encoding': names },
  }
}

function notFound(path: string): HttpRefusal {
  const paths = Object.keys(signals).join(', ')
  return refusal(404, rpcCode.notFound, `There is no "${path}" here; send to one of ${paths}`)
}

function foreignHost(host: string | undefined): HttpRefusal {
  const message = `The Host "${host}" is not this machine: send to localhost or 127.0.0.1`
  return { ...refusal(403, rpcCode.unauthenticated, message), requestStatus: 'unauthenticated' }
}

function wrongMethod(method: string): HttpRefusal {
  const message = `The method is ${method}; send POST`
  return { ...refusal(405, rpcCode.unimplemented, message), headers: { Allow: 'POST' } }
}

function tooLarge(bytesMax: number): HttpRefusal {
  const message = `The request has more than ${bytesMax} bytes; send smaller batches`
  return {
    httpStatus: 413,
    rpcStatus: { code: rpcCode.resourceExhausted, message },
    requestStatus: 'too_large',
  }
}

const tooManyChunks: HttpRefusal = {
  httpStatus: 413,
  rpcStatus: { code: rpcCode.resourceExhausted, message: chunksMessage },
  requestStatus: 'too_large',
  headers: { Connection: 'close' },
}

function unauthenticated({
  message,
  challenge,
}: Extract<Authorization, { readonly status: 'refused' }>): HttpRefusal {
  return {
    httpStatus: 401,
    rpcStatus: { code: rpcCode.unauthenticated, message },
    requestStatus: 'unauthenticated',
    headers: challenge === '' ? {} : { 'WWW-Authenticate': challenge },
  }
}

function malformed(message: string): HttpRefusal {
  return {
    httpStatus: 400,
    rpcStatus: { code: rpcCode.invalidArgument, message },
    requestStatus: 'malformed',
  }
}

function overloaded(retryAfterMs: number, message: string): HttpRefusal {
  return {
    httpStatus: 429,
    rpcStatus: { code: rpcCode.resourceExhausted, message, retryAfterMs },
    requestStatus: 'overloaded',
    headers: retryAfter(retryAfterMs),
  }
}

function unavailable(retryAfterMs: number, message: string): HttpRefusal {
  return {
    httpStatus: 503,
    rpcStatus: { code: rpcCode.unavailable, message, retryAfterMs },
    requestStatus: 'unavailable',
    headers: retryAfter(retryAfterMs),
  }
}

/**
 * The header has whole seconds; rounded by chance, those who were refused together still come
 * apart.
 */
function retryAfter(retryAfterMs: number): Readonly<Record<string, string>> {
  return { 'Retry-After': String(Math.max(1, Math.floor(retryAfterMs / 1000 + Math.random()))) }
}

/** Bytes of the body as its head announces them; 0 where it does not, or announces nonsense. */
function announcedBytes(request: IncomingMessage): number {
  const bytes = Number(request.headers['content-length'] ?? 0)
  return bytes < announcedBytesMax ? bytes : 0
}

function senderOf(request: IncomingMessage, identity: string): Sender {
  const address = request.socket.remoteAddress ?? ''
  return { receiver: receiverName, address, agent: request.headers['user-agent'] ?? '', identity }
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

function sendRefusal(response: ServerResponse, encoding: Encoding, refusal: HttpRefusal): void {
  for (const [name, value] of Object.entries(refusal.headers ?? {})) response.setHeader(name, value)
  send(response, refusal.httpStatus, encoding, encodeStatus(encoding, refusal.rpcStatus))
}

function send(response: ServerResponse, status: number, encoding: Encoding, body: Buffer): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'Content-Type': contentTypes[encoding],
    'Content-Length': body.length,
  })
  response.end(body)
}
