-- Module: Which class of locks was asked for while which other was held, as the sessions told it: nothing of it is thinned.
--
-- Columns:
--   source_owner, source_name, target_owner, target_name  classes, as owner and lock_name of lock_holds
--   service, actors, gates  of who did; gates are names
--   times, asks_alone, holds_alone, first_ns, last_ns, trace_id, span_id  as in lock_edges
SELECT
  if(held_type IN ('distributed', 'database', 'file'), '', service) AS source_owner, held_name AS source_name,
  if(lock_type IN ('distributed', 'database', 'file'), '', service) AS target_owner, lock_name AS target_name,
  any(o.service) AS of_service,
  groupUniqArrayArray(16)(arrayMap(task -> cityHash64(o.service, o.session, task), o.tasks)) AS actors,
  groupArrayIntersect(o.gates) AS gates,
  sum(o.times) AS times,
  max(NOT o.is_shared) AS asks_alone,
  max(NOT o.is_held_shared) AS holds_alone,
  toUnixTimestamp64Nano(min(o.told_at)) AS first_ns,
  toUnixTimestamp64Nano(max(o.told_at)) AS last_ns,
  argMin(o.trace_id, o.told_at) AS trace_id,
  argMin(o.span_id, o.told_at) AS span_id
FROM wayward_lock_orders AS o
WHERE told_at >= {from:DateTime64(9, 'UTC')} AND told_at < {to:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
GROUP BY source_owner, source_name, target_owner, target_name
