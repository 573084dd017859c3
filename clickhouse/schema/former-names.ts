// Tables that had another name in an earlier version. They are renamed before anything else is
// looked at, so that no empty table takes the new name first.
import { toClusterStatements } from './cluster.ts'
import type { ExistingTable, SchemaState } from './state.ts'
import { parseStatement, readSql } from './statement.ts'

interface FormerName {
  readonly from: string
  readonly to: string
  /** The statement that renames it. */
  readonly file: string
}

const formerNames: readonly FormerName[] = [
  {
    from: 'otel_metrics_exp_histogram',
    to: 'otel_metrics_exponential_histogram',
    file: 'migrations/0006-otel-metrics-exponential-histogram-name.sql',
  },
]

/** A table that gets another name. */
export interface Rename {
  readonly from: string
  readonly to: string
  readonly why: string
  readonly statements: readonly string[]
}

/** The table's name now, for rows that were written down under an earlier one. */
export function currentTableName(table: string): string {
  return formerNames.find(({ from }) => from === table)?.to ?? table
}

export async function planRenames(
  { tables }: SchemaState,
  cluster: string | undefined,
): Promise<readonly Rename[]> {
  const renames: Rename[] = []
  const suffix = cluster === undefined ? '' : '_local'
  for (const { from, to, file } of formerNames) {
    const table = tables.get(`${from}${suffix}`)
    if (!isOurs(table) || tables.has(`${to}${suffix}`)) continue
    const { sql, why } = parseStatement(await readSql(file))
    const statements = cluster === undefined ? [sql] : toClusterStatements(sql, cluster)
    renames.push({ from, to, why, statements })
  }
  return renames
}

/** What a database has when these are done. */
export function afterRenames(state: SchemaState, renames: readonly Rename[]): SchemaState {
  if (renames.length === 0) return state
  const tables = new Map(state.tables)
  for (const { from, to } of renames) {
    const local = tables.get(`${from}_local`)
    const table = tables.get(from)
    tables.delete(from)
    tables.delete(`${from}_local`)
    // In a cluster the Distributed table in front is made again.
    if (local !== undefined) tables.set(`${to}_local`, local)
    else if (table !== undefined) tables.set(to, table)
  }
  return { ...state, tables }
}

/**
 * What a person should do about tables that could not be renamed, because both names are taken or
 * it was not allowed.
 */
export function formerTableWarnings({ tables }: SchemaState, cluster?: string): string[] {
  const suffix = cluster === undefined ? '' : '_local'
  return formerNames.flatMap(({ from, to }) => {
    if (!isOurs(tables.get(`${from}${suffix}`))) return []
    return [
      `Rows that were stored in ${from} before are still there, and not in ${to}, which has their name in the stock exporter now. To move them, run: INSERT INTO ${to} SELECT * FROM ${from}; RENAME TABLE ${from} TO ${from}_before`,
    ]
  })
}

/**
 * Others' tables keep the name that their owner gave them in his configuration; only ours have
 * comments like this.
 */
function isOurs(table: ExistingTable | undefined): boolean {
  return (
    table?.statement.includes("COMMENT 'Attributes of the reporting process'") === true &&
    table.engine.endsWith('MergeTree')
  )
}
