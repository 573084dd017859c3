-- Question: Of log records, messages or users, what was heard of, ever and in the window?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--   what      String         record (a log record that is not Wayward's own), message (of Metlog, statsd, syslog) or user
--
-- Uses: session_of
--
-- Headline, the columns of a table, the last left out first:
--   ever, within
--
-- Output, one row:
--   ever    count  1 if it was heard of, else 0
--   within  count  1 if it was heard of in the window, else 0
WITH
  records AS
  (
    SELECT Timestamp AS at
    FROM otel_logs
    WHERE multiIf(
        {what:String} = 'message', ScopeName = '@wayward/metlog',
        {what:String} = 'user', hasAny(mapKeys(LogAttributes), ['user.id', 'enduser.id', 'userid', 'user_id']),
        NOT startsWith(EventName, 'wayward.'))
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
  ),
  points AS
  (
    SELECT TimeUnix AS at
    FROM otel_metrics_sum
    WHERE {what:String} = 'message' AND ScopeName = '@wayward/metlog'
      AND ({service:String} = '' OR ServiceName = {service:String})
      AND (empty({sessions:Array(String)}) OR session_of(ServiceName, ResourceAttributes) IN {sessions:Array(String)})
  )
SELECT
  (SELECT count() FROM (SELECT at FROM records LIMIT 1)) + (SELECT count() FROM (SELECT at FROM points LIMIT 1)) > 0 AS ever,
  (
    SELECT count()
    FROM (SELECT at FROM records WHERE at >= {from:DateTime64(9, 'UTC')} AND at < {to:DateTime64(9, 'UTC')} LIMIT 1)
  ) + (
    SELECT count()
    FROM (SELECT at FROM points WHERE at >= {from:DateTime64(9, 'UTC')} AND at < {to:DateTime64(9, 'UTC')} LIMIT 1)
  ) > 0 AS within
