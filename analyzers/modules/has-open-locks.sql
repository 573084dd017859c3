-- Module: Whether any waits for locks or holds that overlap the window were reported as open and not as ended: where not, questions are
-- asked without open_locks.
(
  SELECT count() > 0
  FROM wayward_open_operations FINAL
  WHERE kind IN ('lock_hold', 'lock_wait')
    AND ended_at = toDateTime64(0, 9, 'UTC')
    AND started_at < {to:DateTime64(9, 'UTC')}
    AND seen_at >= {from:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
)
