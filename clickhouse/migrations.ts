import { readFile } from 'node:fs/promises'
import { StoreError } from './store-error.ts'
import type { Store } from './store.ts'

/** One step of the schema's history. A step that was released is never changed; the next one corrects it. */
interface Migration {
  readonly version: number
  readonly name: string
  /** Files of one statement each, in order. Each must be harmless when run twice: two processes may race. */
  readonly files: readonly string[]
}

/** What `migrate` needs besides the store. */
export interface MigrateOptions {
  /** Wall clock in milliseconds. @default Date.now */
  readonly clock?: () => number
}

/** What `migrate` did. */
export interface MigrateResult {
  /** Versions that were applied by this call. */
  readonly applied: number[]
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'Stock tables for traces and logs',
    files: [
      'tables/otel_traces.sql',
      'tables/otel_traces_trace_id_ts.sql',
      'tables/otel_logs.sql',
      // Where the stock exporter made the tables before us, they lack what repeated inserts and events need.
      'migrations/0001-otel-traces-deduplication.sql',
      'migrations/0001-otel-traces-trace-id-ts-deduplication.sql',
      'migrations/0001-otel-logs-deduplication.sql',
      'migrations/0001-otel-logs-event-name.sql',
      'tables/otel_traces_trace_id_ts_mv.sql',
    ],
  },
  {
    version: 2,
    name: 'Locks, queues and jobs',
    files: [
      'tables/wayward_lock_holds.sql',
      'tables/wayward_lock_waits.sql',
      'tables/wayward_queue_items.sql',
      'tables/wayward_job_runs.sql',
      'tables/wayward_job_attempts.sql',
      'tables/wayward_open_operations.sql',
      'tables/wayward_incoming.sql',
      'tables/wayward_lock_holds_mv.sql',
      'tables/wayward_lock_waits_mv.sql',
      'tables/wayward_queue_items_mv.sql',
      'tables/wayward_job_runs_mv.sql',
      'tables/wayward_job_attempts_mv.sql',
      'tables/wayward_open_operations_mv.sql',
      // Last, so that no span gets into a chain that is not there to its end.
      'tables/wayward_incoming_mv.sql',
    ],
  },
  {
    version: 3,
    name: 'Sessions',
    files: [
      'tables/wayward_sessions.sql',
      'tables/wayward_sessions_traces_mv.sql',
      'tables/wayward_sessions_logs_mv.sql',
    ],
  },
  {
    version: 4,
    name: 'Stock tables for metrics',
    files: [
      'tables/otel_metrics_gauge.sql',
      'tables/otel_metrics_sum.sql',
      'tables/otel_metrics_histogram.sql',
      'tables/otel_metrics_exp_histogram.sql',
      'tables/otel_metrics_summary.sql',
      // As for traces and logs: where the stock exporter made them.
      'migrations/0004-otel-metrics-gauge-deduplication.sql',
      'migrations/0004-otel-metrics-sum-deduplication.sql',
      'migrations/0004-otel-metrics-histogram-deduplication.sql',
      'migrations/0004-otel-metrics-exp-histogram-deduplication.sql',
      'migrations/0004-otel-metrics-summary-deduplication.sql',
    ],
  },
]

/**
 * Brings the store's database to the newest schema; makes the database if it is missing and the user may.
 *
 * Safe when several processes do it at once: every statement says IF NOT EXISTS, and the row that
 * remembers a version is the same from each.
 *
 * @throws StoreError
 */
export async function migrate(store: Store, options: MigrateOptions = {}): Promise<MigrateResult> {
  const clock = options.clock ?? Date.now
  await makeDatabase(store)
  await store.command(await readSql('tables/wayward_migrations.sql'))
  const rows = await store.query<{ version: number }>(await readSql('migrations/applied.sql'))
  const known = new Set(rows.map((row) => row.version))
  const applied: number[] = []
  for (const migration of migrations) {
    if (known.has(migration.version)) continue
    for (const file of migration.files) await store.command(await readSql(file))
    await store.command(await readSql('migrations/remember.sql'), {
      version: migration.version,
      name: migration.name,
      applied_at: new Date(clock()),
    })
    applied.push(migration.version)
  }
  return { applied }
}

async function makeDatabase(store: Store): Promise<void> {
  try {
    await store.query('SELECT 1')
  } catch (error) {
    // Only then: a user who may fill a database is not always one who may make one.
    if (!(error instanceof StoreError && error.code === 'unknown_database')) throw error
    await store.createDatabase()
  }
}

async function readSql(path: string): Promise<string> {
  return await readFile(new URL(path, import.meta.url), 'utf8')
}
