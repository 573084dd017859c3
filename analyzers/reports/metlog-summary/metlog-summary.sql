-- Question: What do loggers report, how often, how much of it is errors, how long do their timers take, and what is lost?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this logger, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: session_of, histogram_quantile, failing_severity, to_severity
--
-- Headline, the columns of a table, the last left out first:
--   name, what, service, severity, items, rate, errors, p50_ns, p95_ns, max_ns, last_value
--
-- Output, one row per logger, kind and name, the most severe first:
--   service          text          service.name, which is the logger
--   what             text          messages, drops, counter, timer, distribution or gauge
--   name             text          type of the messages, reasons of the drops, name of the others
--   severity         count         what it costs, see docs/analyzers/severity.md
--   items            number        messages, what was dropped, counted or timed (each by what it stands for), values of a gauge
--   rate             rate items/s  items by the time from the first to the last message of the logger in the window, at least 1 s
--   errors           count         messages of severity ERROR and above
--   errors_fraction  fraction      errors of items
--   mean_ns          duration ns   of a timer: mean
--   p50_ns           duration ns   of a timer: median, as exact as its buckets, which are 10 to 25 % wide
--   p95_ns           duration ns   of a timer: 95th percentile, in the same way
--   p99_ns           duration ns   of a timer: 99th percentile, in the same way
--   max_ns           duration ns   of a timer: longest
--   last_value       number        of a gauge: its latest value
--   last_at          time          the latest
WITH
  reported AS
  (
    SELECT
      ServiceName AS of_service, if(EventName = 'metlog.drops', 'drops', 'messages') AS of_what,
      multiIf(
        EventName = 'metlog.drops', arrayStringConcat(arraySort(groupUniqArrayArray(arrayFilter(
          key -> key NOT IN ('wayward.metlog.type', 'wayward.metlog.severity', 'wayward.metlog.uuid'), mapKeys(LogAttributes)))), ', '),
        EventName = '', 'text', EventName) AS of_name,
      toFloat64(if(EventName = 'metlog.drops', sum(toUInt64OrZero(Body)), count())) AS some,
      if(EventName = 'metlog.drops', 0, countIf(SeverityNumber >= 17)) AS bad,
      0. AS total, 0. AS smallest, 0. AS largest, [] :: Array(Float64) AS bounds, [] :: Array(UInt64) AS counts,
      0. AS latest, min(Timestamp) AS first_at, max(Timestamp) AS latest_at
    FROM otel_logs
    WHERE ScopeName = '@wayward/metlog'
      AND Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
    GROUP BY ServiceName, EventName
    UNION ALL
    SELECT ServiceName, 'counter', MetricName, sum(Value), 0, 0., 0., 0., [], [], 0., min(StartTimeUnix), max(TimeUnix)
    FROM otel_metrics_sum
    WHERE ScopeName = '@wayward/metlog'
      AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
    GROUP BY ServiceName, MetricName
    UNION ALL
    SELECT
      ServiceName, if(MetricUnit = 'ms', 'timer', 'distribution'), MetricName, toFloat64(sum(Count)), 0,
      sum(Sum), min(Min), max(Max), ExplicitBounds, sumForEach(BucketCounts), 0., min(StartTimeUnix), max(TimeUnix)
    FROM otel_metrics_histogram
    WHERE ScopeName = '@wayward/metlog'
      AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
    GROUP BY ServiceName, MetricName, MetricUnit, ExplicitBounds
    UNION ALL
    SELECT ServiceName, 'gauge', MetricName, toFloat64(count()), 0, 0., 0., 0., [], [], argMax(Value, TimeUnix), min(TimeUnix), max(TimeUnix)
    FROM otel_metrics_gauge
    WHERE ScopeName = '@wayward/metlog'
      AND TimeUnix >= {from:DateTime64(9, 'UTC')} AND TimeUnix < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
    GROUP BY ServiceName, MetricName
  ),
  judged AS
  (
    SELECT
      of_service, of_what, of_name, some, bad, total, smallest, largest, bounds, counts, latest, latest_at,
      greatest(1, (toUnixTimestamp64Nano(max(latest_at) OVER by_service) - toUnixTimestamp64Nano(min(first_at) OVER by_service)) / 1e9) AS lasted_s,
      sumIf(some, of_what != 'drops') OVER by_service AS of_logger
    FROM reported
    WINDOW by_service AS (PARTITION BY of_service)
  )
SELECT
  of_service AS service,
  of_what AS what,
  of_name AS name,
  toUInt8(multiIf(
    what = 'drops', least(70, to_severity(10 * some / greatest(some + of_logger, 1))),
    bad > 0, round(0.7 * failing_severity(bad, some)),
    0)) AS severity,
  some AS items,
  some / lasted_s AS rate,
  toUInt64(bad) AS errors,
  if(some = 0, 0, bad / some) AS errors_fraction,
  toUInt64(greatest(0, round(if(what = 'timer' AND some > 0, 1e6 * total / some, 0)))) AS mean_ns,
  toUInt64(greatest(0, round(if(what = 'timer', 1e6 * histogram_quantile(bounds, counts, smallest, largest, 0.5), 0)))) AS p50_ns,
  toUInt64(greatest(0, round(if(what = 'timer', 1e6 * histogram_quantile(bounds, counts, smallest, largest, 0.95), 0)))) AS p95_ns,
  toUInt64(greatest(0, round(if(what = 'timer', 1e6 * histogram_quantile(bounds, counts, smallest, largest, 0.99), 0)))) AS p99_ns,
  toUInt64(greatest(0, round(if(what = 'timer', 1e6 * largest, 0)))) AS max_ns,
  latest AS last_value,
  toDateTime64(latest_at, 9, 'UTC') AS last_at
FROM judged
ORDER BY severity DESC, items DESC, service, what, name
LIMIT 1000
