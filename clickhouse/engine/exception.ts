import { errorCodes, type ErrorName } from '../error-codes.ts'

/** A refusal or failure in ClickHouse's own form. */
export class ClickhouseException extends Error {
  readonly code: number
  /** The name of the error, `UNKNOWN_TABLE`. */
  readonly errorName: string
  /** The HTTP status, where it does not follow from the name. */
  readonly status: number

  /** @param error one that we raise, or one of the engine's with its number */
  constructor(
    error: ErrorName | { readonly code: number; readonly name: string },
    message: string,
    status?: number,
  ) {
    super(message)
    this.name = 'ClickhouseException'
    const { code, name } =
      typeof error === 'string' ? { code: errorCodes[error], name: error } : error
    this.code = code
    this.errorName = name
    this.status = status ?? statusOf(name)
  }

  /** The same error in other words. */
  saying(message: string): ClickhouseException {
    return new ClickhouseException({ code: this.code, name: this.errorName }, message, this.status)
  }

  /** The body of the answer, as a ClickHouse server writes it. */
  text(version: string): string {
    return `Code: ${this.code}. DB::Exception: ${this.message} (${this.errorName}) (version ${version})\n`
  }
}

/**
 * Reads the engine's error text: `Code: 60. DB::Exception: Table x does not exist.
 * (UNKNOWN_TABLE)`. The engine repeats prefix, name and version when an error crosses its layers;
 * one of each is kept.
 */
export function exceptionFrom(error: unknown): ClickhouseException {
  if (error instanceof ClickhouseException) return error
  const text = error instanceof Error ? error.message : String(error)
  const code = /Code: (\d+)\. /.exec(text)
  if (code === null) return new ClickhouseException('STD_EXCEPTION', text)
  let message = text.slice(code.index).trim()
  for (let head = messageHead.exec(message); head !== null; head = messageHead.exec(message)) {
    message = message.slice(head[0].length)
  }
  let errorName = 'UNKNOWN_EXCEPTION'
  for (;;) {
    const open = message.lastIndexOf('(')
    const tail = open < 0 ? null : messageTail.exec(message.slice(open))
    if (tail === null) break
    if (tail[1] !== undefined) errorName = tail[1]
    message = message.slice(0, open).trimEnd()
  }
  return new ClickhouseException({ code: Number(code[1]), name: errorName }, message)
}

const messageHead = /^(?:Query failed: )?Code: \d+\. DB::Exception: /
/**
 * From its bracket on: a search for it from the left would be made again from every blank of a
 * message that comes from outside.
 */
const messageTail = /^\((?:([A-Z][A-Z0-9_]{2,})|version [\d.]+)\)\.?\s*$/

const statusByName: ReadonlyMap<string, number> = new Map(
  Object.entries({
    401: ['REQUIRED_PASSWORD'],
    403: [
      'UNKNOWN_USER',
      'WRONG_PASSWORD',
      'AUTHENTICATION_FAILED',
      'SET_NON_GRANTED_ROLE',
      'ACCESS_DENIED',
    ],
    400: [
      'BAD_ARGUMENTS',
      'CANNOT_PARSE_TEXT',
      'CANNOT_PARSE_ESCAPE_SEQUENCE',
      'CANNOT_PARSE_QUOTED_STRING',
      'CANNOT_PARSE_DATE',
      'CANNOT_PARSE_DATETIME',
      'CANNOT_PARSE_NUMBER',
      'CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING',
      'CANNOT_PARSE_IPV4',
      'CANNOT_PARSE_IPV6',
      'CANNOT_PARSE_UUID',
      'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
      'CANNOT_OPEN_FILE',
      'CANNOT_COMPILE_REGEXP',
      'DUPLICATE_COLUMN',
      'ILLEGAL_COLUMN',
      'THERE_IS_NO_COLUMN',
      'UNKNOWN_ELEMENT_IN_AST',
      'UNKNOWN_TYPE_OF_AST_NODE',
      'TOO_DEEP_AST',
      'TOO_BIG_AST',
      'UNEXPECTED_AST_STRUCTURE',
      'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE',
      'SYNTAX_ERROR',
      'INCORRECT_DATA',
      'TYPE_MISMATCH',
      'NO_COMMON_TYPE',
      'ILLEGAL_TYPE_OF_ARGUMENT',
      'UNKNOWN_QUERY_PARAMETER',
      'BAD_QUERY_PARAMETER',
      'INCORRECT_QUERY',
      'CANNOT_READ_ALL_DATA',
      'ATTEMPT_TO_READ_AFTER_EOF',
      'ZLIB_INFLATE_FAILED',
      'LZ4_DECODER_FAILED',
      'ZSTD_DECODER_FAILED',
      'BROTLI_READ_FAILED',
      'NUMBER_OF_ARGUMENTS_DOESNT_MATCH',
    ],
    404: [
      'UNKNOWN_TABLE',
      'UNKNOWN_FUNCTION',
      'UNKNOWN_IDENTIFIER',
      'UNKNOWN_TYPE',
      'UNKNOWN_STORAGE',
      'UNKNOWN_DATABASE',
      'UNKNOWN_SETTING',
      'UNKNOWN_DIRECTION_OF_SORTING',
      'UNKNOWN_AGGREGATE_FUNCTION',
      'UNKNOWN_FORMAT',
      'UNKNOWN_DATABASE_ENGINE',
      'UNKNOWN_TYPE_OF_QUERY',
      'NO_SUCH_COLUMN_IN_TABLE',
    ],
    408: ['TIMEOUT_EXCEEDED'],
    413: ['QUERY_IS_TOO_LARGE'],
    501: ['NOT_IMPLEMENTED'],
    503: ['SOCKET_TIMEOUT', 'CANNOT_SCHEDULE_TASK', 'TOO_MANY_SIMULTANEOUS_QUERIES'],
  }).flatMap(([status, names]) => names.map((name) => [name, Number(status)] as const)),
)

/** The HTTP status that a ClickHouse server answers for an error of this name. */
function statusOf(errorName: string): number {
  return statusByName.get(errorName) ?? 500
}
