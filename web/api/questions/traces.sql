-- Question: Which traces have spans like these, the latest first?
--
-- Parameters:
--   from         DateTime64(9)  first moment of the window
--   to           DateTime64(9)  first moment after the window; spans that began in the window count
--   service      String         only this service, empty for all
--   name         String         only spans with this name, empty for all
--   status       String         Unset, Ok or Error, empty for all
--   longer_than  UInt64         only spans that took at least so many nanoseconds
--   key          String         only spans with this attribute, empty for all
--   value        String         of this value
--   limit        UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   started_at, service, name, duration_ns, status
--
-- Output, one row per trace, its latest span that was asked for, the latest first:
--   trace_id        text         the trace
--   span_id         text         the span
--   service         text         service.name
--   name            text         name of the span
--   kind            text         Unspecified, Internal, Server, Client, Producer or Consumer
--   started_at      time         start of the span
--   duration_ns     duration ns  from its start to its end
--   status          text         Unset, Ok or Error
--   status_message  text         text of an error status
SELECT
  TraceId AS trace_id,
  SpanId AS span_id,
  ServiceName AS service,
  SpanName AS name,
  SpanKind AS kind,
  toDateTime64(Timestamp, 9, 'UTC') AS started_at,
  Duration AS duration_ns,
  StatusCode AS status,
  StatusMessage AS status_message
FROM otel_traces
WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND ({name:String} = '' OR SpanName = {name:String})
  AND ({status:String} = '' OR StatusCode = {status:String})
  AND Duration >= {longer_than:UInt64}
  AND ({key:String} = '' OR (mapContains(SpanAttributes, {key:String}) AND SpanAttributes[{key:String}] = {value:String}))
ORDER BY Timestamp DESC
LIMIT 1 BY TraceId
LIMIT {limit:UInt64}
