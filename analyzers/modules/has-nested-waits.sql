-- Module: Whether any task waited for a lock while it held another: where not, questions are asked without chains of such waits.
--
-- Uses: end_of_ns, window_from_ns
(
  SELECT count() > 0
  FROM
  (
    SELECT 1
    FROM wayward_lock_waits
    WHERE notEmpty(held)
      AND requested_at < {to:DateTime64(9, 'UTC')}
      AND end_of_ns(toUnixTimestamp64Nano(requested_at), wait_ns) >= window_from_ns
      AND ({service:String} = '' OR service = {service:String} OR lock_type IN ('distributed', 'database', 'file'))
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    LIMIT 1
    UNION ALL
    SELECT 1
    FROM wayward_open_operations
    WHERE kind = 'lock_wait' AND notEmpty(held)
    LIMIT 1
  )
)
