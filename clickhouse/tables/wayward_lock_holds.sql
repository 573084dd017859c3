-- Locks that were held, one row from grant to release.
--
-- ORDER BY      reports ask per service and lock name over a time; rows of one lock compress well side by side.
-- PARTITION BY  day of the grant, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times, which grow within a lock; T64 drops the unused high bits of durations and numbers.
-- INDEX         what ended before a window is skipped, whenever it began.
-- PROJECTION    how many numbers came and how many of them differ, a row per session and day: whether any came twice.
--               And sums for each half second and minute, from which wide pictures of a timeline are drawn.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_lock_holds
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  lock_name LowCardinality(String) COMMENT 'Class of the lock (wayward.lock.name)' CODEC(ZSTD(1)),
  lock_id String COMMENT 'The lock, unique within its scope (wayward.lock.id)' CODEC(ZSTD(1)),
  lock_type LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
  lock_mode LowCardinality(String) COMMENT 'exclusive or shared (wayward.lock.mode)' CODEC(ZSTD(1)),
  granted_at DateTime64(9, 'UTC') COMMENT 'When the lock was granted, UTC' CODEC(Delta(8), ZSTD(1)),
  hold_ns UInt64 COMMENT 'From grant to release, nanoseconds' CODEC(T64, ZSTD(1)),
  wait_ns UInt64 COMMENT 'From request to grant, nanoseconds, 0 when granted at once (wayward.lock.wait.duration)' CODEC(T64, ZSTD(1)),
  contended Bool COMMENT 'Whether the request could not be granted at once (wayward.lock.contended)' CODEC(ZSTD(1)),
  depth UInt32 COMMENT 'How often the actor then held this lock (wayward.lock.depth)' CODEC(T64, ZSTD(1)),
  waiters UInt32 COMMENT 'Requests waiting when this one was made, itself not counted (wayward.lock.waiter.count)' CODEC(T64, ZSTD(1)),
  permits UInt32 COMMENT 'Permits asked for, for a semaphore (wayward.lock.permits)' CODEC(T64, ZSTD(1)),
  held Array(String) COMMENT 'Locks that the actor held when it asked (wayward.lock.held)' CODEC(ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  task_id String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
  task_name LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
  trace_id String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
  parent_span_id String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
  lock_key UInt64 MATERIALIZED cityHash64(if(lock_type IN ('distributed', 'database', 'file'), '', service), if(lock_type IN ('distributed', 'database', 'file'), '', session), lock_type, lock_name, lock_id) COMMENT 'The lock as a number: of hosts and clusters one for all sessions, others of their session' CODEC(ZSTD(1)),
  actor_key UInt64 MATERIALIZED cityHash64(service, session, if(task_id = '', toString(thread_id), task_id)) COMMENT 'Who asked as a number: the task, or the thread where no task is known, of its session' CODEC(ZSTD(1)),
  weight UInt32 DEFAULT 1 COMMENT 'How many operations this row stands for (wayward.operation.weight)' CODEC(T64, ZSTD(1)),
  INDEX released (toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1,
  PROJECTION numbers
  (
    SELECT service, session, toDate(granted_at), countIf(sequence > 0), groupBitmapIf(sequence, sequence > 0), max(granted_at)
    GROUP BY service, session, toDate(granted_at)
  ),
  PROJECTION by_half_second
  (
    SELECT service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 500),
      sum(weight), min(granted_at), max(toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))), sum(toFloat64(hold_ns) * weight)
    GROUP BY service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 500)
  ),
  PROJECTION by_minute
  (
    SELECT service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 60000),
      sum(weight), min(granted_at), max(toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))), sum(toFloat64(hold_ns) * weight)
    GROUP BY service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 60000)
  )
)
ENGINE = MergeTree
PARTITION BY toDate(granted_at)
ORDER BY (service, lock_name, granted_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
