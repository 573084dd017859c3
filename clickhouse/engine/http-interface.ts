// The ClickHouse HTTP interface: routes on the one door, answered in ClickHouse's words.
import {
  createDoor,
  type Door,
  type Exchange,
  openAccess,
  pathOf,
  type Refusal,
  type RefusalCode,
  refusalStatus,
  type Reply,
  type Route,
  systemTime,
} from '@wayward/base'
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { ErrorName } from '../error-codes.ts'
import { authenticate } from './account.ts'
import { ClickhouseException, exceptionFrom } from './exception.ts'
import type { EngineLimits } from './limits.ts'
import type { QueryHandler } from './query-handler.ts'
import { type AnswerCoding, answerCoding } from './request.ts'
import { exceptionHeaders, type ServerIdentity, sendException } from './response.ts'

export interface HttpInterfaceSettings {
  readonly writerToken: string
  readonly limits: EngineLimits
  readonly identity: ServerIdentity
  readonly handler: QueryHandler
}

/**
 * Longer than clients keep idle sockets (2.5 s in @clickhouse/client), so that they close first.
 */
const keepAliveTimeoutMs = 10_000
const headersTimeoutMs = 30_000

const ok: Reply = { status: 200, contentType: 'text/plain; charset=UTF-8', body: 'Ok.\n' }
const probes: readonly Route[] = ['/ping', '/replicas_status'].map((path) => ({
  path,
  methods: ['GET', 'HEAD'],
  handle: () => Promise.resolve(ok),
}))

/** Creates the engine's listener. */
export function createHttpInterface(settings: HttpInterfaceSettings): Door {
  const { identity, limits } = settings
  return createDoor({
    limits: {
      connectionsMax: limits.socketsMax,
      answerTimeoutMs: limits.answerMsMax,
      headersTimeoutMs,
      requestTimeoutMs: limits.requestMsMax,
      keepAliveTimeoutMs,
      headerBytesMax: limits.headerBytesMax,
      requestBytesMax: limits.queryBytesMax,
    },
    routes: [
      ...probes,
      {
        path: '/',
        methods: ['GET', 'HEAD', 'POST'],
        handle: (exchange) => query(settings, exchange),
      },
    ],
    // Who asks is known by the account, which ClickHouse's clients send in many ways.
    access: openAccess,
    tls: undefined,
    cors: undefined,
    time: systemTime,
    toReply: (refusal, request) => toReply(refusal, request, identity),
    http2Message: 'This is HTTP/2; ClickHouse is asked by HTTP/1.1',
  })
}

async function query(
  settings: HttpInterfaceSettings,
  { request, response, query: parameters }: Exchange,
): Promise<Reply | undefined> {
  const { handler, identity, writerToken } = settings
  const { headers, method } = request
  let coding: AnswerCoding = { encoding: undefined, frames: undefined }
  let queryId = String(headers['x-clickhouse-query-id'] ?? randomUUID())
  try {
    queryId = parameters.get('query_id') || queryId
    coding = answerCoding(request, parameters)
    if (method !== 'POST' && !parameters.get('query')) return ok
    if (method === 'POST') requireLength(request)
    const account = authenticate(headers, parameters, writerToken)
    await handler.handle(request, response, account, parameters, queryId)
  } catch (error) {
    if (response.headersSent || response.destroyed) {
      response.destroy()
      return undefined
    }
    // What is left of a body that was refused is not waited for.
    if (!request.complete) response.setHeader('Connection', 'close')
    await sendException(response, identity, exceptionFrom(error), queryId, coding)
    if (!request.complete) request.resume()
  }
  return undefined
}

function requireLength({ headers }: IncomingMessage): void {
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) return
  throw new ClickhouseException(
    'HTTP_LENGTH_REQUIRED',
    "The Transfer-Encoding is not 'chunked' and there is no Content-Length header for POST request",
    411,
  )
}

/** ClickHouse's names of what the door refuses; what is not here is `BAD_ARGUMENTS`. */
const errorNames: Readonly<Partial<Record<RefusalCode, ErrorName>>> = {
  foreign_host: 'AUTHENTICATION_FAILED',
  timeout: 'NETWORK_ERROR',
  failed: 'STD_EXCEPTION',
}

function toReply(
  { code, message }: Refusal,
  request: IncomingMessage | undefined,
  identity: ServerIdentity,
): Reply {
  const isMethod = code === 'wrong_method'
  const exception = new ClickhouseException(
    errorNames[code] ?? 'BAD_ARGUMENTS',
    code === 'not_found' && request !== undefined ? notFound(request) : message,
    // As a server says it of a method that it does not know.
    isMethod ? 501 : refusalStatus[code],
  )
  return {
    status: exception.status,
    contentType: 'text/plain; charset=UTF-8',
    body: exception.text(identity.version),
    headers: exceptionHeaders(exception, identity),
  }
}

function notFound(request: IncomingMessage): string {
  return (
    `There is nothing at "${pathOf(request)}": queries go to "/", ` +
    'and there are "/ping" and "/replicas_status"'
  )
}
