/** A table whose rows go when they are old. */
export interface RetainedTable {
  readonly name: string
  /** The column of the rows' own time. */
  readonly time: string
  /** The column of the service, where there is one. */
  readonly service?: string
  /** The table whose setting this one has, too: it is an index of it. */
  readonly follows?: string
  /** Its rows are about rows of all tables, so they stay as long as any of them. */
  readonly isAboutAll?: boolean
}

// wayward_ledger has a time to live of its own; wayward_migrations and wayward_incoming keep
// nothing that ages.
const tables: readonly RetainedTable[] = [
  { name: 'otel_traces', time: 'Timestamp', service: 'ServiceName' },
  { name: 'otel_traces_trace_id_ts', time: 'Start', follows: 'otel_traces' },
  { name: 'otel_logs', time: 'Timestamp', service: 'ServiceName' },
  { name: 'otel_metrics_gauge', time: 'TimeUnix', service: 'ServiceName' },
  { name: 'otel_metrics_sum', time: 'TimeUnix', service: 'ServiceName' },
  { name: 'otel_metrics_histogram', time: 'TimeUnix', service: 'ServiceName' },
  { name: 'otel_metrics_exponential_histogram', time: 'TimeUnix', service: 'ServiceName' },
  { name: 'otel_metrics_summary', time: 'TimeUnix', service: 'ServiceName' },
  { name: 'wayward_lock_holds', time: 'granted_at', service: 'service' },
  { name: 'wayward_lock_waits', time: 'requested_at', service: 'service' },
  { name: 'wayward_queue_items', time: 'dequeued_at', service: 'service' },
  { name: 'wayward_job_runs', time: 'started_at', service: 'service' },
  { name: 'wayward_job_attempts', time: 'started_at', service: 'service' },
  { name: 'wayward_open_operations', time: 'started_at', service: 'service' },
  { name: 'wayward_sessions', time: 'last_at', isAboutAll: true },
]

export const retainedTables: ReadonlyMap<string, RetainedTable> = new Map(
  tables.map((table) => [table.name, table]),
)
