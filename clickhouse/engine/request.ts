import type { IncomingMessage } from 'node:http'
import { type AnswerEncoding, chooseEncoding } from './answer-encoding.ts'
import { type FrameMethod, hasZstd } from './compressed-frames.ts'
import { databaseName } from './database.ts'
import { ClickhouseException } from './exception.ts'

/** How the client wants its answer compressed. */
export interface AnswerCoding {
  /** By HTTP, around the other. */
  readonly encoding: AnswerEncoding | undefined
  /** By ClickHouse itself. */
  readonly frames: FrameMethod | undefined
}

/** What a request to `/` asks for, but for its body. */
export interface QueryRequest {
  /** The statement, or its beginning, from the URL. */
  readonly urlQuery: string
  readonly queryId: string
  readonly database: string
  readonly format: string
  readonly mustOnlyRead: boolean
  readonly contentEncoding: string
  readonly isFormData: boolean
  readonly coding: AnswerCoding
  /** Of the format Native, as the client reads it. */
  readonly revision: number
  readonly isBodyFramed: boolean
  readonly settings: ReadonlyMap<string, string>
  readonly parameters: ReadonlyMap<string, string>
}

/** URL parameters that have a meaning of their own; all others are settings. */
const ownParameters: ReadonlySet<string> = new Set([
  'query',
  'database',
  'default_format',
  'user',
  'password',
  'quota_key',
  'query_id',
  'session_id',
  'session_timeout',
  'session_check',
  'close_session',
  'role',
  'buffer_size',
  'stacktrace',
  'client_protocol_version',
  'compress',
  'decompress',
])

/** @throws ClickhouseException */
export function parseQueryRequest(
  request: IncomingMessage,
  parameters: URLSearchParams,
  queryId: string,
): QueryRequest {
  const { headers } = request
  if (parameters.get('session_check') === '1') {
    const id = parameters.get('session_id') ?? ''
    throw new ClickhouseException(
      372,
      'SESSION_NOT_FOUND',
      `Session ${id} not found: none is kept here`,
      404,
    )
  }
  if (parameters.has('role')) {
    throw new ClickhouseException(
      48,
      'NOT_IMPLEMENTED',
      'A role cannot be chosen here: there are the reading account and the writing one',
    )
  }
  const settings = new Map<string, string>()
  const values = new Map<string, string>()
  for (const [name, value] of parameters) {
    if (name.startsWith('param_')) values.set(name.slice('param_'.length), value)
    else if (!ownParameters.has(name)) settings.set(name, value)
  }
  return {
    urlQuery: parameters.get('query') ?? '',
    queryId,
    database:
      parameters.get('database') || String(headers['x-clickhouse-database'] ?? databaseName),
    format:
      parameters.get('default_format') ||
      String(headers['x-clickhouse-format'] ?? '') ||
      'TabSeparated',
    mustOnlyRead: request.method === 'GET' || request.method === 'HEAD',
    contentEncoding: (headers['content-encoding'] ?? 'identity').toLowerCase(),
    isFormData: /^multipart\/form-data\b/i.test(headers['content-type'] ?? ''),
    coding: answerCoding(request, parameters),
    revision: parseRevision(parameters.get('client_protocol_version') ?? ''),
    isBodyFramed: parameters.get('decompress') === '1',
    settings,
    parameters: values,
  }
}

/** HTTP's own needs both: the client knows how, and asks for it, as ClickHouse wants it. */
export function answerCoding(
  { headers }: IncomingMessage,
  parameters: URLSearchParams,
): AnswerCoding {
  const isAsked = parameters.get('enable_http_compression') === '1'
  const encoding = isAsked ? chooseEncoding(headers['accept-encoding'] ?? '') : undefined
  return { encoding, frames: framesOf(parameters) }
}

function framesOf(parameters: URLSearchParams): FrameMethod | undefined {
  if (parameters.get('compress') !== '1') return undefined
  const method = parameters.get('network_compression_method')?.toLowerCase()
  if (method === 'none' || (method === 'zstd' && hasZstd)) return method
  return 'lz4'
}

function parseRevision(value: string): number {
  const revision = Number(value)
  if (Number.isInteger(revision) && revision >= 0) return revision
  throw new ClickhouseException(
    36,
    'BAD_ARGUMENTS',
    `The client_protocol_version is "${value}", but a whole number is wanted, such as 54460`,
  )
}
