-- Question: Which locks are held, or waited for, far longer than they ever were, with no end in sight?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what goes on at it is told as it was then
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_holds, lock_waits, hang_severity
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, service, severity, held_ns, holder, usual_ns, waiting, gave_up, blocked_ns, wait_max_ns
--
-- Output, one row per lock name and type with a hold or a wait that goes on for ten seconds or more, the most severe first:
--   service      text         service.name; several where the lock is one of a host or cluster
--   lock_name    text         class of the lock
--   lock_type    text         mutex, rwlock, semaphore, ...
--   severity     count        what it costs, see docs/analyzers/severity.md
--   lock_id      text         the lock that is held longest, else waited for longest
--   still_held   count        holds that go on and are ten times as long as 99 % of those that have ended
--   held_ns      duration ns  age of the oldest of them
--   held_since   time         when it was granted
--   usual_ns     duration ns  99th percentile of the holds that have ended
--   ended        count        holds that have ended
--   holder       text         task of the oldest: name, else id
--   holder_task  text         its id
--   holder_held  count        locks that it held already when it asked for this one
--   ends_lost    count        holds of whom the session, which lives, reports neither an end nor that they go on
--   waiting      count        requests that go on
--   wait_max_ns  duration ns  age of the oldest of them
--   waiter       text         task of the oldest: name, else id
--   gave_up      count        requests that timed out or were cancelled since the oldest hold was granted
--   blocked_ns   duration ns  how long those who wait and those who gave up have waited since then, together
--   as_of        time         until when that is known, 1970 for up to now
--   trace_id     text         trace of the oldest hold, else of the oldest wait
--   span_id      text         its span
WITH
  held AS
  (
    SELECT
      u.class AS class, lock_name, lock_type, services, lost, ended, usual,
      arrayFilter(hold -> hold.1 > greatest(10000000000, 10 * usual), o.holds) AS open,
      arrayReverseSort(open)[1] AS oldest
    FROM
    (
      SELECT
        class, any(h.lock_name) AS lock_name, any(h.lock_type) AS lock_type,
        groupUniqArray(service) AS services,
        countIf(is_lost) AS lost,
        sumIf(weight, NOT is_open) AS ended,
        toUInt64(ifNotFinite(quantileTDigestWeightedIf(0.99)(end_ns - start_ns, weight, NOT is_open), 0)) AS usual
      FROM lock_holds AS h
      GROUP BY class
    ) AS u
    LEFT JOIN
    (
      SELECT
        class,
        groupArray(1000)((end_ns - start_ns, start_ns, if(task_name = '', task_id, toString(task_name)), task_id, length(held),
          lock_id, as_of, trace_id, span_id)) AS holds
      FROM lock_holds
      WHERE is_open AND NOT is_lost AND end_ns - start_ns >= 10000000000
      GROUP BY class
    ) AS o ON o.class = u.class
  ),
  waited AS
  (
    SELECT
      class, any(w.lock_name) AS lock_name, any(w.lock_type) AS lock_type,
      groupUniqArray(service) AS services,
      countIf(outcome = 'waiting') AS waiting,
      maxIf(length_ns, outcome = 'waiting') AS longest,
      argMaxIf((if(task_name = '', task_id, toString(task_name)), lock_id, as_of, trace_id, span_id), length_ns,
        outcome = 'waiting') AS oldest,
      groupArray(100000)((start_ns, end_ns, outcome = 'waiting')) AS waits
    FROM lock_waits AS w
    WHERE outcome IN ('waiting', 'timeout', 'cancelled') AND end_ns > start_ns
    GROUP BY class
  )
SELECT
  arrayStringConcat(arraySort(arrayDistinct(arrayConcat(h.services, w.services))), ', ') AS service,
  if(h.lock_name = '', w.lock_name, h.lock_name) AS lock_name,
  if(h.lock_name = '', w.lock_type, h.lock_type) AS lock_type,
  -- A lock that is kept and that nobody asks for is a risk, and often meant so.
  greatest(hang_severity(toFloat64(blocked_ns)), toUInt8(if(still_held > 0, least(20, intDiv(hang_severity(held_ns), 4)), 0)))
    AS severity,
  if(still_held > 0, h.oldest.6, w.oldest.2) AS lock_id,
  length(h.open) AS still_held,
  toUInt64(h.oldest.1) AS held_ns,
  fromUnixTimestamp64Nano(h.oldest.2, 'UTC') AS held_since,
  h.usual AS usual_ns,
  h.ended AS ended,
  h.oldest.3 AS holder,
  h.oldest.4 AS holder_task,
  h.oldest.5 AS holder_held,
  h.lost AS ends_lost,
  w.waiting AS waiting,
  w.longest AS wait_max_ns,
  w.oldest.1 AS waiter,
  if(still_held = 0, 0, arrayCount(wait -> NOT wait.3 AND wait.2 > h.oldest.2, w.waits)) AS gave_up,
  toUInt64(arraySum(wait -> if(wait.3 OR still_held > 0, toFloat64(greatest(wait.2 - greatest(wait.1, h.oldest.2), 0)), 0),
    w.waits)) AS blocked_ns,
  if(still_held > 0, h.oldest.7, w.oldest.3) AS as_of,
  if(still_held > 0, h.oldest.8, w.oldest.4) AS trace_id,
  if(still_held > 0, h.oldest.9, w.oldest.5) AS span_id
FROM held AS h
FULL OUTER JOIN waited AS w ON w.class = h.class
WHERE still_held > 0 OR wait_max_ns >= 10000000000
ORDER BY severity DESC, held_ns DESC, service, lock_name, lock_type
