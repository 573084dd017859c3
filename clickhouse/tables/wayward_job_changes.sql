-- What changed in the states of jobs that are reported over HTTP, and of their runs, one row per change: their history.
--
-- ORDER BY      the question is what became of a job, in the order in which it happened.
-- PARTITION BY  day of the arrival, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times and numbers that grow within a job; ZSTD for texts.
-- TTL           none, as otel_logs.
CREATE TABLE IF NOT EXISTS wayward_job_changes
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  job_name LowCardinality(String) COMMENT 'Name of the job (wayward.job.name)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number of the change, which grows within the job (wayward.job.change.sequence)' CODEC(Delta(8), ZSTD(1)),
  at DateTime64(9, 'UTC') COMMENT 'When it happened, UTC' CODEC(Delta(8), ZSTD(1)),
  received_at DateTime64(9, 'UTC') COMMENT 'When it was reported or found, UTC' CODEC(Delta(8), ZSTD(1)),
  change LowCardinality(String) COMMENT 'defined, run_started, run_noted, run_ended, run_overdue, run_silent, slot_late, slot_missed, status or told (wayward.job.change.type)' CODEC(ZSTD(1)),
  status LowCardinality(String) COMMENT 'State of the job since then: new, up, running, late, failing, down or paused (wayward.job.status)' CODEC(ZSTD(1)),
  status_before LowCardinality(String) COMMENT 'State of the job before (wayward.job.status.before)' CODEC(ZSTD(1)),
  run_id String COMMENT 'The run, or empty (wayward.job.run.id)' CODEC(ZSTD(1)),
  result LowCardinality(String) COMMENT 'How the run ended, else empty (wayward.job.result)' CODEC(ZSTD(1)),
  due_at DateTime64(9, 'UTC') COMMENT 'When the run was due, UTC, 1970 none (wayward.job.due_time)' CODEC(Delta(8), ZSTD(1)),
  report_id String COMMENT 'Identity that the sender gave the report, or empty (wayward.job.report.id)' CODEC(ZSTD(1)),
  source LowCardinality(String) COMMENT 'In which words it was reported, or clock (wayward.job.source)' CODEC(ZSTD(1)),
  flaws Array(LowCardinality(String)) COMMENT 'What was wrong with the report (wayward.job.flaws)' CODEC(ZSTD(1)),
  message String COMMENT 'For people (wayward.job.message)' CODEC(ZSTD(1)),
  progress Float64 COMMENT 'How much of the run is done, 0 to 1 (wayward.job.progress)' CODEC(ZSTD(1)),
  definition String COMMENT 'What is expected of the job since then, JSON, where that changed (wayward.job.definition)' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(received_at)
ORDER BY (service, job_name, sequence)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
