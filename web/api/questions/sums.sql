-- Question: How long was held, waited and run in each lane between two moments?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all; spans and log records are left out then
--   from_ns   Int64          from, in nanoseconds since 1970
--   to_ns     Int64          to, in nanoseconds since 1970
--   by        String         thread or task: a lane for each of them; empty: for each lock, queue, job, ...
--   find      String         only lanes whose name or service has this, in whatever case; empty for all
--   limit     UInt64         rows at most
--
-- Uses: lane_intervals
--
-- Headline, the columns of a table, the last left out first:
--   kind, name, service, state, sum_ns, count, mean_ns, longest_ns
--
-- Output, one row per lane and state, the longest sum first:
--   kind        text         lock, queue, job, thread, task, span, log or process
--   service     text         service.name
--   name        text         name of the lock, queue, job, thread, task or session; of spans and log records empty
--   state       text         held, waiting, queued, processing, failed, running, span, error, log, log_warning, log_error or alive
--   count       count        how many overlap the window
--   sum_ns      duration ns  their time within the window, together
--   mean_ns     duration ns  their whole length, on average
--   longest_ns  duration ns  the longest, whole
SELECT
  kind, service, name, state,
  sum(weight) AS count,
  sum((least(done_ns, {to_ns:Int64}) - greatest(begin_ns, {from_ns:Int64})) * weight) AS sum_ns,
  avgWeighted(done_ns - begin_ns, weight) AS mean_ns,
  max(done_ns - begin_ns) AS longest_ns
FROM lane_intervals
WHERE {find:String} = '' OR positionCaseInsensitiveUTF8(concat(kind, ' ', name, ' ', service), {find:String}) > 0
GROUP BY kind, service, name, state
ORDER BY sum_ns DESC, kind, service, name, state
LIMIT {limit:UInt64}
