-- Module: Whether anybody waited for a lock that services can share: where not, questions are asked without all services of each.
--
-- Uses: end_of_ns, window_from_ns
(
  SELECT count() > 0
  FROM
  (
    SELECT 1
    FROM wayward_lock_waits
    WHERE lock_type IN ('distributed', 'database', 'file')
      AND requested_at < {to:DateTime64(9, 'UTC')}
      AND end_of_ns(toUnixTimestamp64Nano(requested_at), wait_ns) >= window_from_ns
    LIMIT 1
    UNION ALL
    SELECT 1
    FROM wayward_open_operations
    WHERE kind = 'lock_wait' AND lock_type IN ('distributed', 'database', 'file')
    LIMIT 1
  )
)
