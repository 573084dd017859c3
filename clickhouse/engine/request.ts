import { isUtf8 } from 'node:buffer'
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

/** The session that a request belongs to. */
export interface SessionRequest {
  readonly id: string
  readonly timeoutMs: number
  /** Whether it must have begun. */
  readonly mustExist: boolean
  /** Whether it ends with this request. */
  readonly closes: boolean
}

/** What a request to `/` asks for, but for its body. */
export interface QueryRequest {
  /** The statement, or its beginning, from the URL. */
  readonly urlQuery: string
  readonly queryId: string
  readonly database: string
  /** Whether the client has named it. */
  readonly isDatabaseGiven: boolean
  readonly format: string
  readonly mustOnlyRead: boolean
  readonly contentEncoding: string
  readonly isFormData: boolean
  readonly coding: AnswerCoding
  /** Of the format Native, as the client reads it. */
  readonly revision: number
  readonly isBodyFramed: boolean
  readonly session: SessionRequest | undefined
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
  if (parameters.has('role')) {
    throw new ClickhouseException(
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
      parameters.get('database') ||
      headerText(String(headers['x-clickhouse-database'] ?? databaseName)),
    isDatabaseGiven: parameters.has('database') || 'x-clickhouse-database' in headers,
    format:
      parameters.get('default_format') ||
      String(headers['x-clickhouse-format'] ?? '') ||
      'TabSeparated',
    mustOnlyRead: request.method === 'GET' || request.method === 'HEAD',
    contentEncoding: (headers['content-encoding'] ?? 'identity').toLowerCase(),
    isFormData: isFormData(headers),
    coding: answerCoding(request, parameters),
    revision: parseRevision(parameters.get('client_protocol_version') ?? ''),
    isBodyFramed: parameters.get('decompress') === '1',
    session: parseSession(parameters),
    settings,
    parameters: values,
  }
}

/** Whether the body is a form. */
export function isFormData(headers: IncomingMessage['headers']): boolean {
  return /^multipart\/form-data\b/i.test(headers['content-type'] ?? '')
}

/** Clients write UTF-8 into headers, and Node reads one character for each byte. */
function headerText(latin: string): string {
  const bytes = Buffer.from(latin, 'latin1')
  return isUtf8(bytes) ? bytes.toString() : latin
}

const sessionSecondsMax = 3600
const sessionIdLengthMax = 200
const defaultSessionSeconds = 60

function parseSession(parameters: URLSearchParams): SessionRequest | undefined {
  const id = parameters.get('session_id')
  if (!id) return undefined
  if (id.length > sessionIdLengthMax) {
    throw new ClickhouseException(
      'BAD_ARGUMENTS',
      `The session_id has ${id.length} characters, but at most ${sessionIdLengthMax} are wanted`,
    )
  }
  const seconds = parameters.get('session_timeout') ?? String(defaultSessionSeconds)
  if (!/^\d{1,5}$/.test(seconds) || Number(seconds) > sessionSecondsMax) {
    throw new ClickhouseException(
      'INVALID_SESSION_TIMEOUT',
      `The session_timeout is "${seconds}", but whole seconds up to ${sessionSecondsMax} are wanted`,
      400,
    )
  }
  return {
    id,
    timeoutMs: Number(seconds) * 1000,
    mustExist: parameters.get('session_check') === '1',
    closes: parameters.get('close_session') === '1',
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
    'BAD_ARGUMENTS',
    `The client_protocol_version is "${value}", but a whole number is wanted, such as 54460`,
  )
}
