-- Question: Do items wait for longer than they should, and why: what comes, what works, or what hangs?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts, as far as it lies within
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: items_by_queue, queue_workers, most_at_once, queue_stretches, crowding, queue_history, observed, reported_losses,
--   hang_severity, wait_severity, failing_severity, unending_severity, to_severity
--
-- Headline, the columns of a table, the last left out first:
--   queue_name, service, severity, state, wait_sum_ns, items, wait_p50_ns, wait_p95_ns, processing_p50_ns,
--   utilisation, load, backlog_max, backlog_end, failed
--
-- Output, one row per service and queue name, the most severe first:
--   service                text           service.name
--   queue_name             text           name of the queue
--   severity               count          what it costs, see docs/analyzers/severity.md
--   cause                  text           hung, paused, slow_item, starved, overloaded, burst or failing: what costs most
--   state                  text           Idle, Active, At capacity, Backlogged or Stalled, at the end of the window
--   queues                 count          queues of this name, each of one session
--   arrived                count          items enqueued in the window
--   items                  count          items whose processing ended in the window
--   failed                 count          of these, how many failed
--   removed                count          items that were taken out without being processed
--   refused                count          items that the queue did not let in
--   failed_fraction        fraction       failed and removed of items and removed
--   last_error             text           class of an error of these
--   arrival_rate           rate items/s   arrived by observed_ns
--   wait_p50_ns            duration ns    median time in the queue, still waiting items with their age
--   wait_p95_ns            duration ns    95th percentile of the same
--   wait_p99_ns            duration ns    99th percentile of the same
--   wait_max_ns            duration ns    longest of the same, also where it began before the window
--   wait_sum_ns            duration ns    sum of the same within the window
--   waited_ns              duration ns    wall time within the window in which at least one waited
--   idle_ns                duration ns    of that, how long none was processed
--   processing_p50_ns      duration ns    median time from dequeue to done
--   processing_p95_ns      duration ns    95th percentile of the same
--   processing_max_ns      duration ns    longest of the same, also before the window
--   processing_sum_ns      duration ns    sum of the same within the window
--   wait_share             fraction       wait of wait and processing together
--   concurrency            count          workers at one time; where not reported, the most that were busy
--   concurrency_used       count          most items that were processed at a time
--   utilisation            fraction       processing_sum_ns of the time of all workers
--   load                   number         arrival rate times usual processing over concurrency; above 1 it cannot keep up
--   length_mean            number items   mean number that waited
--   crowd_worst            number items   items that waited for each busy worker in the worst minute
--   crowd_at               time           when that minute began
--   backlog_start          count          items that waited when the window began
--   backlog_max            count          most items that waited at a time
--   backlog_end            count          items that wait at the end of the window
--   drain_ns               duration ns    time to process backlog_end if nothing more arrives
--   oldest_age_ns          duration ns    age of the oldest item that waits
--   oldest_as_of           time           until when that is known, 1970 for up to now
--   stalled_ns             duration ns    for how long nothing has been taken or ended, although items wait
--   overtaken              count          1 if items that came after the oldest were taken before it, else 0
--   still_processing       count          items in processing at the end of the window
--   processing_age_ns      duration ns    age of the oldest of them
--   processing_as_of       time           until when that is known, 1970 for up to now
--   held_item_id           text           the oldest of them
--   held_trace_id          text           its trace
--   held_span_id           text           its span
--   ends_lost              count          items whose end was lost
--   dropped                count          spans and events that the sessions of the service say they dropped
--   observed_ns            duration ns    wall time in which a session of the service reported, within the window
--   worst_item_id          text           item that waited longest
--   worst_at               time           when it was enqueued
--   worst_trace_id         text           its trace
--   worst_span_id          text           its span
WITH
  figures AS
  (
    SELECT
      q.service AS service, q.queue_name AS queue_name,
      count() AS queues, sum(q.arrived) AS arrived, sum(q.ended) AS items, sum(q.failed) AS failed,
      sum(q.removed) AS removed, sum(q.refused) AS refused, any(q.error) AS last_error,
      sum(q.at_start) AS backlog_start, sum(q.waiting) AS backlog_end, sum(q.processing) AS still_processing,
      sum(q.lost) AS ends_lost,
      -- If thinned_items:
      if(max(q.heaviest) > 1, quantilesTDigestWeightedMerge(0.5, 0.95, 0.99)(q.waits_weighed),
        quantilesExactInclusiveMerge(0.5, 0.95, 0.99)(q.waits)) AS waits,
      if(max(q.heaviest) > 1, quantilesTDigestWeightedMerge(0.5, 0.95)(q.works_weighed),
        quantilesExactInclusiveMerge(0.5, 0.95)(q.works)) AS works,
      -- Else
      quantilesExactInclusiveMerge(0.5, 0.95, 0.99)(q.waits) AS waits,
      quantilesExactInclusiveMerge(0.5, 0.95)(q.works) AS works,
      -- End
      max(q.wait_longest) AS wait_max_ns,
      max(q.work_longest) AS work_max_ns,
      sum(q.wait_sum) AS wait_sum_ns, sum(q.work_sum) AS processing_sum_ns,
      toUInt64(intervalLengthSumMerge(q.waited)) AS waited_ns,
      toUInt64(intervalLengthSumMerge(q.either) - intervalLengthSumMerge(q.worked)) AS idle_ns,
      maxIntersectionsMerge(q.backlog) AS backlog_max, maxIntersectionsMerge(q.working) AS concurrency_used,
      sumMap([q.session], [1]) AS by_session,
      arrayFilter((name, count) -> count > 1 OR name = '', by_session.1, by_session.2) AS busy_sessions,
      arrayMap(o -> queue_workers(o.1, o.2, has(busy_sessions, o.3), o.4, o.5, o.6), groupArray((q.first_ns, q.last_ns,
        toString(t.session), t.first_at, t.last_at, if(q.told = 0, finalizeAggregation(q.working), q.told)))) AS workers,
      argMax(q.oldest, q.oldest.1) AS oldest, argMax(q.held, q.held.1) AS held, argMax(q.worst, q.wait_longest) AS longest,
      max(q.stalled_ns) AS still_ns, argMax(q.processing, q.stalled_ns) AS still_held,
      argMax(q.overtaken, q.oldest.1) AS overtaken, max(q.priority_high) AS priority_high,
      max(q.last_arrival_ns) - minIf(q.first_arrival_ns, q.first_arrival_ns > 0) AS arriving_ns
    FROM items_by_queue AS q
    LEFT JOIN wayward_session_times AS t ON t.service = q.service AND t.session = q.session
    GROUP BY service, queue_name
  ),
  measured AS
  (
    SELECT
      f.service AS service, f.queue_name AS queue_name, queues, arrived, items, failed, removed, refused, last_error,
      backlog_start, backlog_max, backlog_end, still_processing, ends_lost, waits, works, wait_max_ns, work_max_ns,
      wait_sum_ns, processing_sum_ns, waited_ns, idle_ns, concurrency_used, oldest, held, longest, overtaken, priority_high,
      toUInt64(most_at_once(f.workers)) AS concurrency,
      arraySum(w -> toFloat64((w.2 - w.1) * w.3), f.workers) AS worker_ns,
      arrayReverseSort(arrayMap(m -> (crowding(m.2, m.3, concurrency), m.1), s.minutes))[1] AS crowd,
      h.known AS known, h.work_usual AS work_usual, h.work_longest AS work_longest, l.dropped AS dropped,
      greatest(toUInt64(o.observed_ns), waited_ns, toUInt64(1)) AS observed_ns,
      -- What is in processing for as long as items have been before may still end well.
      if(still_ns >= 10000000000 AND (still_held = 0 OR held.1 > 3 * h.work_longest), still_ns, 0) AS stalled_ns,
      arriving_ns > greatest(3e9, observed_ns / 3) AS is_steady,
      greatest(toFloat64(arriving_ns), toFloat64(waited_ns)) AS busy_ns,
      arrived / if(is_steady, toFloat64(arriving_ns), toFloat64(observed_ns)) * work_usual / concurrency AS load,
      if(is_steady, crowding(wait_sum_ns / busy_ns, processing_sum_ns / busy_ns, concurrency), 0) AS crowd_steady
    FROM figures AS f
    LEFT JOIN queue_stretches AS s ON s.of_queue = cityHash64(f.service, f.queue_name)
    LEFT JOIN queue_history AS h ON h.of_service = f.service AND h.of_queue = f.queue_name
    LEFT JOIN observed AS o ON o.of_service = f.service
    LEFT JOIN reported_losses AS l ON l.of_service = f.service
  )
