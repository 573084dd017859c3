import { codesOf, errorCodes } from './error-codes.ts'

/**
 * What kind of trouble a store has.
 *
 * - `unreachable`: nobody answers, or not in time.
 * - `refused`: the user, the password or the user's rights do not suffice.
 * - `unknown_database`: ClickHouse answers, but has no such database.
 * - `unfit_tables`: the tables of the database are of a form that Wayward cannot use, or are not
 *   complete.
 * - `query`: ClickHouse answered that the statement is wrong or could not be run.
 */
export type StoreErrorCode =
  | 'unreachable'
  | 'refused'
  | 'unknown_database'
  | 'unfit_tables'
  | 'query'

/** An operation on the store did not work. */
export class StoreError extends Error {
  readonly code: StoreErrorCode
  /** ClickHouse's own number and name of the error (`60`, `UNKNOWN_TABLE`), if it answered. */
  readonly clickhouse: { readonly code: number; readonly type: string } | undefined

  constructor(
    code: StoreErrorCode,
    message: string,
    options: {
      readonly cause: unknown
      readonly clickhouse?: { readonly code: number; readonly type: string } | undefined
    },
  ) {
    super(message, { cause: options.cause })
    this.name = 'StoreError'
    this.code = code
    this.clickhouse = options.clickhouse
  }
}

const refusedCodes = codesOf([
  'UNKNOWN_USER',
  'WRONG_PASSWORD',
  'REQUIRED_PASSWORD',
  'IP_ADDRESS_NOT_ALLOWED',
  'DATABASE_ACCESS_DENIED',
  'ACCESS_DENIED',
  'AUTHENTICATION_FAILED',
])

// The same bytes into the same table can never succeed after these, until a person changes
// something. Everything else may pass (memory, disk, too many parts, a table that is read-only for
// now, codes of later versions), and giving up then would lose data.
const hopelessCodes = codesOf([
  'UNKNOWN_DATABASE',
  'CANNOT_PARSE_TEXT',
  'NO_SUCH_COLUMN_IN_TABLE',
  'NUMBER_OF_COLUMNS_DOESNT_MATCH',
  'CANNOT_PARSE_INPUT_ASSERTION_FAILED',
  'ATTEMPT_TO_READ_AFTER_EOF',
  'CANNOT_READ_ALL_DATA',
  'BAD_ARGUMENTS',
  'CANNOT_PARSE_DATE',
  'CANNOT_PARSE_DATETIME',
  'ILLEGAL_TYPE_OF_ARGUMENT',
  'ILLEGAL_COLUMN',
  'UNKNOWN_IDENTIFIER',
  'UNKNOWN_TYPE',
  'TYPE_MISMATCH',
  'UNKNOWN_TABLE',
  'SYNTAX_ERROR',
  'CANNOT_CONVERT_TYPE',
  'CANNOT_PARSE_NUMBER',
  'UNKNOWN_SETTING',
  'INCORRECT_DATA',
  'TOO_LARGE_STRING_SIZE',
  'READONLY',
  'CANNOT_PARSE_UUID',
])

/** Whether what failed this way, such as an insert, may work when it is tried again. */
export function isRetryable(error: StoreError): boolean {
  return error.clickhouse === undefined
    ? error.code === 'unreachable'
    : !hopelessCodes.has(error.clickhouse.code) && !refusedCodes.has(error.clickhouse.code)
}

/** What ClickHouse's number of an error means to us. */
export function toStoreErrorCode(clickhouseCode: number): StoreErrorCode {
  if (refusedCodes.has(clickhouseCode)) return 'refused'
  return clickhouseCode === errorCodes.UNKNOWN_DATABASE ? 'unknown_database' : 'query'
}
