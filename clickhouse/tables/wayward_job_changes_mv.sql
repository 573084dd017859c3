-- Fills wayward_job_changes from the events wayward.job.change.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_job_changes_mv TO wayward_job_changes
AS SELECT
  ServiceName AS service,
  LogAttributes['wayward.job.name'] AS job_name,
  toUInt64OrZero(LogAttributes['wayward.job.change.sequence']) AS sequence,
  Timestamp AS at,
  parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.received_time'], 9, 'UTC') AS received_at,
  LogAttributes['wayward.job.change.type'] AS change,
  LogAttributes['wayward.job.status'] AS status,
  LogAttributes['wayward.job.status.before'] AS status_before,
  LogAttributes['wayward.job.run.id'] AS run_id,
  LogAttributes['wayward.job.result'] AS result,
  parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.due_time'], 9, 'UTC') AS due_at,
  LogAttributes['wayward.job.report.id'] AS report_id,
  LogAttributes['wayward.job.source'] AS source,
  JSONExtract(LogAttributes['wayward.job.flaws'], 'Array(LowCardinality(String))') AS flaws,
  LogAttributes['wayward.job.message'] AS message,
  toFloat64OrZero(LogAttributes['wayward.job.progress']) AS progress,
  LogAttributes['wayward.job.definition'] AS definition
FROM otel_logs
WHERE EventName = 'wayward.job.change'
