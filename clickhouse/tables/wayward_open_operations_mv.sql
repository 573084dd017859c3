-- Fills wayward_open_operations from the events wayward.operation.open and wayward.operation.ended. seen_at is start plus
-- age, and not the time of the event: so the larger age replaces the smaller one also where the wall clock was set back in
-- between, and the end replaces them all.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_open_operations_mv TO wayward_open_operations
AS SELECT
  ServiceName AS service,
  multiIf(
    ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
    ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
    concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
  ) AS session,
  LogAttributes['wayward.kind'] AS kind,
  toUInt64OrZero(LogAttributes['wayward.operation.sequence']) AS sequence,
  concat(LogAttributes['wayward.queue.item.id'], LogAttributes['wayward.job.run.id']) AS item_id,
  parseDateTime64BestEffortOrZero(LogAttributes['wayward.operation.start_time'], 9, 'UTC') AS started_at,
  if(toUnixTimestamp64Nano(started_at) > 0,
    fromUnixTimestamp64Nano(toUnixTimestamp64Nano(started_at) + toInt64(age_ns), 'UTC'),
    toDateTime64(Timestamp, 9, 'UTC')) AS seen_at,
  toUInt64OrZero(LogAttributes['wayward.operation.age']) AS age_ns,
  toUInt64OrZero(concat(LogAttributes['wayward.queue.wait.duration'], LogAttributes['wayward.lock.wait.duration'])) AS wait_ns,
  concat(LogAttributes['wayward.lock.name'], LogAttributes['wayward.queue.name'], LogAttributes['wayward.job.name']) AS name,
  concat(LogAttributes['wayward.lock.id'], LogAttributes['wayward.queue.id'], LogAttributes['wayward.job.id']) AS subject_id,
  LogAttributes['wayward.lock.type'] AS lock_type,
  LogAttributes['wayward.lock.mode'] AS lock_mode,
  JSONExtract(LogAttributes['wayward.lock.held'], 'Array(String)') AS held,
  LogAttributes['wayward.lock.holder.task.id'] AS holder_task_id,
  toUInt32OrZero(LogAttributes['wayward.queue.concurrency']) AS concurrency,
  parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.due_time'], 9, 'UTC') AS due_at,
  toUInt32OrZero(LogAttributes['wayward.job.attempt']) AS attempt,
  toInt64OrZero(LogAttributes['thread.id']) AS thread_id,
  LogAttributes['thread.name'] AS thread_name,
  LogAttributes['wayward.task.id'] AS task_id,
  LogAttributes['wayward.task.name'] AS task_name,
  TraceId AS trace_id,
  SpanId AS span_id,
  if(EventName = 'wayward.operation.ended', seen_at, toDateTime64(0, 9, 'UTC')) AS ended_at,
  LogAttributes['wayward.operation.end.reason'] AS end_reason,
  toUInt64OrZero(LogAttributes['wayward.session.uptime']) AS seen_uptime_ns,
  toUInt64OrZero(LogAttributes['wayward.operation.snapshot.interval']) AS interval_ns,
  parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.deadline'], 9, 'UTC') AS deadline_at,
  toInt64OrZero(LogAttributes['wayward.queue.priority']) AS priority
FROM otel_logs
WHERE EventName IN ('wayward.operation.open', 'wayward.operation.ended')
