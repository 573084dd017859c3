import { StoreError } from './store-error.ts'

/**
 * An insert's error with the table in it, and what a person can do about it where that is known.
 */
export function toInsertError(table: string, error: StoreError): StoreError {
  const cure = error.clickhouse === undefined ? undefined : cures.get(error.clickhouse.code)
  const message = `Cannot insert into ${table}: ${error.message}`
  return new StoreError(error.code, cure === undefined ? message : `${message}; ${cure}`, {
    cause: error,
    clickhouse: error.clickhouse,
  })
}

const addColumn =
  'the table lacks a column that it had: add it again ("wayward migrate" does so, "wayward migrate --dry-run" shows the statement)'
const mendType =
  'a column of the table, or of one that a view fills, has another type than it had: change it back ("wayward migrate --dry-run" says which does not fit)'
const grant = 'grant the user INSERT on the table and on those that views fill'

// Numbers of https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp.
const cures: ReadonlyMap<number, string> = new Map([
  [8, addColumn], // THERE_IS_NO_COLUMN
  [10, addColumn], // NOT_FOUND_COLUMN_IN_BLOCK
  [16, addColumn], // NO_SUCH_COLUMN_IN_TABLE
  [47, addColumn], // UNKNOWN_IDENTIFIER
  [117, addColumn], // INCORRECT_DATA: unknown column of the block
  [6, mendType], // CANNOT_PARSE_TEXT
  [38, mendType], // CANNOT_PARSE_DATE
  [41, mendType], // CANNOT_PARSE_DATETIME
  [43, mendType], // ILLEGAL_TYPE_OF_ARGUMENT
  [44, mendType], // ILLEGAL_COLUMN
  [53, mendType], // TYPE_MISMATCH
  [70, mendType], // CANNOT_CONVERT_TYPE
  [72, mendType], // CANNOT_PARSE_NUMBER
  [376, mendType], // CANNOT_PARSE_UUID
  [60, 'the table, or one that a view fills, is gone: "wayward migrate" makes it again'], // UNKNOWN_TABLE
  [81, 'the database is gone: "wayward migrate" makes it again'], // UNKNOWN_DATABASE
  [164, grant], // READONLY
  [497, grant], // ACCESS_DENIED
  [241, 'ClickHouse needs more memory'], // MEMORY_LIMIT_EXCEEDED
  [242, 'the replica has lost its Keeper or starts; look at system.replicas'], // TABLE_IS_READ_ONLY
  [243, 'free some space on the disk of ClickHouse'], // NOT_ENOUGH_SPACE
  [252, 'merges are behind: look at system.merges, at the disk, and for very many partitions'], // TOO_MANY_PARTS
])
