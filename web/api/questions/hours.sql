-- Question: At which hours of which weekdays is a lane busy, slow or failing?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         service.name
--   sessions  Array(String)  only these sessions, empty for all
--   from_ns   Int64          from, in nanoseconds since 1970
--   to_ns     Int64          to, in nanoseconds since 1970
--   by        String         empty
--   kind      String         lock, queue, job, ...
--   name      String         name of the lock, queue or job
--
-- Uses: lane_intervals
--
-- Headline, the columns of a table, the last left out first:
--   weekday, hour, count, failed
--
-- Output, one row per weekday and hour (UTC) in which something began:
--   weekday     count        1 Monday to 7 Sunday
--   hour        hour         from 0 to 23
--   count       count        holds, processed items or runs that began in it
--   failed      count        how many of these failed
--   waits       count        waits that began in it, for the lock or in the queue
--   wait_ns     duration ns  how long these were together
--   longest_ns  duration ns  the longest of all
SELECT
  toDayOfWeek(fromUnixTimestamp64Nano(begin_ns, 'UTC')) AS weekday,
  toHour(fromUnixTimestamp64Nano(begin_ns, 'UTC')) AS hour,
  sumIf(weight, state NOT IN ('waiting', 'queued')) AS count,
  sumIf(weight, state = 'failed') AS failed,
  sumIf(weight, state IN ('waiting', 'queued')) AS waits,
  sumIf((done_ns - begin_ns) * weight, state IN ('waiting', 'queued')) AS wait_ns,
  max(done_ns - begin_ns) AS longest_ns
FROM lane_intervals
WHERE kind = {kind:String} AND name = {name:String}
GROUP BY weekday, hour
ORDER BY weekday, hour
