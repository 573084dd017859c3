-- Module: Into how long slots the time of a lock is cut, so that waits and holds that may overlap are found by the slot that
-- they share: some two waits to a slot where waits are dense, but no less than half their mean length, so that they are in three slots
-- on average however many wait at once; where they are rare, slots of their mean length or sixteen for each wait, so that most holds
-- are in slots without any. No wait is over more than a thousand slots.
--
-- Evaluated once, as both sides look for it.
--
-- Uses: lock_waits
--
-- Columns: of_lock, of_class, is_for_several (whether several may hold it), first_ns and last_ns (of its waits in the window),
-- slot_ns, waited_ns (sum of what of the waits lies within the window)
SELECT
  lock AS of_lock,
  any(class) AS of_class,
  any(lock_type IN ('semaphore', 'pool', 'rwlock')) AS is_for_several,
  sum(toFloat64(till_ns - from_ns)) AS waited_ns,
  min(from_ns) AS first_ns,
  max(till_ns) AS last_ns,
  greatest(
    least(intDiv(2 * (last_ns - first_ns), count()), intDiv(sum(till_ns - from_ns), count())),
    intDiv(sum(till_ns - from_ns), 2 * count()),
    intDiv(last_ns - first_ns, 16 * count()), intDiv(max(till_ns - from_ns), 1000), 1000) + 1 AS slot_ns
FROM lock_waits
WHERE till_ns > from_ns
GROUP BY lock
