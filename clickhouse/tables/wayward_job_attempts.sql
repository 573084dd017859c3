-- Tries within runs of jobs, one row from start to end of the try.
--
-- ORDER BY      reports ask per service and job over a time.
-- PARTITION BY  day of the start, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times, which grow within a job; T64 drops the unused high bits of durations and numbers.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_job_attempts
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  job_name LowCardinality(String) COMMENT 'Name of the job (wayward.job.name)' CODEC(ZSTD(1)),
  run_id String COMMENT 'The run (wayward.job.run.id)' CODEC(ZSTD(1)),
  attempt UInt32 COMMENT 'Number of the try within its run, from 1 (wayward.job.attempt)' CODEC(T64, ZSTD(1)),
  started_at DateTime64(9, 'UTC') COMMENT 'When the try started, UTC' CODEC(Delta(8), ZSTD(1)),
  duration_ns UInt64 COMMENT 'From start to end, nanoseconds' CODEC(T64, ZSTD(1)),
  result LowCardinality(String) COMMENT 'success, failure, error, timeout, cancellation or skip (wayward.job.result)' CODEC(ZSTD(1)),
  error_type LowCardinality(String) COMMENT 'Class of the error, empty on success (error.type)' CODEC(ZSTD(1)),
  exit_code Int32 COMMENT 'Exit code where the job is a process, else 0 (wayward.job.exit_code)' CODEC(T64, ZSTD(1)),
  worker_id LowCardinality(String) COMMENT 'Worker that ran it (wayward.job.worker.id)' CODEC(ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  task_id String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
  trace_id String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
  parent_span_id String COMMENT 'Parent span: the run' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(started_at)
ORDER BY (service, job_name, started_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
