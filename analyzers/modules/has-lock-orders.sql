-- Module: Whether sessions told in which order they took locks: where not, questions are asked without lock_orders.
(
  SELECT count() > 0
  FROM wayward_lock_orders
  WHERE told_at >= {from:DateTime64(9, 'UTC')} AND told_at < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
)
