-- Fills wayward_job_attempts from the spans of kind job_attempt.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_job_attempts_mv TO wayward_job_attempts
AS SELECT
  service,
  session,
  attributes['wayward.job.name'] AS job_name,
  attributes['wayward.job.run.id'] AS run_id,
  toUInt32OrZero(attributes['wayward.job.attempt']) AS attempt,
  started_at,
  duration_ns,
  attributes['wayward.job.result'] AS result,
  attributes['error.type'] AS error_type,
  toInt32OrZero(attributes['wayward.job.exit_code']) AS exit_code,
  attributes['wayward.job.worker.id'] AS worker_id,
  toInt64OrZero(attributes['thread.id']) AS thread_id,
  attributes['thread.name'] AS thread_name,
  attributes['wayward.task.id'] AS task_id,
  toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
  trace_id,
  span_id,
  parent_span_id
FROM wayward_incoming
WHERE kind = 'job_attempt'
