// The schema's history.

/**
 * One step of the schema's history. A step that was released is never changed; the next one
 * corrects it.
 */
export interface Migration {
  readonly version: number
  readonly name: string
  /**
   * Files of one statement each, in order. Each must be harmless when run twice: two processes may
   * race.
   */
  readonly files: readonly string[]
  /**
   * Columns that a table of ours lacks where it was made before, as `table.column`, in the order of
   * the table's file, which declares them. They come before the files.
   */
  readonly columns?: readonly string[]
  /**
   * Files of views that have another query since: where such a view is there already,
   * it gets the query of the file. After the columns, which the query may need, and before the
   * files.
   */
  readonly queries?: readonly string[]
}

/**
 * All of them, oldest first. To change the schema, append one with the next number: `tables/` holds
 * objects, `migrations/` changes of tables that are there. Each file is one statement that
 * schema/statement.ts knows (CREATE … IF NOT EXISTS, ADD COLUMN IF NOT EXISTS, MODIFY SETTING), so
 * that it can be run twice, shown by --dry-run, and told to a cluster.
 */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'Stock tables for traces and logs',
    files: [
      'tables/otel_traces.sql',
      'tables/otel_traces_trace_id_ts.sql',
      'tables/otel_logs.sql',
      // Where the stock exporter made the tables before us, they lack what repeated inserts and
      // events need.
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
      'tables/otel_metrics_exponential_histogram.sql',
      'tables/otel_metrics_summary.sql',
      // As for traces and logs: where the stock exporter made them.
      'migrations/0004-otel-metrics-gauge-deduplication.sql',
      'migrations/0004-otel-metrics-sum-deduplication.sql',
      'migrations/0004-otel-metrics-histogram-deduplication.sql',
      'migrations/0004-otel-metrics-exponential-histogram-deduplication.sql',
      'migrations/0004-otel-metrics-summary-deduplication.sql',
    ],
  },
  {
    version: 5,
    name: 'Ledger of what was refused or lost',
    files: ['tables/wayward_ledger.sql'],
  },
  {
    version: 6,
    name: 'The stock name of exponential histograms',
    // The table that was there under its former name is renamed before all others:
    // schema/former-names.ts.
    files: ['tables/otel_metrics_exp_histogram.sql'],
  },
  // 7 put the ends of open operations into a table of their own, which had to be searched whole.
  {
    version: 8,
    name: 'Ends of what was reported as open, and when sessions reported',
    columns: [
      'wayward_open_operations.ended_at',
      'wayward_open_operations.end_reason',
      'wayward_open_operations.seen_uptime_ns',
      'wayward_open_operations.interval_ns',
      // Of migration 10, for the view below, whose file asks for them.
      'wayward_open_operations.deadline_at',
      'wayward_open_operations.priority',
      'wayward_sessions.uptime_ns',
      'wayward_sessions.clock_at',
    ],
    queries: ['tables/wayward_open_operations_mv.sql', 'tables/wayward_sessions_logs_mv.sql'],
    files: [
      'migrations/0008-open-operations-ended-index.sql',
      'tables/wayward_session_times.sql',
      'tables/wayward_open_now.sql',
      'migrations/0008-ended-operations-view-gone.sql',
      'migrations/0008-ended-operations-gone.sql',
    ],
  },
  {
    version: 9,
    name: 'What ended before a window, and whether anything came twice, without reading all',
    files: [
      'migrations/0009-lock-holds-index.sql',
      'migrations/0009-lock-holds-index-filled.sql',
      'migrations/0009-lock-holds-numbers.sql',
      'migrations/0009-lock-holds-numbers-filled.sql',
      'migrations/0009-lock-waits-index.sql',
      'migrations/0009-lock-waits-index-filled.sql',
      'migrations/0009-lock-waits-numbers.sql',
      'migrations/0009-lock-waits-numbers-filled.sql',
      'migrations/0009-queue-items-index.sql',
      'migrations/0009-queue-items-index-filled.sql',
      'migrations/0009-queue-items-numbers.sql',
      'migrations/0009-queue-items-numbers-filled.sql',
    ],
  },
  {
    version: 10,
    name: 'Locks and who asks for them as numbers, and deadlines of what is open',
    columns: [
      'wayward_lock_holds.lock_key',
      'wayward_lock_holds.actor_key',
      'wayward_lock_waits.lock_key',
      'wayward_lock_waits.actor_key',
    ],
    queries: ['tables/wayward_open_operations_mv.sql', 'tables/wayward_open_now.sql'],
    files: [
      'migrations/0010-lock-holds-lock-key-filled.sql',
      'migrations/0010-lock-holds-actor-key-filled.sql',
      'migrations/0010-lock-waits-lock-key-filled.sql',
      'migrations/0010-lock-waits-actor-key-filled.sql',
    ],
  },
  {
    version: 11,
    name: 'Jobs that are reported over HTTP',
    columns: [
      'wayward_job_runs.output',
      'wayward_job_runs.metrics',
      'wayward_job_runs.cpu_ns',
      'wayward_job_runs.memory_bytes',
      'wayward_job_runs.read_bytes',
      'wayward_job_runs.written_bytes',
      'wayward_job_runs.source',
      'wayward_job_runs.flaws',
      'wayward_job_runs.message',
      'wayward_job_runs.clock_skew_ns',
    ],
    queries: ['tables/wayward_job_runs_mv.sql'],
    files: [
      'tables/wayward_job_changes.sql',
      'tables/wayward_job_states.sql',
      'tables/wayward_job_changes_mv.sql',
    ],
  },
  {
    version: 12,
    name: 'When jobs were due',
    columns: ['wayward_job_states.next_due_at'],
    files: ['tables/wayward_job_slots.sql', 'tables/wayward_job_slots_mv.sql'],
  },
  {
    version: 13,
    name: 'Last known of what is open, never before it was seen to be open',
    queries: ['tables/wayward_open_now.sql'],
    files: [],
  },
  {
    version: 14,
    // Those of holds and items are of migration 16.
    name: 'Sums of each half second and minute, for wide pictures',
    files: [
      'migrations/0014-lock-waits-half-seconds.sql',
      'migrations/0014-lock-waits-half-seconds-filled.sql',
      'migrations/0014-lock-waits-minutes.sql',
      'migrations/0014-lock-waits-minutes-filled.sql',
    ],
  },
  {
    version: 15,
    name: 'Who imports which session',
    files: ['tables/wayward_imports.sql'],
  },
  {
    version: 16,
    name: 'How many holds and items a row stands for',
    columns: ['wayward_lock_holds.weight', 'wayward_queue_items.weight'],
    queries: ['tables/wayward_lock_holds_mv.sql', 'tables/wayward_queue_items_mv.sql'],
    files: [
      'migrations/0016-lock-holds-by-half-second.sql',
      'migrations/0016-lock-holds-by-half-second-filled.sql',
      'migrations/0016-lock-holds-half-seconds-gone.sql',
      'migrations/0016-lock-holds-by-minute.sql',
      'migrations/0016-lock-holds-by-minute-filled.sql',
      'migrations/0016-lock-holds-minutes-gone.sql',
      'migrations/0016-queue-items-by-half-second.sql',
      'migrations/0016-queue-items-by-half-second-filled.sql',
      'migrations/0016-queue-items-half-seconds-gone.sql',
      'migrations/0016-queue-items-by-minute.sql',
      'migrations/0016-queue-items-by-minute-filled.sql',
      'migrations/0016-queue-items-minutes-gone.sql',
    ],
  },
  {
    version: 17,
    name: 'Garbage collections, blocked event loops, machines that sleep',
    files: ['tables/wayward_pauses.sql', 'tables/wayward_pauses_mv.sql'],
  },
  {
    version: 18,
    name: 'Which locks were asked for while which were held',
    files: ['tables/wayward_lock_orders.sql', 'tables/wayward_lock_orders_mv.sql'],
  },
  {
    version: 19,
    name: 'What was done with locks that locks are not made for',
    files: ['tables/wayward_lock_misuses.sql', 'tables/wayward_lock_misuses_mv.sql'],
  },
]
