-- Executions of jobs, one row from start to end, all attempts included.
--
-- ORDER BY      reports ask per service and job over a time.
-- PARTITION BY  day of the start, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times, which grow within a job; T64 drops the unused high bits of durations and numbers.
-- TTL           none, as otel_traces.
-- Times that a run may not have (due, scheduled, deadline) are 1970-01-01 when absent: Nullable costs a second column each.
CREATE TABLE IF NOT EXISTS wayward_job_runs
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  job_name LowCardinality(String) COMMENT 'Name of the job (wayward.job.name)' CODEC(ZSTD(1)),
  job_id String COMMENT 'Definition of the job, where it differs from its name (wayward.job.id)' CODEC(ZSTD(1)),
  run_id String COMMENT 'The run (wayward.job.run.id)' CODEC(ZSTD(1)),
  trigger LowCardinality(String) COMMENT 'cron, interval, event, manual or retry (wayward.job.trigger)' CODEC(ZSTD(1)),
  schedule LowCardinality(String) COMMENT 'The schedule as written (wayward.job.schedule)' CODEC(ZSTD(1)),
  schedule_timezone LowCardinality(String) COMMENT 'Time zone of the schedule (wayward.job.schedule.timezone)' CODEC(ZSTD(1)),
  scheduled_at DateTime64(9, 'UTC') COMMENT 'When it was put on the schedule, UTC, 1970 unknown (wayward.job.scheduled_time)' CODEC(Delta(8), ZSTD(1)),
  due_at DateTime64(9, 'UTC') COMMENT 'When it was due to start, UTC, 1970 unknown (wayward.job.due_time)' CODEC(Delta(8), ZSTD(1)),
  deadline_at DateTime64(9, 'UTC') COMMENT 'When it must have ended, UTC, 1970 none (wayward.job.deadline)' CODEC(Delta(8), ZSTD(1)),
  started_at DateTime64(9, 'UTC') COMMENT 'When it started, UTC' CODEC(Delta(8), ZSTD(1)),
  duration_ns UInt64 COMMENT 'From start to end, nanoseconds' CODEC(T64, ZSTD(1)),
  result LowCardinality(String) COMMENT 'success, failure, error, timeout, cancellation or skip (wayward.job.result)' CODEC(ZSTD(1)),
  error_type LowCardinality(String) COMMENT 'Class of the error, empty on success (error.type)' CODEC(ZSTD(1)),
  exit_code Int32 COMMENT 'Exit code where the job is a process, else 0 (wayward.job.exit_code)' CODEC(T64, ZSTD(1)),
  attempts UInt32 COMMENT 'Attempts made (wayward.job.attempt)' CODEC(T64, ZSTD(1)),
  attempts_max UInt32 COMMENT 'Largest number of attempts, 0 unknown (wayward.job.attempt.limit)' CODEC(T64, ZSTD(1)),
  worker_id LowCardinality(String) COMMENT 'Worker that ran it (wayward.job.worker.id)' CODEC(ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  task_id String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
  task_name LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
  trace_id String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
  parent_span_id String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
  output String COMMENT 'What the run wrote, as far as it was kept (wayward.job.output)' CODEC(ZSTD(3)),
  metrics Map(LowCardinality(String), Float64) COMMENT 'Numbers that the run reported of itself (wayward.job.metrics)' CODEC(ZSTD(1)),
  cpu_ns UInt64 COMMENT 'CPU time, user and system, nanoseconds, 0 unknown (wayward.job.cpu.time)' CODEC(T64, ZSTD(1)),
  memory_bytes UInt64 COMMENT 'Most memory resident, bytes, 0 unknown (wayward.job.memory.max)' CODEC(T64, ZSTD(1)),
  read_bytes UInt64 COMMENT 'Bytes read from disks, 0 unknown (wayward.job.io.read)' CODEC(T64, ZSTD(1)),
  written_bytes UInt64 COMMENT 'Bytes written to disks, 0 unknown (wayward.job.io.written)' CODEC(T64, ZSTD(1)),
  source LowCardinality(String) COMMENT 'In which words it was reported over HTTP, else empty (wayward.job.source)' CODEC(ZSTD(1)),
  flaws Array(LowCardinality(String)) COMMENT 'What was wrong with its reports (wayward.job.flaws)' CODEC(ZSTD(1)),
  message String COMMENT 'Its last note, for people (wayward.job.message)' CODEC(ZSTD(1)),
  clock_skew_ns Int64 COMMENT 'Clock of its sender minus ours where its times were put right, nanoseconds (wayward.job.clock.skew)' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(started_at)
ORDER BY (service, job_name, started_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
