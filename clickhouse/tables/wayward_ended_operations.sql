-- Operations that were reported as open and have ended since, whether or not their span was sampled or arrived: what
-- wayward_open_operations has and this table lacks is open, or was lost with its process.
--
-- ORDER BY      identity of the operation; the kind belongs to it, as a wait and what follows may share a sequence.
-- PARTITION BY  day of the start, as wayward_open_operations.
-- CODEC         ZSTD; Delta for times.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_ended_operations
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  kind LowCardinality(String) COMMENT 'lock_wait, lock_hold, queue_wait, queue_item, job_run, ... (wayward.kind)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'The operation (wayward.operation.sequence)' CODEC(Delta(8), ZSTD(1)),
  started_at DateTime64(9, 'UTC') COMMENT 'When the operation started, UTC (wayward.operation.start_time)' CODEC(Delta(8), ZSTD(1)),
  ended_at DateTime64(9, 'UTC') COMMENT 'When it ended, UTC' CODEC(Delta(8), ZSTD(1)),
  age_ns UInt64 COMMENT 'How long it had been open, nanoseconds (wayward.operation.age)' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree(ended_at)
PARTITION BY toDate(started_at)
ORDER BY (service, session, kind, sequence)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
