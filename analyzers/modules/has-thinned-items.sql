-- Module: Whether items that overlap the window stand for others: where not, questions are asked without what that takes.
--
-- Uses: end_of_ns, window_from_ns
(
  SELECT count() > 0
  FROM
  (
    SELECT 1
    FROM wayward_queue_items
    WHERE weight > 1
      AND enqueued_at < {to:DateTime64(9, 'UTC')}
      AND end_of_ns(toUnixTimestamp64Nano(dequeued_at), processing_ns) >= window_from_ns
      AND ({service:String} = '' OR service = {service:String})
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    LIMIT 1
  )
)
