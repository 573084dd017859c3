-- Question: How are the waits, holds, items or runs of a lane distributed over their lengths?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts, whole
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
--   state, shortest_ns, count
--
-- Output, one row per state and length, the shortest first; four lengths for each doubling:
--   state        text         held, waiting, queued, processing, failed or running
--   shortest_ns  duration ns  the shortest that counts here
--   longest_ns   duration ns  the first that does not
--   count        count        how many are that long
--   sum_ns       duration ns  their lengths together
SELECT
  state,
  if(step < 0, 0, exp2(step / 4)) AS shortest_ns,
  if(step < 0, 1, exp2((step + 1) / 4)) AS longest_ns,
  sum(weight) AS count,
  sum((done_ns - begin_ns) * weight) AS sum_ns
FROM lane_intervals
WHERE kind = {kind:String} AND name = {name:String}
GROUP BY state, if(done_ns <= begin_ns, -1, toInt32(floor(log2(done_ns - begin_ns) * 4))) AS step
ORDER BY state, shortest_ns