SELECT
  service,
  queue_name,
  (arrayReverseSort([
    (if(known = 0 AND still_processing > 0, wait_severity(stalled_ns), hang_severity(stalled_ns)),
      if(still_processing > 0, 'hung', 'paused')),
    (least(70, unending_severity(held.1, work_longest)), 'slow_item'),
    (wait_severity(greatest(0, wait_max_ns - 10 * work_usual)),
      multiIf(
        idle_ns > wait_max_ns / 2, 'paused',
        work_max_ns > wait_max_ns / 2, 'slow_item',
        wait_max_ns > 10 * waits[1] AND (overtaken OR longest.3 < priority_high), 'starved',
        crowd_steady > 0.5, 'overloaded',
        'burst')),
    (least(60, to_severity(0.15 * greatest(crowd.1, crowd_steady))), if(crowd_steady > 0.5, 'overloaded', 'burst')),
    (failing_severity(failed + removed + refused, items + removed + refused), 'failing')
  ])[1] AS trouble).1 AS severity,
  if(severity = 0, '', trouble.2) AS cause,
  multiIf(
    stalled_ns > 0, 'Stalled',
    backlog_end > concurrency, 'Backlogged',
    utilisation >= 0.8 AND backlog_max > 0, 'At capacity',
    utilisation >= 0.01, 'Active',
    'Idle') AS state,
  queues,
  arrived,
  items,
  failed,
  removed,
  refused,
  if(items + removed = 0, 0, (failed + removed) / (items + removed)) AS failed_fraction,
  last_error,
  arrived / observed_ns * 1e9 AS arrival_rate,
  toUInt64(round(ifNotFinite(waits[1], 0))) AS wait_p50_ns,
  toUInt64(round(ifNotFinite(waits[2], 0))) AS wait_p95_ns,
  toUInt64(round(ifNotFinite(waits[3], 0))) AS wait_p99_ns,
  wait_max_ns,
  wait_sum_ns,
  waited_ns,
  idle_ns,
  toUInt64(round(ifNotFinite(works[1], 0))) AS processing_p50_ns,
  toUInt64(round(ifNotFinite(works[2], 0))) AS processing_p95_ns,
  work_longest AS processing_max_ns,
  processing_sum_ns,
  if(wait_sum_ns + processing_sum_ns = 0, 0, wait_sum_ns / (wait_sum_ns + processing_sum_ns)) AS wait_share,
  concurrency,
  concurrency_used,
  least(1, processing_sum_ns / greatest(worker_ns, 1)) AS utilisation,
  load,
  wait_sum_ns / observed_ns AS length_mean,
  crowd.1 AS crowd_worst,
  fromUnixTimestamp64Nano(toInt64(crowd.2 * 60000000000), 'UTC') AS crowd_at,
  backlog_start,
  backlog_max,
  backlog_end,
  toUInt64(round(backlog_end * work_usual / concurrency)) AS drain_ns,
  oldest.1 AS oldest_age_ns,
  oldest.2 AS oldest_as_of,
  stalled_ns,
  overtaken,
  still_processing,
  held.1 AS processing_age_ns,
  held.2 AS processing_as_of,
  held.3 AS held_item_id,
  held.4 AS held_trace_id,
  held.5 AS held_span_id,
  ends_lost,
  dropped,
  observed_ns,
  longest.1 AS worst_item_id,
  fromUnixTimestamp64Nano(longest.2, 'UTC') AS worst_at,
  longest.4 AS worst_trace_id,
  longest.5 AS worst_span_id
FROM measured
ORDER BY severity DESC, wait_sum_ns DESC, service, queue_name
