-- Module: What became of the items of each queue in the window. A queue is one object of one session; several may have a name.
--
-- Uses: queue_items, window_from_ns
--
-- Of what has ended counts and sums are of all that the rows stand for; of a moment, of the rows.
--
-- Columns, besides those that name the queue:
--   told         most workers that it said it has, 0 unknown
--   first_ns, last_ns  its first and last sign within the window
--   arrived, ended, failed, removed, refused  items within the window; failed of ended
--   at_start     items that waited when the window began
--   waiting, processing, lost  items at the end of the window
--   waits, works states of the percentiles of waits and of processing; wait_longest, work_longest
--   waits_weighed, works_weighed, heaviest  the same of all that the rows stand for, and the most that one does; where
--                items were thinned
--   wait_sum, work_sum  within the window
--   waited, worked, either  states of the time in which at least one waited, was processed, or either
--   first_arrival_ns, last_arrival_ns  of those that arrived, 0 if none did
--   backlog, working  states of the most that waited and were processed at a time
--   oldest       the oldest that waits: age, as_of; held: the oldest in processing: age, as_of, item_id, trace_id, span_id
--   stalled_ns   for how long nothing has been taken or ended although items wait, 0 if that is not so
--   overtaken    whether an item that came after the oldest has been taken
--   worst        the longest wait: item_id, enqueued_ns, priority, trace_id, span_id
SELECT
  service, queue_name, session, queue,
  max(workers) AS told,
  min(from_ns) AS first_ns,
  max(till_ns) AS last_ns,
  sumIf(weight, enqueued_ns >= window_from_ns AND stage != 'refused') AS arrived,
  sumIf(weight, stage IN ('done', 'failed')) AS ended,
  countIf(stage = 'failed') AS failed,
  countIf(stage = 'removed') AS removed,
  countIf(stage = 'refused') AS refused,
  countIf(enqueued_ns < window_from_ns AND dequeued_ns > window_from_ns) AS at_start,
  countIf(stage = 'waiting') AS waiting,
  countIf(stage = 'processing') AS processing,
  countIf(stage = 'lost') AS lost,
  quantilesExactInclusiveStateIf(0.5, 0.95, 0.99)(wait_ns, is_wait) AS waits,
  -- If thinned_items:
  quantilesTDigestWeightedStateIf(0.5, 0.95, 0.99)(wait_ns, weight, is_wait) AS waits_weighed,
  quantilesTDigestWeightedStateIf(0.5, 0.95)(work_ns, weight, stage IN ('done', 'failed')) AS works_weighed,
  max(weight) AS heaviest,
  -- End
  maxIf(wait_ns, is_wait) AS wait_longest,
  quantilesExactInclusiveStateIf(0.5, 0.95)(work_ns, stage IN ('done', 'failed')) AS works,
  maxIf(work_ns, stage IN ('done', 'failed')) AS work_longest,
  sum(toUInt128(out_ns - from_ns) * weight) AS wait_sum,
  sum(toUInt128(till_ns - out_ns) * weight) AS work_sum,
  intervalLengthSumState(from_ns, out_ns) AS waited,
  intervalLengthSumState(out_ns, till_ns) AS worked,
  intervalLengthSumState(from_ns, till_ns) AS either,
  minIf(enqueued_ns, enqueued_ns >= window_from_ns) AS first_arrival_ns,
  maxIf(enqueued_ns, enqueued_ns >= window_from_ns) AS last_arrival_ns,
  maxIntersectionsStateIf(from_ns, out_ns, out_ns > from_ns) AS backlog,
  maxIntersectionsStateIf(out_ns, till_ns, till_ns > out_ns) AS working,
  argMaxIf((wait_ns, as_of), wait_ns, stage = 'waiting') AS oldest,
  argMaxIf((work_ns, as_of, item_id, trace_id, span_id), work_ns, stage = 'processing') AS held,
  minIf(enqueued_ns, stage = 'waiting') AS oldest_ns,
  maxIf(dequeued_ns, stage = 'waiting') AS known_ns,
  maxIf(ended_ns, stage IN ('done', 'failed', 'removed')) AS last_end_ns,
  maxIf(dequeued_ns, stage NOT IN ('waiting', 'lost', 'refused')) AS last_out_ns,
  if(waiting = 0, 0, toUInt64(greatest(0, known_ns - greatest(oldest_ns, last_end_ns, last_out_ns)))) AS stalled_ns,
  waiting > 0 AND maxIf(enqueued_ns, stage IN ('processing', 'done', 'failed')) > oldest_ns AS overtaken,
  argMaxIf((item_id, enqueued_ns, priority, trace_id, span_id), wait_ns, is_wait) AS worst,
  min(priority) AS priority_low,
  max(priority) AS priority_high,
  anyLastIf(error_type, stage IN ('failed', 'removed')) AS error
FROM
(
  SELECT
    service, queue_name, session, queue, stage, workers, weight, priority, error_type, item_id, trace_id, span_id, enqueued_ns,
    dequeued_ns, ended_ns, wait_ns, work_ns, from_ns, out_ns, till_ns, as_of,
    stage NOT IN ('refused', 'lost') AND (dequeued_ns >= window_from_ns) AS is_wait
  FROM queue_items
)
GROUP BY service, queue_name, session, queue
