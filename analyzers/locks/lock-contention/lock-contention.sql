-- Question: Which locks make others wait, how long and how often?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts, as far as it lies within
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_holds, holds_by_lock, waits_by_lock, lock_stretches, observed, blocked_severity, hang_severity,
--   failure_severity
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, service, severity, wait_sum_ns, contended, requests, wait_p50_ns, wait_p95_ns, wait_max_ns,
--   hold_avg_ns, utilisation, waiters_max, still_waiting
--
-- Output, one row per service, lock name and type, the most severe first:
--   service                  text           service.name; several where the lock is one of a host or cluster
--   lock_name                text           class of the lock
--   lock_type                text           mutex, rwlock, semaphore, ...
--   severity                 count          what it costs, see docs/analyzers/severity.md
--   instances                count          locks of this name and type
--   sessions                 count          sessions that used them
--   requests                 count          requests: granted at once, granted later, given up, still waiting
--   holds                    count          holds that have ended
--   contended                count          requests that were not granted at once, refused ones not counted
--   contended_fraction       fraction       contended of requests
--   wait_p50_ns              duration ns    median wait of the contended requests, still waiting ones with their age
--   wait_p95_ns              duration ns    95th percentile of the same
--   wait_p99_ns              duration ns    99th percentile of the same
--   wait_min_ns              duration ns    shortest of the same
--   wait_max_ns              duration ns    longest of the same, also where it began before the window
--   wait_sum_ns              duration ns    sum of the same within the window; may exceed wall time, as several wait at once
--   waited_ns                duration ns    wall time within the window in which at least one waited
--   waited_share             fraction       waited_ns of observed_ns
--   blocked_mean             number actors  wait_sum_ns of observed_ns: how many waited on average
--   blocked_worst            number actors  how many waited on average in the worst ten seconds
--   worst_stretch_at         time           when those ten seconds began
--   waiters_max              count          most that waited for one lock at once
--   hold_avg_ns              duration ns    mean hold
--   hold_min_ns              duration ns    shortest hold
--   hold_p95_ns              duration ns    95th percentile of the holds
--   hold_max_ns              duration ns    longest hold
--   hold_sum_ns              duration ns    sum of the holds within the window
--   utilisation              fraction       of the busiest lock: permits held of permits there are, of observed_ns
--   permits                  count          most permits of one lock that were held at once; 1 for a mutex
--   bounces                  count          grants to another actor than the one before
--   tasks                    count          asynchronous tasks, or threads without one, that asked for or held it
--   threads                  count          threads that asked for or held it
--   timeouts                 count          requests that gave up after their time-out
--   cancelled                count          requests that were cancelled
--   refused                  count          requests that would not wait
--   still_waiting            count          requests that had not ended when last reported
--   still_waiting_max_ns     duration ns    age of the oldest of them
--   still_waiting_sum_ns     duration ns    their ages together
--   still_waiting_as_of      time           until when that is known of the oldest, 1970 for up to now
--   still_held               count          holds that had not ended when last reported
--   ends_lost                count          waits and holds whose end was lost
--   observed_ns              duration ns    wall time in which a session of the service reported, within the window
--   worst_lock_id            text           the lock of the longest wait
--   worst_at                 time           when it was requested
--   worst_task               text           task that waited longest: name, else id
--   worst_trace_id           text           trace of the longest wait
--   worst_span_id            text           span of the longest wait
--   holder_task              text           task that held the lock when that request was made: name, else id
--   holder_hold_ns           duration ns    how long that hold lasted, or had lasted when last reported
--   holder_trace_id          text           trace of that hold
--   holder_span_id           text           span of that hold
WITH
  held AS
  (
    SELECT
      class, any(l.lock_name) AS of_name, any(l.lock_type) AS of_type,
      groupUniqArrayArray(l.services) AS services, uniqMergeState(l.sessions) AS sessions, count() AS locks,
      sum(l.ended) AS ended, sum(l.still) AS still, sum(l.lost) AS lost, sum(l.at_once) AS at_once,
      quantileExactInclusiveMerge(0.95)(l.lengths) AS p95_told,
      -- If thinned_holds:
      if(max(l.heaviest) > 1, quantileTDigestWeightedMerge(0.95)(l.lengths_weighed), p95_told) AS p95,
      -- Else
      p95_told AS p95,
      -- End
      sum(l.length_sum) AS length_sum, min(l.shortest) AS shortest, max(l.longest) AS longest, sum(l.in_window) AS in_window,
      sum(l.bounces) AS bounces, uniqMergeState(l.actors) AS actors, uniqMergeState(l.threads) AS threads,
      max(l.permits) AS permits, max(l.used_ns) AS used_ns
    FROM holds_by_lock AS l
    GROUP BY class
  ),
  waited AS
  (
    SELECT
      class, any(l.lock_name) AS of_name, any(l.lock_type) AS of_type,
      groupUniqArrayArray(l.services) AS services, uniqMergeState(l.sessions) AS sessions, count() AS locks,
      uniqMergeState(l.actors) AS actors, uniqMergeState(l.threads) AS threads,
      quantilesExactInclusiveMerge(0.5, 0.95, 0.99)(l.lengths) AS percentiles,
      min(l.shortest) AS shortest, max(l.longest) AS longest, sum(l.in_window) AS in_window,
      intervalLengthSumMerge(l.wall) AS wall, max(l.waiters_max) AS waiters_max,
      sum(l.contended) AS contended, sum(l.timeouts) AS timeouts, sum(l.cancelled) AS cancelled, sum(l.refused) AS refused,
      sum(l.waiting) AS waiting, sum(l.lost) AS lost, max(l.waiting_longest) AS waiting_longest,
      sum(l.waiting_sum) AS waiting_sum, argMax(l.waiting_as_of, l.waiting_longest) AS waiting_as_of,
      argMax(l.worst, l.longest) AS worst,
      worst.2 AS worst_lock_id, worst.3 AS worst_ns, worst.4 AS worst_task, worst.5 AS worst_trace_id,
      worst.6 AS worst_span_id
    FROM waits_by_lock AS l
    GROUP BY class
  ),
  (
    SELECT (groupArray((class, worst.1, worst.2)), groupUniqArrayArray([moment, moment - 1]),
      groupArrayArray([cityHash64(worst.1, moment), cityHash64(worst.1, moment - 1)]))
    FROM
    (
      SELECT
        class,
        argMaxIf((lock, start_ns), length_ns, outcome NOT IN ('refused', 'lost')) AS worst,
        intDiv(worst.2, 10000000000) AS moment
      FROM lock_waits
      GROUP BY class
    )
  ) AS longest_waits,
  -- Of holds that are long or near enough, so that the names of few are read.
  holders AS
  (
    SELECT
      w.1 AS of_class,
      argMax(
        (if(h.task_name = '', h.task_id, toString(h.task_name)), h.end_ns - h.start_ns, h.trace_id, h.span_id),
        h.start_ns) AS holder
    FROM
    (
      SELECT lock, start_ns, end_ns, task_name, task_id, trace_id, span_id
      FROM lock_holds
      WHERE (end_ns - start_ns > 10000000000 OR intDiv(start_ns, 10000000000) IN longest_waits.2)
        AND (end_ns - start_ns > 10000000000 OR cityHash64(lock, intDiv(start_ns, 10000000000)) IN longest_waits.3)
    ) AS h
    INNER JOIN (SELECT arrayJoin(longest_waits.1) AS w) AS w ON w.2 = h.lock
    WHERE h.start_ns <= w.3 AND h.end_ns > w.3
    GROUP BY of_class
  )
