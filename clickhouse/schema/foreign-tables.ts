// The stock tables may have been made by another collector, in any of their forms since 2022. They
// are used as they are; what they lack is added where we may.
import { StoreError } from '../store-error.ts'
import { declaredColumns, isInsertable } from './columns.ts'
import { stockTables } from '../tables.ts'
import type { ExistingTable, SchemaState } from './state.ts'
import { readSql } from './statement.ts'

/** Those in which repeats must be recognised: the others are behind views of these. */
const rememberingTables = [...stockTables, 'otel_traces_trace_id_ts'] as const

/** Without these no view of ours works; everything else that they read is in every form. */
const columnsOfViews: ReadonlySet<string> = new Set(['otel_logs.EventName'])

/** A change of a table that somebody else made. */
export interface Adaptation {
  readonly sql: string
  readonly parameters: Readonly<Record<string, string>>
  readonly why: string
  readonly table: string
  /** The column that it adds. */
  readonly column: string | undefined
  /** What is the case as long as it cannot be made; undefined if nothing works then. */
  readonly loss: string | undefined
}

/**
 * What the stock tables need.
 *
 * @throws StoreError if a table has a form that nothing can be inserted into
 */
export async function planAdaptations(state: SchemaState): Promise<readonly Adaptation[]> {
  const adaptations: Adaptation[] = []
  const unfit: string[] = []
  for (const name of stockTables) {
    const table = state.tables.get(name)
    if (table === undefined) continue
    for (const { name: column, type, declaration } of declaredColumns(
      await readSql(`tables/${name}.sql`),
    )) {
      const existing = table.columns.get(column)
      if (existing === undefined) adaptations.push(missing(name, column, declaration))
      else if (!existing.isComputed && !isInsertable(type, existing.type)) {
        unfit.push(`column ${column} of ${name} is ${existing.type}, wanted ${type}`)
      }
    }
  }
  if (unfit.length > 0) throw unfitTables(unfit)
  for (const name of rememberingTables) {
    const table = state.tables.get(name)
    const window = table === undefined ? undefined : await missingWindow(name, table)
    if (window !== undefined) adaptations.push(window)
  }
  return adaptations
}

function unfitTables(unfit: readonly string[]): StoreError {
  const shown = unfit.slice(0, 3).join('; ')
  const more = unfit.length > 3 ? `; and ${unfit.length - 3} more` : ''
  return new StoreError(
    'unfit_tables',
    `Cannot use the tables of this database: ${shown}${more}. Name another database with --clickhouse-database, or rename the table (RENAME TABLE … TO …), so that it is made again`,
    { cause: undefined },
  )
}

function missing(table: string, column: string, declaration: string): Adaptation {
  const isRead = columnsOfViews.has(`${table}.${column}`)
  return {
    // The table's own file has the declaration; there is no second copy of it.
    sql: `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${declaration}`,
    parameters: {},
    why: `${table} was made without the column ${column}`,
    table,
    column,
    loss: isRead
      ? undefined
      : `the values of ${column} are not stored in ${table}, which lacks the column`,
  }
}

async function missingWindow(
  name: string,
  { engine, statement }: ExistingTable,
): Promise<Adaptation | undefined> {
  // Other engines (Distributed, Null, SharedMergeTree) have no such setting, or a good one.
  const isReplicated = /^Replicated\w*MergeTree$/.test(engine)
  if (!isReplicated && !/^(?!Shared)\w*MergeTree$/.test(engine)) return undefined
  const setting = isReplicated
    ? /\breplicated_deduplication_window_seconds = (\d+)/
    : /non_replicated_deduplication_window = (\d+)/
  if (Number(setting.exec(statement)?.[1] ?? 0) > 0) return undefined
  const file = isReplicated ? 'schema/replicated-window.sql' : 'schema/single-window.sql'
  const text = await readSql(file)
  return {
    sql: text.replace(/^--.*\n/gm, '').trim(),
    parameters: { table: name },
    why: `${name} does not remember its last inserts${isReplicated ? ' for long' : ''}`,
    table: name,
    column: undefined,
    loss: isReplicated
      ? `rows of an insert that is repeated after more than its deduplication window (an hour, by default) are twice in ${name}`
      : `rows of an insert whose outcome was unknown, and that is repeated, may be twice in ${name}`,
  }
}
