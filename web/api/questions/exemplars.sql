-- Question: Which traces led to the values of a metric?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window
--   service  String         only this service, empty for all
--   name     String         name of the metric
--   limit    UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   at, value, trace_id
--
-- Output, one row per exemplar, the largest value first:
--   at        time    when it was measured
--   value     number  what was measured
--   service   text    service.name
--   trace_id  text    trace in which it was measured
--   span_id   text    its span
SELECT toDateTime64(at, 9, 'UTC') AS at, value, service, trace_id, span_id
FROM
(
  SELECT ServiceName AS service, `Exemplars.TimeUnix` AS ats, `Exemplars.Value` AS values, `Exemplars.TraceId` AS traces, `Exemplars.SpanId` AS spans
  FROM otel_metrics_sum
  WHERE MetricName = {name:String} AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR ServiceName = {service:String}) AND notEmpty(`Exemplars.TraceId`)
  UNION ALL
  SELECT ServiceName, `Exemplars.TimeUnix`, `Exemplars.Value`, `Exemplars.TraceId`, `Exemplars.SpanId`
  FROM otel_metrics_histogram
  WHERE MetricName = {name:String} AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR ServiceName = {service:String}) AND notEmpty(`Exemplars.TraceId`)
)
ARRAY JOIN ats AS at, values AS value, traces AS trace_id, spans AS span_id
WHERE trace_id != ''
ORDER BY value DESC, at, trace_id
LIMIT {limit:UInt64}
