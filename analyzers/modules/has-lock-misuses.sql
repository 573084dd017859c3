-- Module: Whether sessions told of locks that were used in ways that locks are not made for: where not, questions are asked without lock_misuses.
(
  SELECT count() > 0
  FROM wayward_lock_misuses
  WHERE told_at >= {from:DateTime64(9, 'UTC')} AND told_at < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
)
