import { type Migration, migrations } from '../migrations.ts'
import { StoreError } from '../store-error.ts'
import { toClusterStatements } from './cluster.ts'
import { type Adaptation, planAdaptations } from './foreign-tables.ts'
import { afterRenames, formerTableWarnings, planRenames, type Rename } from './former-names.ts'
import type { SchemaState } from './state.ts'
import { parseStatement, readSql, type Statement } from './statement.ts'

/** A migration with what is left to do of it. */
export interface PlannedMigration {
  readonly version: number
  readonly name: string
  readonly statements: readonly Statement[]
  /** Whether its number is still to be written down. */
  readonly isNew: boolean
}

/** What brings a database to the newest schema, in this order. */
export interface MigrationPlan {
  readonly makesDatabase: boolean
  /** Of tables that had another name before. */
  readonly renames: readonly Rename[]
  readonly adaptations: readonly Adaptation[]
  /** The table of the versions first, as number 0. */
  readonly migrations: readonly PlannedMigration[]
  /** Versions of a newer Wayward that the database has had. */
  readonly newerVersions: readonly number[]
  readonly warnings: readonly string[]
}

/** What a plan depends on besides what is there. */
export interface PlanOptions {
  /** The cluster whose servers get the tables. */
  readonly cluster?: string | undefined
  /** Also what seems to be there: for servers that were added to the cluster. @default false */
  readonly all?: boolean
  /** Whether tables may be renamed. @default true */
  readonly mayRename?: boolean
}

/** Whether a plan leaves the schema as it is. */
export function isEmpty(plan: MigrationPlan): boolean {
  const { adaptations, makesDatabase, migrations: planned, renames } = plan
  return !makesDatabase && renames.length + adaptations.length + planned.length === 0
}

/** @throws StoreError if tables are of a form that cannot be used */
export async function planMigration(
  found: SchemaState,
  options: PlanOptions = {},
): Promise<MigrationPlan> {
  refuseMixture(found, options.cluster)
  const renames = options.mayRename === false ? [] : await planRenames(found, options.cluster)
  const state = afterRenames(found, renames)
  // In a cluster the tables of these names are ours.
  const adaptations = options.cluster === undefined ? await planAdaptations(state) : []
  const planned: PlannedMigration[] = []
  for (const migration of [versionTable, ...migrations]) {
    const isNew = migration.version > 0 && !state.versions.has(migration.version)
    const statements = (await statementsOf(migration, options.cluster)).filter(
      ({ action }) => options.all === true || isNeeded(action, state, adaptations),
    )
    if (isNew || statements.length > 0) {
      planned.push({ version: migration.version, name: migration.name, statements, isNew })
    }
  }
  const newest = Math.max(...migrations.map(({ version }) => version))
  return {
    makesDatabase: !state.hasDatabase,
    renames,
    adaptations,
    migrations: planned,
    newerVersions: [...state.versions].filter((version) => version > newest),
    warnings: formerTableWarnings(state, options.cluster),
  }
}

const versionTable: Migration = {
  version: 0,
  name: 'What this database has had',
  files: ['tables/wayward_migrations.sql'],
}

async function statementsOf(
  { files }: Migration,
  cluster: string | undefined,
): Promise<readonly Statement[]> {
  const statements: Statement[] = []
  for (const file of files) {
    const statement = parseStatement(await readSql(file))
    if (cluster === undefined) statements.push(statement)
    else {
      for (const sql of toClusterStatements(statement.sql, cluster)) {
        statements.push({ ...parseStatement(sql), why: statement.why })
      }
    }
  }
  return statements
}

/**
 * Tables and views that are gone are made again, whatever the versions say. Changes of tables are
 * only for tables that are there and lack them: those that we make have them.
 */
function isNeeded(
  action: Statement['action'],
  state: SchemaState,
  adaptations: readonly Adaptation[],
): boolean {
  if (action.kind === 'create') return !state.tables.has(action.name)
  if (action.kind === 'rename') return false
  const table = state.tables.get(action.table)
  if (table === undefined) return false
  const isAdapted = (column?: string): boolean =>
    adaptations.some((one) => one.table === action.table && one.column === column)
  if (action.kind === 'add_column') {
    return !table.columns.has(action.column) && !isAdapted(action.column)
  }
  const isPossible = table.engine.endsWith('MergeTree')
  // Replicated tables have a window of their own, see planAdaptations.
  const isOther = action.value.startsWith('non_replicated') && /^(?:Repl|Shared)/.test(table.engine)
  return isPossible && !isOther && !table.statement.includes(action.value) && !isAdapted()
}

/** The same names mean other things with and without a cluster. */
function refuseMixture({ tables }: SchemaState, cluster: string | undefined): void {
  const stock = tables.get('otel_traces')
  if (cluster !== undefined && stock !== undefined && stock.engine !== 'Distributed') {
    throw new StoreError(
      'unfit_tables',
      `Cannot spread this database over the cluster "${cluster}": otel_traces is a ${stock.engine} table of one server, wanted a Distributed one. Name another database with --clickhouse-database, or leave out --clickhouse-cluster to use the tables of this server as they are`,
      { cause: undefined },
    )
  }
  if (cluster === undefined && tables.has('wayward_migrations_local')) {
    const found = /Distributed\('([^']*)'/.exec(tables.get('wayward_migrations')?.statement ?? '')
    throw new StoreError(
      'unfit_tables',
      `Cannot use the tables of this database without their cluster; name it with --clickhouse-cluster ${found?.[1] ?? '<name>'}`,
      { cause: undefined },
    )
  }
}
