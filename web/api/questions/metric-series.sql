-- Question: Which values had a metric over time?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window
--   service  String         only this service, empty for all
--   name     String         name of the metric
--   group    String         an attribute, for a line for each of its values; service.name for one for each service; empty for one line
--   from_ns  Int64          from, in nanoseconds since 1970
--   step_ns  Int64          length of a bucket in nanoseconds
--   limit    UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   label, at, value, rate
--
-- Output, one row per value of the attribute and bucket in which something was reported, in the order of time:
--   label    text    value of the attribute
--   bucket   count   number of the bucket, from 0
--   at       time    when it begins
--   value    number  of gauges the mean, of cumulative sums and counts the last, all series together; of deltas the sum
--   rate     number  by how much a sum or the count of a histogram grew per second since the bucket before; restarts count from 0
--   sum      number  of a histogram, by how much its sum grew
--   bounds   json    of a histogram, the upper bounds of its buckets
--   counts   json    of a histogram, by how much each bucket grew
WITH
  points AS
  (
    SELECT
      'gauge' AS type, ServiceName AS service, Attributes, cityHash64(ServiceName, ResourceAttributes, Attributes) AS series, TimeUnix,
      Value AS number, 0. AS sum, [] :: Array(Float64) AS bounds, [] :: Array(UInt64) AS counts, false AS is_delta
    FROM otel_metrics_gauge
    WHERE MetricName = {name:String} AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
    UNION ALL
    SELECT 'sum', ServiceName, Attributes, cityHash64(ServiceName, ResourceAttributes, Attributes), TimeUnix, Value, 0., [], [], AggregationTemporality = 1
    FROM otel_metrics_sum
    WHERE MetricName = {name:String} AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
    UNION ALL
    SELECT 'histogram', ServiceName, Attributes, cityHash64(ServiceName, ResourceAttributes, Attributes), TimeUnix, toFloat64(Count), Sum, ExplicitBounds, BucketCounts, AggregationTemporality = 1
    FROM otel_metrics_histogram
    WHERE MetricName = {name:String} AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
  ),
  by_series AS
  (
    SELECT
      type, series,
      intDiv(toUnixTimestamp64Nano(TimeUnix) - {from_ns:Int64}, {step_ns:Int64}) AS bucket,
      multiIf({group:String} = '', '', {group:String} = 'service.name', toString(any(service)), any(Attributes[{group:String}])) AS label,
      any(is_delta) AS delta,
      multiIf(type = 'gauge', avg(number), delta, sum(number), argMax(number, TimeUnix)) AS amount,
      if(delta, sum(p.sum), argMax(p.sum, TimeUnix)) AS total,
      any(p.bounds) AS bounds,
      if(delta, sumForEach(p.counts), argMax(p.counts, TimeUnix)) AS buckets
    FROM points AS p
    GROUP BY type, series, bucket
  ),
  grown AS
  (
    SELECT
      type, label, bucket, amount, bounds, buckets, total, delta,
      lagInFrame(toNullable(amount)) OVER earlier AS amount_before,
      lagInFrame(total) OVER earlier AS total_before,
      lagInFrame(buckets) OVER earlier AS buckets_before,
      lagInFrame(bucket) OVER earlier AS bucket_before
    FROM by_series
    WINDOW earlier AS (PARTITION BY series ORDER BY bucket ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  )
SELECT
  label, bucket,
  fromUnixTimestamp64Nano({from_ns:Int64} + bucket * {step_ns:Int64}, 'UTC') AS at,
  sum(amount) AS value,
  sum(multiIf(
    type = 'gauge', 0.,
    delta, amount / ({step_ns:Int64} / 1e9),
    amount_before IS NULL, 0.,
    if(amount >= amount_before, amount - amount_before, amount) / ((bucket - bucket_before) * {step_ns:Int64} / 1e9))) AS rate,
  sum(multiIf(delta, total, amount_before IS NULL, 0., amount >= amount_before, total - total_before, total)) AS sum,
  any(bounds) AS bounds,
  sumForEach(arrayMap(count -> toFloat64(count), multiIf(
    delta, buckets :: Array(Int64),
    amount_before IS NULL, arrayMap(count -> toInt64(0), buckets),
    amount >= amount_before AND length(buckets) = length(buckets_before),
    arrayMap((now, before) -> toInt64(now) - toInt64(before), buckets, buckets_before),
    buckets :: Array(Int64)))) AS counts
FROM grown
GROUP BY label, bucket
ORDER BY bucket, label
LIMIT {limit:UInt64}
