-- Operations that had not ended when their process last reported them: pending lock waits, held locks, queued items,
-- running jobs. One row per operation; a later event replaces an earlier one (all of them stay in otel_logs), and the end
-- is the last: ended_at is then no longer 1970. Ask wayward_open_now, which leaves out what has ended and says of the rest
-- whether it may still go on. An operation whose span has come since has ended, too: leave out those whose sequence a
-- table of its kind has.
--
-- ORDER BY      identity of the operation, which is also what replaces.
-- PARTITION BY  day of the start: the same for all events of an operation, as replacing works within a partition only.
-- INDEX         granules in which all have ended are skipped: after merges a question costs what is open, not what was.
-- CODEC         ZSTD; Delta for times.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_open_operations
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  kind LowCardinality(String) COMMENT 'lock_wait, lock_hold, queue_wait, queue_item, job_run, ... (wayward.kind)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'wayward.event.sequence that its span will carry (wayward.operation.sequence)' CODEC(Delta(8), ZSTD(1)),
  item_id String COMMENT 'Item of a queue (wayward.queue.item.id), run of a job (wayward.job.run.id), else empty' CODEC(ZSTD(1)),
  started_at DateTime64(9, 'UTC') COMMENT 'When the operation started, UTC (wayward.operation.start_time)' CODEC(Delta(8), ZSTD(1)),
  seen_at DateTime64(9, 'UTC') COMMENT 'When it was last reported as open, UTC' CODEC(Delta(8), ZSTD(1)),
  age_ns UInt64 COMMENT 'How long it had been open then, nanoseconds (wayward.operation.age)' CODEC(T64, ZSTD(1)),
  wait_ns UInt64 COMMENT 'Wait before an item or a hold began, nanoseconds (wayward.queue.wait.duration, wayward.lock.wait.duration)' CODEC(T64, ZSTD(1)),
  name LowCardinality(String) COMMENT 'Name of the lock, queue or job' CODEC(ZSTD(1)),
  subject_id String COMMENT 'The lock, queue or job definition (wayward.lock.id, wayward.queue.id, wayward.job.id)' CODEC(ZSTD(1)),
  lock_type LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
  lock_mode LowCardinality(String) COMMENT 'exclusive or shared (wayward.lock.mode)' CODEC(ZSTD(1)),
  held Array(String) COMMENT 'Locks that the actor held when it asked (wayward.lock.held)' CODEC(ZSTD(1)),
  holder_task_id String COMMENT 'Task that held the lock when it was asked for (wayward.lock.holder.task.id)' CODEC(ZSTD(1)),
  concurrency UInt32 COMMENT 'Largest number that the queue processes at a time, 0 unknown (wayward.queue.concurrency)' CODEC(T64, ZSTD(1)),
  due_at DateTime64(9, 'UTC') COMMENT 'When a job was due to start, UTC, 1970 unknown (wayward.job.due_time)' CODEC(Delta(8), ZSTD(1)),
  attempt UInt32 COMMENT 'Attempt of a job (wayward.job.attempt)' CODEC(T64, ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  task_id String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
  task_name LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
  trace_id String COMMENT 'Trace of the operation, or empty' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span of the operation or of its parent, or empty' CODEC(ZSTD(1)),
  ended_at DateTime64(9, 'UTC') COMMENT 'When it ended, UTC, 1970 as long as no end was reported' CODEC(Delta(8), ZSTD(1)),
  end_reason LowCardinality(String) COMMENT 'Why reports of it ended before itself: shutdown, left_out, abandoned (wayward.operation.end.reason), else empty' CODEC(ZSTD(1)),
  seen_uptime_ns UInt64 COMMENT 'Age of the session when it was last reported, monotonic, nanoseconds, 0 unknown (wayward.session.uptime)' CODEC(T64, ZSTD(1)),
  interval_ns UInt64 COMMENT 'Time between two reports of it while it is open, nanoseconds, 0 unknown (wayward.operation.snapshot.interval)' CODEC(T64, ZSTD(1)),
  deadline_at DateTime64(9, 'UTC') COMMENT 'When a job must have ended, UTC, 1970 none (wayward.job.deadline)' CODEC(Delta(8), ZSTD(1)),
  priority Int64 COMMENT 'Priority of an item, larger first (wayward.queue.priority)' CODEC(T64, ZSTD(1)),
  INDEX ended ended_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(seen_at)
PARTITION BY toDate(started_at)
ORDER BY (service, session, kind, sequence, item_id)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
