-- Module: Stretches of time in which there was always somebody who waited for a lock: a row for each, of one wait or many.
--
-- Uses: lock_waits
--
-- Columns: owner, lock_name, lock_type, lock
--   services   who waited in it
--   start_ns   when the first began to wait, within the window; length_ns: until nobody waited any more
--   wait_ns    how long they waited in it, together
--   peak       most that waited at once
--   served     that were granted; gave_up: that were not; waiting: that wait on, as_of: until when that is known
--   longest    the longest wait: lock_id, trace_id, span_id
SELECT
  owner, lock_name, lock_type, lock,
  groupUniqArray(service) AS services,
  min(from_ns) AS start_ns,
  toUInt64(max(till_ns) - start_ns) AS length_ns,
  sum(toFloat64(till_ns - from_ns)) AS wait_ns,
  maxIntersections(from_ns, till_ns) AS peak,
  countIf(outcome = 'granted') AS served,
  countIf(outcome IN ('timeout', 'cancelled')) AS gave_up,
  countIf(outcome = 'waiting') AS waiting,
  maxIf(w.as_of, outcome = 'waiting') AS as_of,
  argMax((w.lock_id, w.trace_id, w.span_id), w.length_ns) AS longest
FROM
(
  SELECT
    owner, lock_name, lock_type, lock, service, from_ns, till_ns, outcome, as_of, lock_id, trace_id, span_id, length_ns,
    sum(is_first) OVER (PARTITION BY lock ORDER BY from_ns, till_ns ROWS UNBOUNDED PRECEDING) AS number
  FROM
  (
    SELECT
      owner, lock_name, lock_type, lock, service, from_ns, till_ns, outcome, as_of, lock_id, trace_id, span_id, length_ns,
      from_ns > max(till_ns) OVER (PARTITION BY lock ORDER BY from_ns, till_ns ROWS BETWEEN UNBOUNDED PRECEDING
        AND 1 PRECEDING) AS is_first
    FROM lock_waits
    WHERE till_ns > from_ns AND outcome != 'lost'
  )
) AS w
GROUP BY owner, lock_name, lock_type, lock, number
