-- Question: Which loggers wrote how much, by severity?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window
--   service  String         only this service, empty for all
--   own      String         without leaves out the events of Wayward itself, such as changes of jobs
--   text     String         only records whose body has this, in whatever case; empty for all
--   limit    UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   logger, records, errors, warnings
--
-- Output, one row per logger, the most records first:
--   logger    text   instrumentation scope; dots and slashes divide it into channels
--   records   count  records of it
--   warnings  count  of these, of severity WARN
--   errors    count  of these, of severity ERROR or above
--   last_at   time   when the latest was written
SELECT
  ScopeName AS logger,
  count() AS records,
  countIf(SeverityNumber >= 13 AND SeverityNumber < 17) AS warnings,
  countIf(SeverityNumber >= 17) AS errors,
  toDateTime64(max(Timestamp), 9, 'UTC') AS last_at
FROM otel_logs
WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND ({own:String} != 'without' OR NOT startsWith(EventName, 'wayward.'))
  AND ({text:String} = '' OR positionCaseInsensitiveUTF8(Body, {text:String}) > 0)
GROUP BY ScopeName
ORDER BY records DESC, logger
LIMIT {limit:UInt64}
