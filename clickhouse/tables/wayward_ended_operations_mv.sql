-- Fills wayward_ended_operations from the events wayward.operation.ended.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_ended_operations_mv TO wayward_ended_operations
AS SELECT
  ServiceName AS service,
  multiIf(
    ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
    ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
    concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
  ) AS session,
  LogAttributes['wayward.kind'] AS kind,
  toUInt64OrZero(LogAttributes['wayward.operation.sequence']) AS sequence,
  parseDateTime64BestEffortOrZero(LogAttributes['wayward.operation.start_time'], 9, 'UTC') AS started_at,
  Timestamp AS ended_at,
  toUInt64OrZero(LogAttributes['wayward.operation.age']) AS age_ns
FROM otel_logs
WHERE EventName = 'wayward.operation.ended'
