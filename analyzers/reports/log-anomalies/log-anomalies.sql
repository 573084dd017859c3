-- Question: When did a service log far more or far less than it usually does at that hour?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: session_of, to_severity
--
-- Headline, the columns of a table, the last left out first:
--   name, service, severity, kind, level, began_at, lasted_ns, records, expected, deviations
--
-- Output, one row per stretch of time in which the rate of a type was out of the ordinary, the most severe first:
--   service     text         service.name
--   name        text         type of the records: name of the event, or text
--   level       text         errors (severity ERROR and above) or others
--   severity    count        what it costs, see docs/analyzers/severity.md
--   kind        text         burst or silence
--   began_at    time         when it began, as exact as bucket_ns
--   lasted_ns   duration ns  how long it was so
--   records     count        records meanwhile
--   expected    number       records that were to be expected meanwhile
--   deviations  number       how many deviations from that the worst bucket was; below 0 for silence
--   season      text         what was expected: week, day (the same hour of other weeks or days, and the trend) or level (the median)
--   bucket_ns   duration ns  what was counted at a time
WITH
  spans AS
  (
    SELECT
      toUnixTimestamp(min(Timestamp)) AS first_s, toUnixTimestamp(max(Timestamp)) AS last_s,
      multiIf(last_s - first_s >= 259200, 3600, last_s - first_s >= 21600, 300, 60) AS step_s
    FROM otel_logs
    WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
  ),
  counted AS
  (
    SELECT
      ServiceName AS of_service, if(EventName = '', 'text', EventName) AS of_name, SeverityNumber >= 17 AS is_error,
      intDiv(toUnixTimestamp(Timestamp), assumeNotNull((SELECT step_s FROM spans))) AS bucket, count() AS some
    FROM otel_logs
    WHERE NOT startsWith(EventName, 'wayward.')
      AND Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
    GROUP BY of_service, of_name, is_error, bucket
  ),
  -- The first and the last bucket are not whole. Of more than 2016 (twelve weeks of hours) the latest count.
  series AS
  (
    SELECT
      of_service, of_name, is_error, step_s,
      sumMap([bucket], [some]) AS known,
      known.1 AS buckets,
      toInt64(intDiv(last_s, step_s)) - toInt64(buckets[1]) - 1 AS length,
      arrayResize(arrayFlatten(arrayMap(
        (bucket, some, before) -> arrayPushBack(arrayResize([] :: Array(Float64), bucket - before - 1, 0.), toFloat64(some)),
        arrayPopFront(buckets), arrayPopFront(known.2), arrayPopBack(buckets))), toUInt32(greatest(length, 0)), 0.) AS dense,
      arraySlice(dense, -2016) AS counts,
      toUInt32(buckets[1] + 1 + length(dense) - length(counts)) AS start,
      multiIf(step_s = 3600 AND length(counts) >= 504, 168, step_s = 3600 AND length(counts) >= 72, 24, 0) AS period
    FROM counted
    CROSS JOIN spans
    GROUP BY of_service, of_name, is_error, step_s, last_s
    HAVING length >= 20
  ),
  -- What is usual at that hour, and what is so far from it that it must not count for what is usual.
  usual AS
  (
    SELECT
      of_service, of_name, is_error, step_s, start, period, offset, value,
      medianExact(value) OVER (PARTITION BY of_service, of_name, is_error, if(period = 0, 0, offset % period)) AS median,
      abs(value - median) AS off
    FROM series
    ARRAY JOIN counts AS value, arrayEnumerate(counts) AS offset
  ),
  clipped AS
  (
    SELECT
      of_service, of_name, is_error, step_s, start, period, offset, value, median,
      1.4826 * medianExact(off) OVER (PARTITION BY of_service, of_name, is_error) AS spread,
      if(off > 5 * greatest(spread, sqrt(median), 1), median, value) AS calm
    FROM usual
  ),
  decomposed AS
  (
    SELECT
      of_service, of_name, is_error, step_s, start, period,
      arraySort(groupArray((offset, value, median, calm))) AS points,
      seriesDecomposeSTL(points.4, greatest(period, 2)) AS parts,
      if(period = 0, points.3, arrayMap((seasonal, trend) -> greatest(0, toFloat64(seasonal) + toFloat64(trend)), parts[1], parts[2])) AS expected
    FROM clipped
    GROUP BY of_service, of_name, is_error, step_s, start, period
  ),
  scored AS
  (
    SELECT
      of_service, of_name, is_error, step_s, start, period, offset, value, foreseen,
      1.4826 * medianExact(abs(value - foreseen)) OVER (PARTITION BY of_service, of_name, is_error) AS spread,
      (value - foreseen) / greatest(spread, sqrt(foreseen), 1) AS score
    FROM decomposed
    ARRAY JOIN points.1 AS offset, points.2 AS value, expected AS foreseen
  ),
  outlying AS
  (
    SELECT
      of_service, of_name, is_error, step_s, start, period, offset, value, foreseen, score, sign(score) AS direction,
      offset - row_number() OVER (PARTITION BY of_service, of_name, is_error, sign(score) ORDER BY offset) AS island
    FROM scored
    WHERE abs(score) >= 5 AND abs(value - foreseen) >= 10
  ),
  stretches AS
  (
    SELECT
      of_service, of_name, is_error, step_s, period, direction,
      toUInt64(start + min(offset) - 1) * step_s AS began_s, count() AS buckets, sum(value) AS records,
      sum(foreseen) AS foreseen, max(abs(score)) AS worst
    FROM outlying
    GROUP BY of_service, of_name, is_error, step_s, start, period, direction, island
  ),
  -- What comes again and again is how this type is: then only what is far beyond that is told.
  rare AS
  (
    SELECT
      of_service, of_name, is_error, step_s, period, direction, began_s, buckets, records, foreseen, worst,
      count() OVER by_series AS similar, medianExact(worst) OVER by_series AS worst_usual
    FROM stretches
    WINDOW by_series AS (PARTITION BY of_service, of_name, is_error, direction)
  )
SELECT
  of_service AS service,
  of_name AS name,
  if(is_error, 'errors', 'others') AS level,
  toUInt8(least(if(is_error AND direction > 0, 60, 39), to_severity(0.1 + 0.02 * worst))) AS severity,
  if(direction > 0, 'burst', 'silence') AS kind,
  toDateTime64(began_s, 9, 'UTC') AS began_at,
  buckets * step_s * 1000000000 AS lasted_ns,
  toUInt64(records) AS records,
  foreseen AS expected,
  direction * worst AS deviations,
  multiIf(period = 168, 'week', period = 24, 'day', 'level') AS season,
  step_s * 1000000000 AS bucket_ns
FROM rare
WHERE similar < 4 OR worst >= 2 * worst_usual
ORDER BY severity DESC, worst DESC, service, name, level, began_at
LIMIT 200
