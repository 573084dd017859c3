-- Question: Which metrics have been reported?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window; points of the window count
--   service  String         only this service, empty for all
--   limit    UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   metric, type, metric_unit, points, services
--
-- Output, one row per metric and type, in the order of names:
--   metric       text   name
--   type         text   gauge, sum, histogram, exponential_histogram or summary
--   metric_unit  text   unit, as UCUM writes it
--   about        text   what it measures
--   points       count  data points
--   services     json   the services that report it
--   keys         json   attributes of its points
--   last_at      time   the latest point
SELECT
  MetricName AS metric, type,
  any(MetricUnit) AS metric_unit,
  any(MetricDescription) AS about,
  count() AS points,
  groupUniqArray(20)(toString(ServiceName)) AS services,
  arraySort(groupUniqArrayArray(50)(arrayMap(k -> toString(k), mapKeys(Attributes)))) AS keys,
  toDateTime64(max(TimeUnix), 9, 'UTC') AS last_at
FROM
(
  SELECT 'gauge' AS type, MetricName, MetricUnit, MetricDescription, ServiceName, Attributes, TimeUnix FROM otel_metrics_gauge
  WHERE TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')} AND ({service:String} = '' OR ServiceName = {service:String})
  UNION ALL
  SELECT 'sum', MetricName, MetricUnit, MetricDescription, ServiceName, Attributes, TimeUnix FROM otel_metrics_sum
  WHERE TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')} AND ({service:String} = '' OR ServiceName = {service:String})
  UNION ALL
  SELECT 'histogram', MetricName, MetricUnit, MetricDescription, ServiceName, Attributes, TimeUnix FROM otel_metrics_histogram
  WHERE TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')} AND ({service:String} = '' OR ServiceName = {service:String})
  UNION ALL
  SELECT 'exponential_histogram', MetricName, MetricUnit, MetricDescription, ServiceName, Attributes, TimeUnix FROM otel_metrics_exponential_histogram
  WHERE TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')} AND ({service:String} = '' OR ServiceName = {service:String})
  UNION ALL
  SELECT 'summary', MetricName, MetricUnit, MetricDescription, ServiceName, Attributes, TimeUnix FROM otel_metrics_summary
  WHERE TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')} AND ({service:String} = '' OR ServiceName = {service:String})
)
GROUP BY metric, type
ORDER BY metric, type
LIMIT {limit:UInt64}
