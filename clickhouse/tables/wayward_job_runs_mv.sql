-- Fills wayward_job_runs from the spans of kind job_run.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_job_runs_mv TO wayward_job_runs
AS SELECT
  service,
  session,
  attributes['wayward.job.name'] AS job_name,
  attributes['wayward.job.id'] AS job_id,
  attributes['wayward.job.run.id'] AS run_id,
  attributes['wayward.job.trigger'] AS trigger,
  attributes['wayward.job.schedule'] AS schedule,
  attributes['wayward.job.schedule.timezone'] AS schedule_timezone,
  parseDateTime64BestEffortOrZero(attributes['wayward.job.scheduled_time'], 9, 'UTC') AS scheduled_at,
  parseDateTime64BestEffortOrZero(attributes['wayward.job.due_time'], 9, 'UTC') AS due_at,
  parseDateTime64BestEffortOrZero(attributes['wayward.job.deadline'], 9, 'UTC') AS deadline_at,
  started_at,
  duration_ns,
  attributes['wayward.job.result'] AS result,
  attributes['error.type'] AS error_type,
  toInt32OrZero(attributes['wayward.job.exit_code']) AS exit_code,
  toUInt32OrZero(attributes['wayward.job.attempt']) AS attempts,
  toUInt32OrZero(attributes['wayward.job.attempt.limit']) AS attempts_max,
  attributes['wayward.job.worker.id'] AS worker_id,
  toInt64OrZero(attributes['thread.id']) AS thread_id,
  attributes['thread.name'] AS thread_name,
  attributes['wayward.task.id'] AS task_id,
  attributes['wayward.task.name'] AS task_name,
  toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
  trace_id,
  span_id,
  parent_span_id
FROM wayward_incoming
WHERE kind = 'job_run'
