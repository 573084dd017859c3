-- Module: Into how long slots the time of a lock is cut, so that waits and holds that may overlap are found by the slot that
-- they share: some four waits to a slot, no wait over more than a thousand of them.
--
-- Uses: lock_waits
--
-- Columns: of_lock, first_ns and last_ns (of its waits in the window), slot_ns
SELECT
  lock AS of_lock,
  min(from_ns) AS first_ns,
  max(till_ns) AS last_ns,
  greatest(intDiv(4 * (last_ns - first_ns), count()), intDiv(max(till_ns - from_ns), 1000), 1000) + 1 AS slot_ns
FROM lock_waits
WHERE till_ns > from_ns
GROUP BY lock
