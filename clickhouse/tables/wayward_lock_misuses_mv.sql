-- Fills wayward_lock_misuses from the events wayward.lock.misuse.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_lock_misuses_mv TO wayward_lock_misuses
AS SELECT
  ServiceName AS service,
  multiIf(
    ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
    ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
    concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
  ) AS session,
  LogAttributes['wayward.lock.name'] AS lock_name,
  LogAttributes['wayward.lock.id'] AS lock_id,
  LogAttributes['wayward.lock.type'] AS lock_type,
  LogAttributes['wayward.lock.misuse.rule'] AS rule,
  toDateTime64(Timestamp, 9, 'UTC') AS told_at,
  toUInt64OrZero(LogAttributes['wayward.lock.misuse.count']) AS times,
  LogAttributes['wayward.lock.misuse.owner'] AS owner,
  LogAttributes['wayward.task.id'] AS task_id,
  LogAttributes['wayward.lock.misuse.site'] AS site,
  LogAttributes['wayward.lock.misuse.asked.site'] AS asked_site,
  toInt64OrZero(LogAttributes['thread.id']) AS thread_id,
  LogAttributes['thread.name'] AS thread_name,
  toUInt64OrZero(LogAttributes['wayward.event.sequence']) AS sequence,
  TraceId AS trace_id,
  SpanId AS span_id
FROM otel_logs
WHERE EventName = 'wayward.lock.misuse'
