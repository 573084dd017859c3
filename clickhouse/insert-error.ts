import { errorCodes, type ErrorName } from './error-codes.ts'
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

const named: ReadonlyArray<readonly [ErrorName, string]> = [
  ['THERE_IS_NO_COLUMN', addColumn],
  ['NOT_FOUND_COLUMN_IN_BLOCK', addColumn],
  ['NO_SUCH_COLUMN_IN_TABLE', addColumn],
  ['UNKNOWN_IDENTIFIER', addColumn],
  ['INCORRECT_DATA', addColumn], // unknown column of the block
  ['CANNOT_PARSE_TEXT', mendType],
  ['CANNOT_PARSE_DATE', mendType],
  ['CANNOT_PARSE_DATETIME', mendType],
  ['ILLEGAL_TYPE_OF_ARGUMENT', mendType],
  ['ILLEGAL_COLUMN', mendType],
  ['TYPE_MISMATCH', mendType],
  ['CANNOT_CONVERT_TYPE', mendType],
  ['CANNOT_PARSE_NUMBER', mendType],
  ['CANNOT_PARSE_UUID', mendType],
  [
    'UNKNOWN_TABLE',
    'the table, or one that a view fills, is gone: "wayward migrate" makes it again',
  ],
  ['UNKNOWN_DATABASE', 'the database is gone: "wayward migrate" makes it again'],
  ['READONLY', grant],
  ['ACCESS_DENIED', grant],
  ['MEMORY_LIMIT_EXCEEDED', 'ClickHouse needs more memory'],
  ['TABLE_IS_READ_ONLY', 'the replica has lost its Keeper or starts; look at system.replicas'],
  ['NOT_ENOUGH_SPACE', 'free some space on the disk of ClickHouse'],
  [
    'TOO_MANY_PARTS',
    'merges are behind: look at system.merges, at the disk, and for very many partitions',
  ],
]

const cures: ReadonlyMap<number, string> = new Map(
  named.map(([name, cure]) => [errorCodes[name], cure]),
)
