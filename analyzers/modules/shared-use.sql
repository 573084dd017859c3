-- Module: How many hold a lock at once, of locks that several can hold: semaphores, pools, locks for readers.
--
-- Uses: lock_holds
--
-- Columns: of_lock, permits_used (most at once), wall (time in which any was held), permit_ns (sum over permits)
SELECT
  lock AS of_lock,
  maxIntersections(from_ns, till_ns) AS permits_used,
  -- Where few are told for many, in that proportion.
  toFloat64(intervalLengthSum(from_ns, till_ns)) * permit_ns / sum(toFloat64(till_ns - from_ns)) AS wall,
  sum(toFloat64(till_ns - from_ns) * weight) AS permit_ns
FROM lock_holds
ARRAY JOIN range(toUInt32(least(greatest(permits, 1), 1000))) AS permit
WHERE (lock_mode = 'shared' OR lock_type IN ('semaphore', 'pool', 'rwlock')) AND till_ns > from_ns
GROUP BY lock
