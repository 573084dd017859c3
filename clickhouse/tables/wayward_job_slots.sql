-- Times at which jobs were due, one row per job and time with what became of it: met by a run, late as long as none has come,
-- missed when the next one was due. The newest row counts (ask with FINAL). When a job is due next is in
-- wayward_job_states.next_due_at.
--
-- ORDER BY      identity of the slot, which is also what replaces.
-- PARTITION BY  day of the due time: the same for all rows of a slot, as replacing works within a partition only.
-- CODEC         Delta for times; ZSTD for texts.
-- TTL           none, as otel_logs.
CREATE TABLE IF NOT EXISTS wayward_job_slots
(
  service LowCardinality(String) COMMENT 'service.name of its runs' CODEC(ZSTD(1)),
  job_name LowCardinality(String) COMMENT 'Name of the job' CODEC(ZSTD(1)),
  due_at DateTime64(9, 'UTC') COMMENT 'When a run was due, UTC' CODEC(Delta(8), ZSTD(1)),
  outcome LowCardinality(String) COMMENT 'met, late or missed' CODEC(ZSTD(1)),
  run_id String COMMENT 'The run that met it, else empty' CODEC(ZSTD(1)),
  started_at DateTime64(9, 'UTC') COMMENT 'When that run started, UTC, 1970 none' CODEC(Delta(8), ZSTD(1)),
  lateness_ns UInt64 COMMENT 'Start minus due time, nanoseconds, 0 when early or not met' CODEC(T64, ZSTD(1)),
  found_at DateTime64(9, 'UTC') COMMENT 'When that was reported or found, UTC' CODEC(Delta(8), ZSTD(1)),
  sequence UInt64 COMMENT 'The change that said so (wayward_job_changes.sequence)' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(sequence)
PARTITION BY toDate(due_at)
ORDER BY (service, job_name, due_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
