-- Question: Which spans does a trace have?
--
-- Parameters:
--   trace_id  String  the trace, 32 lower-case hexadecimal digits
--   span_id   String  only this span, empty for all
--   limit     UInt64  rows at most
--
-- Headline, the columns of a table, the last left out first:
--   started_at, service, name, duration_ns, status
--
-- Output, one row per span, in the order of their starts:
--   span_id         text         the span
--   parent_span_id  text         its parent, empty for a root
--   service         text         service.name
--   name            text         name of the span
--   kind            text         Unspecified, Internal, Server, Client, Producer or Consumer
--   started_at      time         start of the span
--   duration_ns     duration ns  from its start to its end
--   status          text         Unset, Ok or Error
--   status_message  text         text of an error status
--   scope           text         instrumentation scope
--   attributes      json         attributes of the span, values as text
--   resource        json         attributes of the reporting process, values as text
--   events          json         events of the span: time, name and attributes
--   links           json         links of the span: trace, span and attributes
SELECT
  SpanId AS span_id,
  ParentSpanId AS parent_span_id,
  ServiceName AS service,
  SpanName AS name,
  SpanKind AS kind,
  toDateTime64(Timestamp, 9, 'UTC') AS started_at,
  Duration AS duration_ns,
  StatusCode AS status,
  StatusMessage AS status_message,
  ScopeName AS scope,
  SpanAttributes AS attributes,
  ResourceAttributes AS resource,
  arrayMap((time, name, attributes) -> (time, name, attributes),
    `Events.Timestamp`, `Events.Name`, `Events.Attributes`) AS events,
  arrayMap((trace, span, attributes) -> (trace, span, attributes),
    `Links.TraceId`, `Links.SpanId`, `Links.Attributes`) AS links
FROM otel_traces
WHERE TraceId = {trace_id:String}
  AND ({span_id:String} = '' OR SpanId = {span_id:String})
  AND Timestamp >= (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = {trace_id:String})
  AND Timestamp < (SELECT toDateTime64(max(End), 9) + INTERVAL 1 SECOND FROM otel_traces_trace_id_ts WHERE TraceId = {trace_id:String})
ORDER BY Timestamp, SpanId
LIMIT {limit:UInt64}
