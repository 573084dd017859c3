-- Adds the log records of an insert to their sessions, and what events wayward.events.dropped say was lost.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_sessions_logs_mv TO wayward_sessions
AS SELECT
  ServiceName AS service,
  multiIf(
    ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
    ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
    concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
  ) AS session,
  ResourceAttributes['wayward.session.name'] AS session_name,
  ResourceAttributes['service.instance.id'] AS instance_id,
  ResourceAttributes['service.version'] AS service_version,
  ResourceAttributes['host.name'] AS host_name,
  toUInt64OrZero(ResourceAttributes['process.pid']) AS process_pid,
  ResourceAttributes['process.runtime.name'] AS runtime_name,
  ResourceAttributes['process.runtime.version'] AS runtime_version,
  min(Timestamp) AS first_at,
  max(Timestamp) AS last_at,
  toUInt64(0) AS spans,
  toUInt64(0) AS span_errors,
  count() AS logs,
  sumIf(toUInt64OrZero(LogAttributes['wayward.events.dropped.count']), EventName = 'wayward.events.dropped') AS dropped,
  max(toUInt64OrZero(LogAttributes['wayward.session.uptime'])) AS uptime_ns,
  maxIf(Timestamp, EventName = 'wayward.clock.step') AS clock_at
FROM otel_logs
GROUP BY ServiceName, ResourceAttributes
