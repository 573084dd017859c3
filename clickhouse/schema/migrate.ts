import { codesOf } from '../error-codes.ts'
import { StoreError } from '../store-error.ts'
import type { Store } from '../store.ts'
import { isEmpty, type MigrationPlan, type PlanOptions, planMigration } from './plan.ts'
import { showStatement } from './show.ts'
import { readState } from './state.ts'
import { readSql } from './statement.ts'

const tableAlreadyExists = 57

/** What `migrate` needs besides the store. */
export interface MigrateOptions extends PlanOptions {
  /** Wall clock in milliseconds. @default Date.now */
  readonly clock?: () => number
  /** Whether statements may be run; without, the tables must be there. @default true */
  readonly mayChange?: boolean
}

/** What `migrate` did. */
export interface MigrateResult {
  /** Versions that were applied by this call. */
  readonly applied: number[]
  /** What a person should know: what cannot be stored, and why. */
  readonly warnings: string[]
}

/** ClickHouse says so where a user may not, or an engine cannot, change a table. */
const deniedCodes = codesOf([
  'BAD_ARGUMENTS',
  'NOT_IMPLEMENTED',
  'READONLY',
  'READONLY_SETTING',
  'ACCESS_DENIED',
])

/**
 * Brings the store's database to the newest schema; makes the database if it is missing and the
 * user may. Afterwards the store leaves out what tables lack.
 *
 * Safe when several processes do it at once and when one dies in the middle: every statement says
 * IF NOT EXISTS or sets what is set, what is there is not touched, and the row that remembers a
 * version is the same from each.
 *
 * @throws StoreError
 */
export async function migrate(store: Store, options: MigrateOptions = {}): Promise<MigrateResult> {
  const found = await planMigration(await readState(store), options)
  const isRenamed = options.mayChange === false || (await rename(store, found))
  const plan = isRenamed
    ? found
    : await planMigration(await readState(store), { ...options, mayRename: false })
  const result: MigrateResult = { applied: [], warnings: [...newerWarning(plan), ...plan.warnings] }
  if (isEmpty(plan)) {
    store.leaveOutColumns([])
    return result
  }
  if (options.mayChange === false) refuseIncomplete(plan)
  else if (plan.makesDatabase) await store.createDatabase(options.cluster)
  await adapt(store, plan, options.mayChange !== false, result.warnings)
  if (options.mayChange !== false) await apply(store, plan, options.clock ?? Date.now, result)
  return result
}

/** What `migrate` would do. Changes nothing. @throws StoreError */
export async function dryRun(store: Store, options: PlanOptions = {}): Promise<MigrationPlan> {
  return await planMigration(await readState(store), options)
}

/**
 * A newer Wayward was here. Inserts name their columns, and planMigration has checked that all are
 * there and fit; a version that gives a column another meaning will give it another name. So
 * collectors can be updated one by one, and back.
 */
function newerWarning({ newerVersions }: MigrationPlan): string[] {
  if (newerVersions.length === 0) return []
  return [
    `The database was used by a newer version of Wayward (schema ${Math.max(...newerVersions)}); its tables fit, so this version goes on. Update this one soon`,
  ]
}

function refuseIncomplete(plan: MigrationPlan): void {
  const missing = plan.migrations.flatMap(({ statements }) =>
    statements
      // What is there and not wanted any more harms nobody.
      .filter(({ action }) => action.kind !== 'drop')
      .map(({ action }) => ('name' in action ? action.name : action.table)),
  )
  if (plan.makesDatabase) missing.unshift('the database itself')
  for (const { from, to } of plan.renames) missing.push(`the name ${to} of the table ${from}`)
  for (const { loss, table, column } of plan.adaptations) {
    if (loss === undefined && column !== undefined) missing.push(`column ${column} of ${table}`)
  }
  if (missing.length === 0) return
  throw new StoreError(
    'unfit_tables',
    `The schema is not complete and --create-schema no forbids to change it; missing: ${missing.join(', ')}. Run "wayward migrate" as a user who may, or run what "wayward migrate --dry-run" prints`,
    { cause: undefined },
  )
}

/** @returns false where it may not be done */
async function rename(store: Store, { renames }: MigrationPlan): Promise<boolean> {
  for (const sql of renames.flatMap(({ statements }) => statements)) {
    try {
      if ((await tryCommand(store, sql, {})) !== undefined) return false
    } catch (error) {
      // Another process was faster.
      const code = error instanceof StoreError ? error.clickhouse?.code : undefined
      if (code !== tableAlreadyExists) throw error
    }
  }
  return true
}

async function adapt(
  store: Store,
  { adaptations }: MigrationPlan,
  mayChange: boolean,
  warnings: string[],
): Promise<void> {
  const lossy = new Set<string>()
  for (const { sql, parameters, loss, table, column } of adaptations) {
    const denial = mayChange ? await tryCommand(store, sql, parameters) : undefined
    if (mayChange && denial === undefined) continue
    if (loss === undefined) throw denial ?? new Error(`${table} cannot be used`)
    const reason = denial?.message ?? '--create-schema no'
    warnings.push(
      `${upperFirst(loss)}: ${reason}. To cure it, run: ${showStatement(sql, parameters)}`,
    )
    if (column !== undefined) lossy.add(table)
  }
  store.leaveOutColumns(lossy)
}

/** Runs a statement that is not needed at any price. Returns why it may not be run. */
async function tryCommand(
  store: Store,
  sql: string,
  parameters: Readonly<Record<string, string>>,
): Promise<StoreError | undefined> {
  try {
    await store.command(sql, parameters)
    return undefined
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    if (!deniedCodes.has(error.clickhouse?.code ?? -1)) throw error
    return error
  }
}

async function apply(
  store: Store,
  plan: MigrationPlan,
  clock: () => number,
  result: MigrateResult,
): Promise<void> {
  for (const { version, name, statements, isNew } of plan.migrations) {
    for (const { sql, action } of statements) {
      if (action.kind !== 'setting') await store.command(sql)
      else if ((await tryCommand(store, sql, {})) !== undefined) {
        result.warnings.push(
          `Could not change a setting of ${action.table}. To cure it, run: ${sql}`,
        )
      }
    }
    if (!isNew) continue
    await store.command(await readSql('migrations/remember.sql'), {
      version,
      name,
      applied_at: new Date(clock()),
    })
    result.applied.push(version)
  }
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
