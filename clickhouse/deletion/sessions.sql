-- Which services have sessions of these ids, and how long ago they reported last, by ClickHouse's clock.
-- sessions: their ids; service: only of this one, empty for all. silent_ms: negative where the clock of the process is ahead.
SELECT
  service,
  session,
  toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(max(last_at)) AS silent_ms
FROM wayward_sessions
WHERE session IN {sessions:Array(String)}
  AND ({service:String} = '' OR service = {service:String})
GROUP BY service, session
ORDER BY service, session
