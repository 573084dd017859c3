-- Question: Which log records are alike but for their numbers and ids, and how many are there?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this service, empty for all
--   own       String         without leaves out the events of Wayward itself, such as changes of jobs
--   text      String         only records whose body has this, in whatever case; empty for all
--   logger    String         only records of this instrumentation scope and those below it, empty for all
--   severity  UInt8          only records of this severity number or above
--   limit     UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   pattern, records, severity, last_at
--
-- Output, one row per pattern of the latest 200,000 records, the most frequent first:
--   pattern   text   text of the records, with # in the place of numbers, ids and addresses
--   records   count  how many are like that
--   severity  count  the highest severity number of them
--   services  count  services that wrote them
--   first_at  time   the first of them
--   last_at   time   the last of them
--   example   text   the text of one
--   trace_id  text   the trace of one, empty for none
SELECT
  replaceRegexpAll(body, '[0-9a-fA-F]{8}[0-9a-fA-F-]{8,}|0x[0-9a-fA-F]+|[0-9]+([.:][0-9]+)*', '#') AS pattern,
  count() AS records,
  max(number) AS severity,
  uniqExact(service) AS services,
  min(at) AS first_at,
  max(at) AS last_at,
  argMax(body, at) AS example,
  argMax(trace, at) AS trace_id
FROM
(
  SELECT
    toDateTime64(Timestamp, 9, 'UTC') AS at, ServiceName AS service, SeverityNumber AS number,
    leftUTF8(Body, 500) AS body, TraceId AS trace
  FROM otel_logs
  WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
    AND EventName = ''
    AND ({service:String} = '' OR ServiceName = {service:String})
    AND ({own:String} != 'without' OR NOT startsWith(EventName, 'wayward.'))
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(Body, {text:String}) > 0)
    AND ({logger:String} = '' OR ScopeName = {logger:String}
      OR startsWith(ScopeName, concat({logger:String}, '.')) OR startsWith(ScopeName, concat({logger:String}, '/')))
    AND SeverityNumber >= {severity:UInt8}
  ORDER BY Timestamp DESC
  LIMIT 200000
)
GROUP BY pattern
ORDER BY records DESC, pattern
LIMIT {limit:UInt64}
