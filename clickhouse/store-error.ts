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

// Numbers of https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp.
const refusedCodes: ReadonlySet<number> = new Set([
  192, // UNKNOWN_USER
  193, // WRONG_PASSWORD
  194, // REQUIRED_PASSWORD
  195, // IP_ADDRESS_NOT_ALLOWED
  291, // DATABASE_ACCESS_DENIED
  497, // ACCESS_DENIED
  516, // AUTHENTICATION_FAILED
])

const unknownDatabaseCode = 81

// The same bytes into the same table can never succeed after these, until a person changes
// something. Everything else may pass (memory, disk, too many parts, a table that is read-only for
// now, codes of later versions), and giving up then would lose data.
const hopelessCodes: ReadonlySet<number> = new Set([
  ...refusedCodes,
  unknownDatabaseCode,
  6, // CANNOT_PARSE_TEXT
  16, // NO_SUCH_COLUMN_IN_TABLE
  20, // NUMBER_OF_COLUMNS_DOESNT_MATCH
  27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
  32, // ATTEMPT_TO_READ_AFTER_EOF
  33, // CANNOT_READ_ALL_DATA
  36, // BAD_ARGUMENTS
  38, // CANNOT_PARSE_DATE
  41, // CANNOT_PARSE_DATETIME
  43, // ILLEGAL_TYPE_OF_ARGUMENT
  44, // ILLEGAL_COLUMN
  47, // UNKNOWN_IDENTIFIER
  50, // UNKNOWN_TYPE
  53, // TYPE_MISMATCH
  60, // UNKNOWN_TABLE
  62, // SYNTAX_ERROR
  70, // CANNOT_CONVERT_TYPE
  72, // CANNOT_PARSE_NUMBER
  115, // UNKNOWN_SETTING
  117, // INCORRECT_DATA
  131, // TOO_LARGE_STRING_SIZE
  164, // READONLY
  376, // CANNOT_PARSE_UUID
])

/** Whether what failed this way, such as an insert, may work when it is tried again. */
export function isRetryable(error: StoreError): boolean {
  return error.clickhouse === undefined
    ? error.code === 'unreachable'
    : !hopelessCodes.has(error.clickhouse.code)
}

/** What ClickHouse's number of an error means to us. */
export function toStoreErrorCode(clickhouseCode: number): StoreErrorCode {
  if (refusedCodes.has(clickhouseCode)) return 'refused'
  return clickhouseCode === unknownDatabaseCode ? 'unknown_database' : 'query'
}
