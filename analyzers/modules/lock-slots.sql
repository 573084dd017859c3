-- Module: Into how long slots the time of a lock is cut, so that waits and holds that may overlap are found by the slot that
-- they share: some two waits to a slot, no wait over more than a thousand of them.
--
-- Evaluated once, as both sides look for it.
--
-- Uses: lock_waits
--
-- Columns: of_lock, of_class, first_ns and last_ns (of its waits in the window), slot_ns, waited_ns (sum of
-- what of the waits lies within the window)
SELECT
  lock AS of_lock,
  any(class) AS of_class,
  sum(toFloat64(till_ns - from_ns)) AS waited_ns,
  min(from_ns) AS first_ns,
  max(till_ns) AS last_ns,
  greatest(intDiv(2 * (last_ns - first_ns), count()), intDiv(max(till_ns - from_ns), 1000), 1000) + 1 AS slot_ns
FROM lock_waits
WHERE till_ns > from_ns
GROUP BY lock
