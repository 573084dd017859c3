-- Which class of locks was asked for while which was held, a row for each time that a thread tells it: when it is new, and
-- then its count. Sessions whose locks are thinned have it all here, however rare it was.
--
-- ORDER BY      reports ask per service for its pairs, over a time.
-- PARTITION BY  day, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times; T64 drops the unused high bits of numbers.
-- TTL           none, as otel_logs.
CREATE TABLE IF NOT EXISTS wayward_lock_orders
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  held_name LowCardinality(String) COMMENT 'Class of the lock that was held (wayward.lock.order.held.name)' CODEC(ZSTD(1)),
  held_type LowCardinality(String) COMMENT 'Its type (wayward.lock.order.held.type)' CODEC(ZSTD(1)),
  lock_name LowCardinality(String) COMMENT 'Class of the lock that was asked for meanwhile (wayward.lock.name)' CODEC(ZSTD(1)),
  lock_type LowCardinality(String) COMMENT 'Its type (wayward.lock.type)' CODEC(ZSTD(1)),
  told_at DateTime64(9, 'UTC') COMMENT 'When that was told, UTC' CODEC(Delta(8), ZSTD(1)),
  times UInt64 COMMENT 'How often it was so since it was told before (wayward.lock.order.count)' CODEC(T64, ZSTD(1)),
  tasks Array(String) COMMENT 'Tasks that did, two at most (wayward.lock.order.tasks)' CODEC(ZSTD(1)),
  gates Array(String) COMMENT 'Classes that were held besides each time (wayward.lock.order.gates)' CODEC(ZSTD(1)),
  is_shared Bool COMMENT 'Whether only readers ever asked (wayward.lock.order.shared)' CODEC(ZSTD(1)),
  is_held_shared Bool COMMENT 'Whether only readers ever held (wayward.lock.order.held.shared)' CODEC(ZSTD(1)),
  site LowCardinality(String) COMMENT 'Where it was asked for (wayward.lock.order.site)' CODEC(ZSTD(1)),
  held_site LowCardinality(String) COMMENT 'Where the held one was asked for (wayward.lock.order.held.site)' CODEC(ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
  trace_id String COMMENT 'Trace that it was told in, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  span_id String COMMENT 'Its span, 16 lower-case hex digits, or empty' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(told_at)
ORDER BY (service, held_name, lock_name, told_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
