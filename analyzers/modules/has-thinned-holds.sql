-- Module: Whether holds that overlap the window stand for others: where not, questions are asked without what that takes.
--
-- Uses: end_of_ns, window_from_ns
(
  SELECT count() > 0
  FROM
  (
    SELECT 1
    FROM wayward_lock_holds
    WHERE weight > 1
      AND granted_at < {to:DateTime64(9, 'UTC')}
      AND end_of_ns(toUnixTimestamp64Nano(granted_at), hold_ns) >= window_from_ns
      AND ({service:String} = '' OR service = {service:String})
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    LIMIT 1
  )
)
