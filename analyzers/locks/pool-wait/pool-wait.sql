-- Question: Which pools and semaphores are too small, held for too long, or leaking?
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
--   pool, service, severity, size, use, wait_p95_ns, still_waiting, leaked, holder, holder_share
--
-- Output, one row per service, name and type of a semaphore or pool, the most severe first:
--   service        text         service.name; several where the pool is one of a host or cluster
--   pool           text         class of the pool (wayward.lock.name)
--   severity       count        what it costs, see docs/analyzers/severity.md
--   cause          text         leak, nested (holders wait for more), long (few hold most), small, or nothing
--   pools          count        pools of this name
--   size           count        most permits of one pool that were held at once
--   use            fraction     of the busiest: permits held of size, of observed_ns
--   checkouts      count        holds that have ended
--   requests       count        requests that were granted, wait, or were given up
--   contended      count        requests that were not granted at once
--   wait_p50_ns    duration ns  median wait of the contended requests, those that go on with their age
--   wait_p95_ns    duration ns  95th percentile of the same
--   wait_max_ns    duration ns  the longest
--   wait_sum_ns    duration ns  sum of the same within the window
--   waiters_max    count        most that waited at once
--   timeouts       count        requests that gave up after their time-out
--   still_waiting  count        requests that go on
--   still_ns       duration ns  their ages together
--   still_as_of    time         until when that is known, 1970 for up to now
--   hold_p95_ns    duration ns  95th percentile of the holds that have ended
--   still_held     count        holds that go on
--   leaked         count        holds that go on for ten seconds or more and ten times as long as 95 % of those that ended
--   oldest_ns      duration ns  age of the oldest hold that goes on
--   nested         count        requests that waited while their task held a permit of the same pool
--   holder         text         name of the tasks that held it most
--   holder_share   fraction     their share of all the time that permits were held
--   observed_ns    duration ns  wall time in which a session of the service reported, within the window
--   trace_id       text         trace of the longest wait
--   span_id        text         its span
WITH
  held AS
  (
    SELECT
      class, any(l.lock_name) AS of_name, groupUniqArrayArray(l.services) AS services, count() AS locks, sum(l.ended) AS ended,
      sum(l.still) AS still, sum(l.at_once) AS at_once,
      quantileExactInclusiveMerge(0.95)(l.lengths) AS p95_told,
      -- If thinned_holds:
      if(max(l.heaviest) > 1, quantileTDigestWeightedMerge(0.95)(l.lengths_weighed), p95_told) AS p95,
      -- Else
      p95_told AS p95,
      -- End
      max(l.permits) AS permits, max(l.used_ns) AS used_ns
    FROM holds_by_lock AS l
    WHERE is_pool
    GROUP BY class
  ),
  holders AS
  (
    SELECT
      class,
      sumMap(map(multiIf(task_name != '', toString(task_name), thread_name != '', toString(thread_name), task_id),
        toFloat64(till_ns - from_ns) * weight)) AS by_name,
      arrayReverseSort(entry -> (entry.2, entry.1), arrayZip(mapKeys(by_name), mapValues(by_name)))[1] AS most,
      groupArrayIf(10000)(toUInt64(end_ns - start_ns), is_open AND NOT is_lost) AS ages
    FROM lock_holds
    WHERE lock_type IN ('semaphore', 'pool')
    GROUP BY class
  ),
  waited AS
  (
    SELECT
      class, any(l.lock_name) AS of_name, groupUniqArrayArray(l.services) AS services, count() AS locks,
      quantilesExactInclusiveMerge(0.5, 0.95, 0.99)(l.lengths) AS percentiles, max(l.longest) AS longest,
      sum(l.in_window) AS in_window, max(l.waiters_max) AS waiters_max, sum(l.contended) AS contended,
      sum(l.timeouts) AS timeouts, sum(l.waiting) AS waiting, sum(l.waiting_sum) AS waiting_sum, sum(l.nested) AS nested,
      argMax(l.waiting_as_of, l.waiting_longest) AS waiting_as_of, argMax(l.worst, l.longest) AS worst
    FROM waits_by_lock AS l
    WHERE is_pool
    GROUP BY class
  )
SELECT
  arrayStringConcat(arraySort(arrayDistinct(arrayConcat(h.services, w.services))), ', ') AS service,
  if(h.locks > 0, h.of_name, w.of_name) AS pool,
  greatest(
    blocked_severity(s.blocked_worst * 1e10 / least(1e10, toFloat64(observed_ns)), s.blocked_ns / observed_ns),
    hang_severity(if(wait_max_ns >= 10000000000, still_ns, 0)),
    failure_severity(timeouts)) AS severity,
  multiIf(contended = 0, '', nested > 0, 'nested', leaked > 0, 'leak',
    holder_share > 0.5 AND oldest_ns + hold_p95_ns > 1000000000, 'long', use >= 0.8, 'small', '') AS cause,
  greatest(h.locks, w.locks) AS pools,
  h.permits AS size,
  least(1, h.used_ns / observed_ns) AS use,
  h.ended AS checkouts,
  h.at_once + w.contended AS requests,
  w.contended AS contended,
  toUInt64(round(ifNotFinite(w.percentiles[1], 0))) AS wait_p50_ns,
  toUInt64(round(ifNotFinite(w.percentiles[2], 0))) AS wait_p95_ns,
  w.longest AS wait_max_ns,
  w.in_window AS wait_sum_ns,
  w.waiters_max AS waiters_max,
  w.timeouts AS timeouts,
  w.waiting AS still_waiting,
  w.waiting_sum AS still_ns,
  w.waiting_as_of AS still_as_of,
  toUInt64(round(ifNotFinite(h.p95, 0))) AS hold_p95_ns,
  h.still AS still_held,
  arrayCount(age -> age >= greatest(10000000000, 10 * hold_p95_ns), n.ages) AS leaked,
  arrayMax(n.ages) AS oldest_ns,
  w.nested AS nested,
  n.most.1 AS holder,
  least(1, n.most.2 / greatest(arraySum(mapValues(n.by_name)), 1)) AS holder_share,
  greatest(toUInt64(o.observed_ns), toUInt64(1)) AS observed_ns,
  w.worst.5 AS trace_id,
  w.worst.6 AS span_id
FROM held AS h
FULL OUTER JOIN waited AS w ON w.class = h.class
LEFT JOIN holders AS n ON n.class = h.class
LEFT JOIN
(
  SELECT class, blocked_worst, blocked_ns
  FROM lock_stretches
  WHERE lock_type IN ('semaphore', 'pool')
) AS s ON s.class = w.class
LEFT JOIN observed AS o ON o.of_service = splitByString(', ', service)[1]
ORDER BY severity DESC, wait_sum_ns DESC, service, pool
