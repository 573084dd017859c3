import { isHostServed, limitHttpConnections } from '@wayward/base'
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { authenticate } from './account.ts'
import { EngineError } from './engine-error.ts'
import { ClickhouseException, exceptionFrom } from './exception.ts'
import type { EngineLimits } from './limits.ts'
import type { QueryHandler } from './query-handler.ts'
import { type AnswerCoding, answerCoding } from './request.ts'
import { type ServerIdentity, sendException, sendText } from './response.ts'

/** The ClickHouse HTTP interface. */
export interface HttpServer {
  /** @returns the port @throws EngineError */
  start(): Promise<number>
  /** Takes no more requests; resolves when the open ones are answered. */
  drain(): Promise<void>
  /** Closes what is still open. */
  stop(): void
}

export interface HttpServerSettings {
  readonly listen: { readonly host: string; readonly port: number }
  readonly writerToken: string
  readonly limits: EngineLimits
  readonly identity: ServerIdentity
  readonly handler: QueryHandler
}

/**
 * Longer than clients keep idle sockets (2.5 s in @clickhouse/client), so that they close first.
 */
const keepAliveMs = 10_000
const idleCheckMs = 20

export function createHttpServer(settings: HttpServerSettings): HttpServer {
  const { limits } = settings
  const busySockets = new Set<Socket>()
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: 30_000,
      requestTimeout: limits.requestMsMax,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: 5_000,
    },
    (request, response) => {
      const { socket } = request
      busySockets.add(socket)
      response.once('close', () => busySockets.delete(socket))
      // Never rejects: every error becomes an answer.
      void answer(settings, request, response)
    },
  )
  const { connections } = limitHttpConnections(server, {
    connectionsMax: limits.socketsMax,
    answerTimeoutMs: limits.answerMsMax,
  })
  server.on('clientError', refuseGarbage)
  return {
    start: () => listen(server, settings.listen),
    async drain() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // Connections become idle one by one, and would stay open for the time of their keep-alive.
      // Node's own closeIdleConnections() leaves out those that a client has opened but not used
      // yet.
      const timer = setInterval(() => {
        for (const socket of connections) if (!busySockets.has(socket)) socket.destroy()
      }, idleCheckMs)
      await closed
      clearInterval(timer)
    },
    stop: () => server.closeAllConnections(),
  }
}

async function answer(
  settings: HttpServerSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { identity } = settings
  let coding: AnswerCoding = { encoding: undefined, frames: undefined }
  let queryId = String(request.headers['x-clickhouse-query-id'] ?? randomUUID())
  try {
    refuseForeignHost(request, settings.listen.host)
    const url = parseUrl(request)
    queryId = url.searchParams.get('query_id') || queryId
    coding = answerCoding(request, url.searchParams)
    await route(settings, request, response, url, queryId)
  } catch (error) {
    if (response.headersSent || response.destroyed) return void response.destroy()
    // What is left of a body that was refused is not waited for.
    if (!request.complete) response.setHeader('Connection', 'close')
    await sendException(response, identity, exceptionFrom(error), queryId, coding)
    if (!request.complete) request.resume()
  }
}

async function route(
  settings: HttpServerSettings,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  queryId: string,
): Promise<void> {
  const { method = '', headers } = request
  const isReading = method === 'GET' || method === 'HEAD'
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') {
    if (!isReading) throw methodRefused(method)
    return sendText(response, 'Ok.\n')
  }
  if (url.pathname !== '/') {
    throw new ClickhouseException(
      'BAD_ARGUMENTS',
      `There is nothing at "${url.pathname}": queries go to "/", and there are "/ping" and "/replicas_status"`,
      404,
    )
  }
  if (!isReading && method !== 'POST') throw methodRefused(method)
  if (isReading && !url.searchParams.get('query')) return sendText(response, 'Ok.\n')
  if (
    method === 'POST' &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined
  ) {
    throw new ClickhouseException(
      'HTTP_LENGTH_REQUIRED',
      "The Transfer-Encoding is not 'chunked' and there is no Content-Length header for POST request",
      411,
    )
  }
  const account = authenticate(headers, url.searchParams, settings.writerToken)
  await settings.handler.handle(request, response, account, url.searchParams, queryId)
}

function parseUrl(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'http://engine')
  } catch (error) {
    throw new ClickhouseException(
      'BAD_ARGUMENTS',
      `The address "${request.url}" of the request is not a URL: ${String(error)}`,
    )
  }
}

function methodRefused(method: string): ClickhouseException {
  return new ClickhouseException(
    'BAD_ARGUMENTS',
    `The method ${method} is not supported: use GET to read, POST for everything`,
    501,
  )
}

/** A page in a person's browser must not get in by giving its own name this address. */
function refuseForeignHost(request: IncomingMessage, listenHost: string): void {
  const { host } = request.headers
  if (isHostServed(host, listenHost)) return
  throw new ClickhouseException(
    'AUTHENTICATION_FAILED',
    `The Host "${host}" is not this machine: ask for localhost or 127.0.0.1`,
    403,
  )
}

/** What is not HTTP, or has headers without end. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request'
  const cure = error.code === 'HPE_INVALID_URL' ? '; percent-encode what is not ASCII in it' : ''
  const body = `This is no request of HTTP/1.1 that can be read: ${error.message}${cure}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

function listen(
  server: Server,
  address: { readonly host: string; readonly port: number },
): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, address)))
    server.listen(address.port, address.host, () => {
      const bound = server.address()
      resolve(typeof bound === 'object' && bound !== null ? bound.port : address.port)
    })
  })
}

function listenError(
  error: NodeJS.ErrnoException,
  { host, port }: { readonly host: string; readonly port: number },
): EngineError {
  if (error.code === 'EADDRINUSE') {
    return new EngineError(
      'port_in_use',
      `The port ${port} on ${host} is in use by another program: stop it, or choose another port (0 picks a free one)`,
      { cause: error },
    )
  }
  return new EngineError(
    'address_unavailable',
    `Cannot listen on ${host}:${port} (${error.code ?? error.message}): choose an address of this machine ` +
      'and a port that this user may open',
    { cause: error },
  )
}
