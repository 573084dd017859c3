import { type Migration, migrations } from '../migrations.ts'
import { StoreError } from '../store-error.ts'
import { toClusterStatements } from './cluster.ts'
import { declaredColumns } from './columns.ts'
import { type Adaptation, planAdaptations } from './foreign-tables.ts'
import { afterRenames, formerTableWarnings, planRenames, type Rename } from './former-names.ts'
import type { ExistingTable, SchemaState } from './state.ts'
import { parseStatement, readSql, type Statement, toQueryStatement } from './statement.ts'

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
      ({ action }) => options.all === true || isNeeded(action, state, { adaptations, isNew }),
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
  { files, columns = [], queries = [] }: Migration,
  cluster: string | undefined,
): Promise<readonly Statement[]> {
  const statements: Statement[] = []
  for (const column of columns) {
    statements.push(...placed(await columnStatement(column), cluster))
  }
  for (const file of queries) {
    const views = placed(parseStatement(await readSql(file)), cluster)
    statements.push(...views.map(toQueryStatement))
  }
  for (const file of files) {
    statements.push(...placed(parseStatement(await readSql(file)), cluster))
  }
  return statements
}

/** A statement as it is for one server, or what does the same in a cluster. */
function placed(statement: Statement, cluster: string | undefined): readonly Statement[] {
  if (cluster === undefined) return [statement]
  return toClusterStatements(statement.sql, cluster).map((sql) => ({
    ...parseStatement(sql),
    why: statement.why,
  }))
}

/** @param column `table.column` of a table of ours, whose file declares it */
async function columnStatement(column: string): Promise<Statement> {
  const [table = '', name] = column.split('.')
  const declared = declaredColumns(await readSql(`tables/${table}.sql`)).find(
    (one) => one.name === name,
  )
  if (declared === undefined) throw new Error(`The file of ${table} declares no column ${name}`)
  const statement = parseStatement(
    `ALTER TABLE ${table} ADD COLUMN IF NOT EXISTS ${declared.declaration}`,
  )
  return { ...statement, why: `${table} was made without the column ${name}` }
}

/**
 * Tables and views that are gone are made again, whatever the versions say. Changes of tables are
 * only for tables that are there and lack them: those that we make have them. ClickHouse writes
 * queries in words of its own, so whether a view has the newest is known by the versions.
 */
function isNeeded(
  action: Statement['action'],
  state: SchemaState,
  { adaptations, isNew }: { readonly adaptations: readonly Adaptation[]; readonly isNew: boolean },
): boolean {
  const isAdapted = (name: string, column?: string): boolean =>
    adaptations.some((one) => one.table === name && one.column === column)
  switch (action.kind) {
    case 'create':
      return !state.tables.has(action.name)
    case 'drop':
      return state.tables.has(action.name)
    case 'query':
      return isNew && state.tables.has(action.name)
    case 'rename':
      return false
    case 'add_column': {
      const { table, column } = action
      const found = state.tables.get(table)
      return found !== undefined && !found.columns.has(column) && !isAdapted(table, column)
    }
    case 'add_index': {
      const found = state.tables.get(action.table)
      return found !== undefined && !found.statement.includes(`INDEX ${action.index} `)
    }
    case 'add_projection': {
      const found = state.tables.get(action.table)
      return found !== undefined && !found.statement.includes(`PROJECTION ${action.projection} `)
    }
    case 'drop_projection': {
      const found = state.tables.get(action.table)
      return found?.statement.includes(`PROJECTION ${action.projection} `) === true
    }
    case 'fill':
      return isNew && state.tables.has(action.table)
    case 'setting':
      break
  }
  const { table, value } = action
  const found = state.tables.get(table)
  return found !== undefined && isSettingNeeded(found, value) && !isAdapted(table)
}

function isSettingNeeded({ engine, statement }: ExistingTable, value: string): boolean {
  // Replicated tables have a window of their own, see planAdaptations.
  const isOther = value.startsWith('non_replicated') && /^(?:Repl|Shared)/.test(engine)
  return engine.endsWith('MergeTree') && !isOther && !statement.includes(value)
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
