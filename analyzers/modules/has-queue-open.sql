-- Module: Whether any items of queues that overlap the window were reported as open and not as ended: where not, questions are
-- asked without queue_open.
(
  SELECT count() > 0
  FROM wayward_open_operations FINAL
  WHERE kind IN ('queue_wait', 'queue_item')
    AND ended_at = toDateTime64(0, 9, 'UTC')
    AND started_at < {to:DateTime64(9, 'UTC')}
    AND seen_at >= {from:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
)
