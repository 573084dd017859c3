-- Requests for locks that were not granted at once, one row from request to grant, time-out, cancellation or refusal.
--
-- ORDER BY      reports ask per service and lock name over a time, as wayward_lock_holds.
-- PARTITION BY  day of the request, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times, which grow within a lock; T64 drops the unused high bits of durations and numbers.
-- INDEX         what ended before a window is skipped, whenever it began.
-- PROJECTION    how many numbers came and how many of them differ, a row per session and day: whether any came twice.
--               And sums for each half second and minute, from which wide pictures of a timeline are drawn.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_lock_waits
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  lock_name LowCardinality(String) COMMENT 'Class of the lock (wayward.lock.name)' CODEC(ZSTD(1)),
  lock_id String COMMENT 'The lock, unique within its scope (wayward.lock.id)' CODEC(ZSTD(1)),
  lock_type LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
  lock_mode LowCardinality(String) COMMENT 'exclusive or shared (wayward.lock.mode)' CODEC(ZSTD(1)),
  requested_at DateTime64(9, 'UTC') COMMENT 'When the lock was asked for, UTC' CODEC(Delta(8), ZSTD(1)),
  wait_ns UInt64 COMMENT 'From request to the end of the wait, nanoseconds' CODEC(T64, ZSTD(1)),
  result LowCardinality(String) COMMENT 'granted, timeout, cancelled or refused (wayward.lock.wait.result)' CODEC(ZSTD(1)),
  timeout_ns UInt64 COMMENT 'Longest wait that the requester accepts, nanoseconds, 0 for any (wayward.lock.timeout)' CODEC(T64, ZSTD(1)),
  waiters UInt32 COMMENT 'Requests waiting when this one was made, itself not counted (wayward.lock.waiter.count)' CODEC(T64, ZSTD(1)),
  permits UInt32 COMMENT 'Permits asked for, for a semaphore (wayward.lock.permits)' CODEC(T64, ZSTD(1)),
  holder_task_id String COMMENT 'Task that held the lock when it was asked for (wayward.lock.holder.task.id)' CODEC(ZSTD(1)),
  holder_thread_id Int64 COMMENT 'Thread that held the lock when it was asked for (wayward.lock.holder.thread.id)' CODEC(T64, ZSTD(1)),
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
  INDEX ended (toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1,
  PROJECTION numbers
  (
    SELECT service, session, toDate(requested_at), countIf(sequence > 0), groupBitmapIf(sequence, sequence > 0), max(requested_at)
    GROUP BY service, session, toDate(requested_at)
  ),
  PROJECTION half_seconds
  (
    SELECT service, session, lock_name, intDiv(toUnixTimestamp64Milli(requested_at), 500),
      count(), min(requested_at), max(toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))), sum(wait_ns)
    GROUP BY service, session, lock_name, intDiv(toUnixTimestamp64Milli(requested_at), 500)
  ),
  PROJECTION minutes
  (
    SELECT service, session, lock_name, intDiv(toUnixTimestamp64Milli(requested_at), 60000),
      count(), min(requested_at), max(toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))), sum(wait_ns)
    GROUP BY service, session, lock_name, intDiv(toUnixTimestamp64Milli(requested_at), 60000)
  )
)
ENGINE = MergeTree
PARTITION BY toDate(requested_at)
ORDER BY (service, lock_name, requested_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
