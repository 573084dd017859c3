-- Module: Stretches of time in which there was always somebody who waited for a lock: a row for each of four waits or more.
--
-- Uses: lock_waits
--
-- Rows are narrow, as there may be hundreds of thousands: names and spans are looked up by who asks, for the longest.
--
-- Columns: class, lock
--   others     services that waited in it, where services share the lock
--   start_ns   when the first began to wait, within the window; length_ns: until nobody waited any more
--   wait_ns    how long they waited in it, together
--   peak       most that waited at once
--   served     that were granted; gave_up: that were not; waiting: that wait on, as_of: until when that is known
--   longest    the longest wait: length_ns, start_ns, actor
SELECT
  any(w.class) AS class,
  lock,
  -- If service_locks:
  groupUniqArrayIf(w.service, is_shared) AS others,
  -- End
  first_ns AS start_ns,
  toUInt64(max(till_ns) - start_ns) AS length_ns,
  sum(toFloat64(till_ns - from_ns)) AS wait_ns,
  maxIntersections(from_ns, till_ns) AS peak,
  countIf(outcome = 'granted') AS served,
  countIf(outcome IN ('timeout', 'cancelled')) AS gave_up,
  countIf(outcome = 'waiting') AS waiting,
  maxIf(w.as_of, outcome = 'waiting') AS as_of,
  max((w.length_ns, w.start_ns, w.actor)) AS longest
FROM
(
  SELECT
    lock, actor, class, is_shared, service, start_ns, from_ns, till_ns, outcome, as_of, length_ns
  FROM lock_waits
  WHERE till_ns > from_ns AND outcome != 'lost'
) AS w
ASOF INNER JOIN
(
  SELECT of_lock, toInt64(intDiv(stretch.1, 2)) AS first_ns, toInt64(intDiv(stretch.2, 2)) AS last_ns
  FROM
  (
    SELECT
      lock AS of_lock,
      -- Begins and ends of waits, the begins first where they meet: then there is no break.
      arraySort(arrayConcat(groupArray(2 * toUInt64(from_ns)), groupArray(2 * toUInt64(till_ns) + 1))) AS moments,
      arrayCumSum(moment -> 1 - 2 * bitAnd(moment, 1), moments) AS at_once,
      arrayFilter((number, left) -> left = 0, arrayEnumerate(moments), at_once) AS counts,
      arrayFilter((moment, before) -> before = 0, moments, arrayPushFront(arrayPopBack(at_once), 0)) AS firsts,
      arrayFilter((moment, left) -> left = 0, moments, at_once) AS lasts,
      arrayPopFront(arrayDifference(arrayPushFront(counts, 0))) AS lengths,
      arrayJoin(arrayFilter(stretch -> stretch.3 >= 8, arrayZip(firsts, lasts, lengths))) AS stretch
    FROM lock_waits
    WHERE till_ns > from_ns AND outcome != 'lost'
    GROUP BY lock
  )
) AS s ON s.of_lock = w.lock AND s.first_ns <= w.from_ns
WHERE w.from_ns <= s.last_ns
GROUP BY lock, first_ns