SELECT
  arrayStringConcat(arraySort(arrayDistinct(arrayConcat(h.services, w.services))), ', ') AS service,
  if(h.locks > 0, h.of_name, w.of_name) AS lock_name,
  if(h.locks > 0, h.of_type, w.of_type) AS lock_type,
  greatest(
    blocked_severity(blocked_worst, s.blocked_ns / observed_ns),
    hang_severity(if(still_waiting_max_ns >= 10000000000, still_waiting_sum_ns, 0)),
    failure_severity(timeouts)) AS severity,
  greatest(h.locks, w.locks) AS instances,
  finalizeAggregation(h.sessions + w.sessions) AS sessions,
  h.at_once + w.contended + w.refused AS requests,
  h.ended AS holds,
  w.contended AS contended,
  if(requests = 0, 0, contended / requests) AS contended_fraction,
  toUInt64(round(ifNotFinite(w.percentiles[1], 0))) AS wait_p50_ns,
  toUInt64(round(ifNotFinite(w.percentiles[2], 0))) AS wait_p95_ns,
  toUInt64(round(ifNotFinite(w.percentiles[3], 0))) AS wait_p99_ns,
  w.shortest AS wait_min_ns,
  w.longest AS wait_max_ns,
  w.in_window AS wait_sum_ns,
  toUInt64(w.wall) AS waited_ns,
  least(1, waited_ns / observed_ns) AS waited_share,
  wait_sum_ns / observed_ns AS blocked_mean,
  s.blocked_worst * 1e10 / least(1e10, toFloat64(observed_ns)) AS blocked_worst,
  fromUnixTimestamp64Nano(toInt64(s.worst_ns), 'UTC') AS worst_stretch_at,
  w.waiters_max AS waiters_max,
  toUInt64(round(if(holds = 0, 0, h.length_sum / holds))) AS hold_avg_ns,
  h.shortest AS hold_min_ns,
  toUInt64(round(ifNotFinite(h.p95, 0))) AS hold_p95_ns,
  h.longest AS hold_max_ns,
  h.in_window AS hold_sum_ns,
  least(1, h.used_ns / observed_ns) AS utilisation,
  h.permits AS permits,
  h.bounces AS bounces,
  finalizeAggregation(h.actors + w.actors) AS tasks,
  finalizeAggregation(h.threads + w.threads) AS threads,
  w.timeouts AS timeouts,
  w.cancelled AS cancelled,
  w.refused AS refused,
  w.waiting AS still_waiting,
  w.waiting_longest AS still_waiting_max_ns,
  w.waiting_sum AS still_waiting_sum_ns,
  w.waiting_as_of AS still_waiting_as_of,
  h.still AS still_held,
  h.lost + w.lost AS ends_lost,
  greatest(toUInt64(o.observed_ns), waited_ns, toUInt64(1)) AS observed_ns,
  w.worst_lock_id AS worst_lock_id,
  fromUnixTimestamp64Nano(w.worst_ns, 'UTC') AS worst_at,
  w.worst_task AS worst_task,
  w.worst_trace_id AS worst_trace_id,
  w.worst_span_id AS worst_span_id,
  b.holder.1 AS holder_task,
  toUInt64(b.holder.2) AS holder_hold_ns,
  b.holder.3 AS holder_trace_id,
  b.holder.4 AS holder_span_id
FROM held AS h
FULL OUTER JOIN waited AS w ON w.class = h.class
LEFT JOIN lock_stretches AS s ON s.class = w.class
LEFT JOIN holders AS b ON b.of_class = w.class
LEFT JOIN observed AS o ON o.of_service = splitByString(', ', service)[1]
WHERE {service:String} = '' OR has(arrayConcat(h.services, w.services), {service:String})
ORDER BY severity DESC, wait_sum_ns DESC, service, lock_name, lock_type
