-- What was done with locks that locks are not made for, a row for each time that a thread tells it: when it is new, and then
-- its count.
--
-- ORDER BY      reports ask per service for its locks, over a time.
-- PARTITION BY  day, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times; T64 drops the unused high bits of numbers.
-- TTL           none, as otel_logs.
CREATE TABLE IF NOT EXISTS wayward_lock_misuses
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  lock_name LowCardinality(String) COMMENT 'Class of the lock (wayward.lock.name)' CODEC(ZSTD(1)),
  lock_id String COMMENT 'One of the locks (wayward.lock.id)' CODEC(ZSTD(1)),
  lock_type LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
  rule LowCardinality(String) COMMENT 'What was done (wayward.lock.misuse.rule)' CODEC(ZSTD(1)),
  told_at DateTime64(9, 'UTC') COMMENT 'When that was told, UTC' CODEC(Delta(8), ZSTD(1)),
  times UInt64 COMMENT 'How often it was so since it was told before (wayward.lock.misuse.count)' CODEC(T64, ZSTD(1)),
  owner String COMMENT 'The task whose hold or request it is, or empty (wayward.lock.misuse.owner)' CODEC(ZSTD(1)),
  task_id String COMMENT 'The task that did it, or empty (wayward.task.id)' CODEC(ZSTD(1)),
  site LowCardinality(String) COMMENT 'Where it was done (wayward.lock.misuse.site)' CODEC(ZSTD(1)),
  asked_site LowCardinality(String) COMMENT 'Where the lock had been asked for (wayward.lock.misuse.asked.site)' CODEC(ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
  trace_id String COMMENT 'Trace that it was told in, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  span_id String COMMENT 'Its span, 16 lower-case hex digits, or empty' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(told_at)
ORDER BY (service, lock_name, told_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
