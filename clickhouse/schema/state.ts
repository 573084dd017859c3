import { StoreError } from '../store-error.ts'
import type { Store } from '../store.ts'
import { readSql } from './statement.ts'

/** A table or view as it is. */
export interface ExistingTable {
  readonly engine: string
  /** The CREATE statement that ClickHouse shows. */
  readonly statement: string
  readonly columns: ReadonlyMap<string, ExistingColumn>
}

export interface ExistingColumn {
  readonly type: string
  /** MATERIALIZED or ALIAS: the table computes it itself, and an insert cannot give it. */
  readonly isComputed: boolean
}

/** What a database has of the schema. */
export interface SchemaState {
  readonly hasDatabase: boolean
  /** Numbers of the migrations that it has had. */
  readonly versions: ReadonlySet<number>
  readonly tables: ReadonlyMap<string, ExistingTable>
}

const nothing: SchemaState = { hasDatabase: false, versions: new Set(), tables: new Map() }

/** @throws StoreError */
export async function readState(store: Store): Promise<SchemaState> {
  try {
    const tables = await readTables(store)
    const versions = tables.has('wayward_migrations')
      ? await readVersions(store)
      : new Set<number>()
    return { hasDatabase: true, versions, tables }
  } catch (error) {
    if (error instanceof StoreError && error.code === 'unknown_database') return nothing
    throw error
  }
}

async function readTables(store: Store): Promise<ReadonlyMap<string, ExistingTable>> {
  const rows = await store.query<{ name: string; engine: string; statement: string }>(
    await readSql('schema/tables.sql'),
  )
  const columns = await store.query<{
    table: string
    name: string
    type: string
    default_kind: string
  }>(await readSql('schema/columns.sql'))
  const columnsOf = new Map<string, Map<string, ExistingColumn>>()
  for (const { table, name, type, default_kind } of columns) {
    const found = columnsOf.get(table) ?? new Map<string, ExistingColumn>()
    found.set(name, { type, isComputed: /^(?:MATERIALIZED|ALIAS)$/.test(default_kind) })
    columnsOf.set(table, found)
  }
  return new Map(
    rows.map(({ name, engine, statement }) => [
      name,
      { engine, statement, columns: columnsOf.get(name) ?? new Map<string, ExistingColumn>() },
    ]),
  )
}

async function readVersions(store: Store): Promise<ReadonlySet<number>> {
  const rows = await store.query<{ version: number }>(await readSql('migrations/applied.sql'))
  return new Set(rows.map((row) => row.version))
}
