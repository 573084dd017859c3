-- Question: What began, ended and went on in a lane, over time?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         service.name
--   sessions  Array(String)  only these sessions, empty for all
--   from_ns   Int64          from, in nanoseconds since 1970
--   to_ns     Int64          to, in nanoseconds since 1970
--   step_ns   Int64          length of a bucket in nanoseconds
--   by        String         empty
--   kind      String         lock, queue, job, ...
--   name      String         name of the lock, queue or job
--
-- Uses: lane_intervals
--
-- Headline, the columns of a table, the last left out first:
--   at, state, began, ended
--
-- Output, one row per state and bucket in which something began or ended, in the order of time:
--   state   text         held, waiting, queued, processing, failed or running
--   at      time         when the bucket begins
--   bucket  count        its number, from 0
--   before  count        of those that began, how many had begun before the window
--   began   count        how many began in it, or were there when the window began
--   ended   count        how many ended in it; what ends after the window is not counted
--   sum_ns  duration ns  whole lengths of those that began, together
--   p50_ns  duration ns  their median
--   p95_ns  duration ns  their 95th percentile
--   max_ns  duration ns  the longest of them
SELECT
  state,
  fromUnixTimestamp64Nano({from_ns:Int64} + bucket * {step_ns:Int64}, 'UTC') AS at,
  intDiv(least(greatest(if(is_end, done_ns, begin_ns), {from_ns:Int64}), {to_ns:Int64} - 1) - {from_ns:Int64}, {step_ns:Int64}) AS bucket,
  sumIf(weight, NOT is_end AND begin_ns < {from_ns:Int64}) AS before,
  sumIf(weight, NOT is_end) AS began,
  sumIf(weight, is_end AND done_ns < {to_ns:Int64}) AS ended,
  sumIf((done_ns - begin_ns) * weight, NOT is_end) AS sum_ns,
  quantileExactWeightedIf(0.5)(done_ns - begin_ns, weight, NOT is_end) AS p50_ns,
  quantileExactWeightedIf(0.95)(done_ns - begin_ns, weight, NOT is_end) AS p95_ns,
  maxIf(done_ns - begin_ns, NOT is_end) AS max_ns
FROM lane_intervals
ARRAY JOIN [false, true] AS is_end
WHERE kind = {kind:String} AND name = {name:String}
GROUP BY state, bucket
ORDER BY bucket, state
