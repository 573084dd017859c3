-- Picks Wayward's spans out of otel_traces and names their session: wayward.session.id, else service.instance.id, else
-- service, host and process.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_incoming_mv TO wayward_incoming
AS SELECT
  ServiceName AS service,
  multiIf(
    ResourceAttributes['wayward.session.id'] != '', ResourceAttributes['wayward.session.id'],
    ResourceAttributes['service.instance.id'] != '', ResourceAttributes['service.instance.id'],
    concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])
  ) AS session,
  SpanAttributes['wayward.kind'] AS kind,
  Timestamp AS started_at,
  Duration AS duration_ns,
  TraceId AS trace_id,
  SpanId AS span_id,
  ParentSpanId AS parent_span_id,
  SpanAttributes AS attributes
FROM otel_traces
WHERE SpanAttributes['wayward.kind'] != ''
