-- Fills wayward_lock_orders from the events wayward.lock.order.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_lock_orders_mv TO wayward_lock_orders
AS SELECT
  ServiceName AS service,
  multiIf(
    ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
    ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
    concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
  ) AS session,
  LogAttributes['wayward.lock.order.held.name'] AS held_name,
  LogAttributes['wayward.lock.order.held.type'] AS held_type,
  LogAttributes['wayward.lock.name'] AS lock_name,
  LogAttributes['wayward.lock.type'] AS lock_type,
  toDateTime64(Timestamp, 9, 'UTC') AS told_at,
  toUInt64OrZero(LogAttributes['wayward.lock.order.count']) AS times,
  JSONExtract(LogAttributes['wayward.lock.order.tasks'], 'Array(String)') AS tasks,
  JSONExtract(LogAttributes['wayward.lock.order.gates'], 'Array(String)') AS gates,
  LogAttributes['wayward.lock.order.shared'] = 'true' AS is_shared,
  LogAttributes['wayward.lock.order.held.shared'] = 'true' AS is_held_shared,
  LogAttributes['wayward.lock.order.site'] AS site,
  LogAttributes['wayward.lock.order.held.site'] AS held_site,
  toInt64OrZero(LogAttributes['thread.id']) AS thread_id,
  LogAttributes['thread.name'] AS thread_name,
  toUInt64OrZero(LogAttributes['wayward.event.sequence']) AS sequence,
  TraceId AS trace_id,
  SpanId AS span_id
FROM otel_logs
WHERE EventName = 'wayward.lock.order'
