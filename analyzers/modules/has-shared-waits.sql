-- Module: Whether anybody waited for a lock that several can hold: where not, questions are asked without dividing a wait among
-- those who hold at one moment.
--
-- Uses: end_of_ns, window_from_ns
(
  SELECT count() > 0
  FROM
  (
    SELECT 1
    FROM wayward_lock_waits
    WHERE lock_type IN ('semaphore', 'pool', 'rwlock')
      AND requested_at < {to:DateTime64(9, 'UTC')}
      AND end_of_ns(toUnixTimestamp64Nano(requested_at), wait_ns) >= window_from_ns
    LIMIT 1
    UNION ALL
    SELECT 1
    FROM wayward_open_operations
    WHERE kind = 'lock_wait' AND lock_type IN ('semaphore', 'pool', 'rwlock')
    LIMIT 1
  )
)
