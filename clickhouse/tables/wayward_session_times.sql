-- When each session reported: one row per session. Where the wall clock was set while a session ran, its earliest and
-- latest times say nothing: an hour set back makes a run of five seconds last for an hour. Such a session says how old it
-- is by its monotonic clock, and is taken to have run for that time until it last said so.
CREATE VIEW IF NOT EXISTS wayward_session_times
AS SELECT
  service,
  session,
  clock_ns > 0 AS is_clock_set,
  if(is_clock_set, fromUnixTimestamp64Nano(clock_ns - toInt64(uptime), 'UTC'), earliest_at) AS first_at,
  if(is_clock_set, fromUnixTimestamp64Nano(clock_ns, 'UTC'), latest_at) AS last_at,
  uptime AS uptime_ns
FROM
(
  SELECT
    service,
    session,
    toUnixTimestamp64Nano(max(clock_at)) AS clock_ns,
    min(first_at) AS earliest_at,
    max(last_at) AS latest_at,
    max(uptime_ns) AS uptime
  FROM wayward_sessions
  GROUP BY service, session
)
