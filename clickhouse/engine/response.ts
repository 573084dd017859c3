import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import { nativeBody, plainBody, sendBody } from './answer-body.ts'
import { type AnswerEncoding, createEncoder } from './answer-encoding.ts'
import type { NativeResult } from './chdb.ts'
import type { ClickhouseException } from './exception.ts'
import type { AnswerCoding, QueryRequest } from './request.ts'

const plainText = 'text/plain; charset=UTF-8'

/** What the answers of this server have in common. */
export interface ServerIdentity {
  readonly version: string
  readonly timezone: string
  readonly displayName: string
}

/** Answers a statement that succeeded. */
export async function sendResult(
  response: ServerResponse,
  identity: ServerIdentity,
  request: QueryRequest,
  answer: {
    readonly format: string
    readonly result: NativeResult
    /** The columns' types with their zones, where the engine may have left them out. */
    readonly types: readonly string[]
    readonly isInsert: boolean
    /** Whether the statement is one that answers with rows. */
    readonly hasRows: boolean
  },
): Promise<void> {
  const { format, result } = answer
  // First what can fail.
  const body = isForRevision(format, request)
    ? await nativeBody(result.bytes, request.revision, answer.types)
    : plainBody(result.bytes)
  setCommonHeaders(response, identity, request.queryId)
  if (answer.hasRows) response.setHeader('X-ClickHouse-Format', format)
  response.setHeader('X-ClickHouse-Summary', summary(result, answer.isInsert))
  response.setHeader('Content-Type', answer.hasRows ? contentType(format) : plainText)
  const { frames } = request.coding
  const encoding = body.length > 0 ? request.coding.encoding : undefined
  await sendBody(response, body, { frames, encoder: encoderFor(response, encoding) })
}

/** Whether the answer is to be in the format Native of another revision than the engine's. */
export function isForRevision(format: string, request: QueryRequest): boolean {
  return request.revision > 0 && /^native$/i.test(format)
}

/** Answers with a ClickHouse error. */
export async function sendException(
  response: ServerResponse,
  identity: ServerIdentity,
  exception: ClickhouseException,
  queryId: string,
  coding: AnswerCoding,
): Promise<void> {
  setCommonHeaders(response, identity, queryId)
  response.statusCode = exception.status
  response.setHeader('X-ClickHouse-Exception-Code', exception.code)
  response.setHeader('Content-Type', plainText)
  const body = plainBody(Buffer.from(exception.text(identity.version)))
  // What a server refuses at its door it refuses before it looks at the compression.
  const frames = exception.status === 401 || exception.status === 403 ? undefined : coding.frames
  await sendBody(response, body, { frames, encoder: encoderFor(response, coding.encoding) })
}

function encoderFor(
  response: ServerResponse,
  encoding: AnswerEncoding | undefined,
): Transform | undefined {
  if (encoding === undefined) return undefined
  response.setHeader('Content-Encoding', encoding)
  return createEncoder(encoding)
}

/** The headers of an error that has no query, as what is refused at the door. */
export function exceptionHeaders(
  { code }: ClickhouseException,
  identity: ServerIdentity,
): Readonly<Record<string, string>> {
  return { ...commonHeaders(identity), 'X-ClickHouse-Exception-Code': String(code) }
}

function setCommonHeaders(
  response: ServerResponse,
  identity: ServerIdentity,
  queryId: string,
): void {
  // A query id comes from the client, and a header cannot hold every text.
  response.setHeader('X-ClickHouse-Query-Id', queryId.replace(/[^\x21-\x7e]/g, '?'))
  for (const [name, value] of Object.entries(commonHeaders(identity))) {
    response.setHeader(name, value)
  }
}

function commonHeaders({ displayName, timezone }: ServerIdentity): Record<string, string> {
  return {
    'X-ClickHouse-Server-Display-Name': displayName,
    'X-ClickHouse-Timezone': timezone,
    // Never used, as an answer is whole before it is sent; with it clients do not take values of
    // rows for an error that a server would write behind them.
    'X-ClickHouse-Exception-Tag': exceptionTag(),
  }
}

/** Sixteen letters that nobody can guess. */
function exceptionTag(): string {
  return Array.from(randomBytes(16), (byte) => String.fromCharCode(97 + (byte % 26))).join('')
}

/** chDB reports the rows and bytes of a result or an insert, not what was read for it. */
function summary(result: NativeResult, isInsert: boolean): string {
  const rows = String(result.rowsRead)
  const bytes = String(result.bytesRead)
  return JSON.stringify({
    read_rows: rows,
    read_bytes: bytes,
    written_rows: isInsert ? rows : '0',
    written_bytes: isInsert ? bytes : '0',
    total_rows_to_read: '0',
    result_rows: rows,
    result_bytes: bytes,
    elapsed_ns: String(Math.round(result.elapsed * 1e9)),
  })
}

function contentType(format: string): string {
  if (/^JSON.*EachRow|^JSONLines|^NDJSON/i.test(format))
    return 'application/x-ndjson; charset=UTF-8'
  if (/^JSON/i.test(format)) return 'application/json; charset=UTF-8'
  if (/^CSV/i.test(format)) {
    return `text/csv; charset=UTF-8; header=${/WithNames/i.test(format) ? 'present' : 'absent'}`
  }
  if (/^(?:TabSeparated|TSV)/i.test(format)) return 'text/tab-separated-values; charset=UTF-8'
  if (/^XML$/i.test(format)) return 'application/xml; charset=UTF-8'
  if (binary.test(format)) return 'application/octet-stream'
  return 'text/plain; charset=UTF-8'
}

const binary =
  /^(?:Native|RowBinary|Arrow|Parquet|ORC|Avro|MsgPack|Protobuf|Buffers|CapnProto|BSON|RawBLOB|Npy)/i
