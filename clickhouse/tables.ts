// Every table that Wayward makes, declared once: what is inserted into, how rows are spread over a
// cluster, and what makes them old. Their columns are in tables/*.sql.

/** What is known of a table besides its columns. */
export interface TableDeclaration {
  readonly name: string
  /**
   * How rows get in: `stock` tables are inserted into and may have been made by another collector,
   * `own` ones are inserted into. The others are filled by views.
   */
  readonly inserts?: 'stock' | 'own'
  /**
   * The expression that spreads rows over the shards of a cluster.
   * @default rows stay where they were made
   */
  readonly shardingKey?: string
  /** The column of the rows' own time. @default rows do not age */
  readonly time?: string
  /** The column of the service, where there is one. */
  readonly service?: string
  /** The table whose retention this one has, too: it is an index of it. */
  readonly follows?: string
  /** Its rows are about rows of all tables, so they stay as long as any of them. */
  readonly isAboutAll?: boolean
  /** Which of its rows are a session's: what is deleted with it. */
  readonly sessionRows: SessionRows
}

/**
 * How a table tells whose its rows are: by their resource, by a column, or through the table that
 * they come from (a file of `deletion/` each); `none` where they are nobody's.
 */
export type SessionRows = 'resource' | 'column' | 'traces' | 'job-changes' | 'job-slots' | 'none'

/** A table whose rows go when they are old. */
export interface RetainedTable extends TableDeclaration {
  readonly time: string
}

const metrics = {
  inserts: 'stock',
  // A time series lies together.
  shardingKey: 'cityHash64(ServiceName, MetricName, Attributes)',
  time: 'TimeUnix',
  service: 'ServiceName',
  sessionRows: 'resource',
} as const

const ofKind = { service: 'service', sessionRows: 'column' } as const

// The same rows must always go to the same shards, also at the tenth try, so there is no rand() in
// a sharding key. Spans and records of a trace lie together; records without one lie with their
// process, so that the snapshots of an operation meet. What a view fills stays where its rows are.
const declarations = [
  {
    name: 'otel_traces',
    inserts: 'stock',
    shardingKey: 'cityHash64(TraceId)',
    time: 'Timestamp',
    service: 'ServiceName',
    sessionRows: 'resource',
  },
  {
    name: 'otel_traces_trace_id_ts',
    shardingKey: 'cityHash64(TraceId)',
    time: 'Start',
    follows: 'otel_traces',
    sessionRows: 'traces',
  },
  {
    name: 'otel_logs',
    inserts: 'stock',
    shardingKey: "if(TraceId = '', cityHash64(ResourceAttributes), cityHash64(TraceId))",
    time: 'Timestamp',
    service: 'ServiceName',
    sessionRows: 'resource',
  },
  { name: 'otel_metrics_gauge', ...metrics },
  { name: 'otel_metrics_sum', ...metrics },
  { name: 'otel_metrics_histogram', ...metrics },
  { name: 'otel_metrics_exponential_histogram', ...metrics },
  { name: 'otel_metrics_summary', ...metrics },
  { name: 'wayward_lock_holds', time: 'granted_at', ...ofKind },
  { name: 'wayward_lock_waits', time: 'requested_at', ...ofKind },
  { name: 'wayward_lock_orders', time: 'told_at', ...ofKind },
  { name: 'wayward_lock_misuses', time: 'told_at', ...ofKind },
  { name: 'wayward_queue_items', time: 'dequeued_at', ...ofKind },
  { name: 'wayward_job_runs', time: 'started_at', ...ofKind },
  { name: 'wayward_job_attempts', time: 'started_at', ...ofKind },
  { name: 'wayward_pauses', time: 'paused_at', ...ofKind },
  {
    name: 'wayward_job_changes',
    time: 'received_at',
    service: 'service',
    sessionRows: 'job-changes',
  },
  { name: 'wayward_job_slots', time: 'due_at', service: 'service', sessionRows: 'job-slots' },
  // It holds what is, not what was, and so has no age; and it is of the job, whoever runs it.
  {
    name: 'wayward_job_states',
    inserts: 'own',
    shardingKey: 'cityHash64(service, job_name)',
    sessionRows: 'none',
  },
  { name: 'wayward_open_operations', time: 'started_at', ...ofKind },
  { name: 'wayward_sessions', time: 'last_at', isAboutAll: true, sessionRows: 'column' },
  { name: 'wayward_imports', shardingKey: 'cityHash64(session)', sessionRows: 'column' },
  // It keeps nothing.
  { name: 'wayward_incoming', shardingKey: 'cityHash64(trace_id)', sessionRows: 'none' },
  // It has a time to live of its own, and names senders by address, not sessions.
  {
    name: 'wayward_ledger',
    inserts: 'own',
    shardingKey: 'cityHash64(host, pid)',
    sessionRows: 'none',
  },
  { name: 'wayward_migrations', shardingKey: 'version', sessionRows: 'none' },
] as const satisfies readonly TableDeclaration[]

/** All tables, by name. */
export const tables: ReadonlyMap<string, TableDeclaration> = new Map(
  declarations.map((table) => [table.name, table]),
)

/** The tables whose rows go when they are old, by name. */
export const retainedTables: ReadonlyMap<string, RetainedTable> = new Map(
  [...tables.values()]
    .filter((table): table is RetainedTable => table.time !== undefined)
    .map((table) => [table.name, table]),
)

/** The names of the stock tables that are inserted into. */
export const stockTables: readonly string[] = [...tables.values()]
  .filter(({ inserts }) => inserts === 'stock')
  .map(({ name }) => name)

/**
 * The statements that insert Native blocks, by table: the closed list of what is ever inserted
 * into. No SQL text is built from a name that came from elsewhere.
 */
export const insertStatements: ReadonlyMap<string, string> = new Map(
  [...tables.values()]
    .filter(({ inserts }) => inserts !== undefined)
    .map(({ name }) => [name, `INSERT INTO ${name} FORMAT Native`]),
)
