-- Adds the spans of an insert to their sessions. The resource is looked into once per session and insert, not per span:
-- rows are grouped by the whole resource first.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_sessions_traces_mv TO wayward_sessions
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
  fromUnixTimestamp64Nano(max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration))) AS last_at,
  count() AS spans,
  countIf(StatusCode = 'Error') AS span_errors,
  toUInt64(0) AS logs,
  toUInt64(0) AS dropped
FROM otel_traces
GROUP BY ServiceName, ResourceAttributes
