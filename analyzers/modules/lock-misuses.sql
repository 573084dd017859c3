-- Module: What was done with locks that locks are not made for, as the sessions told it.
--
-- Columns:
--   service, lock_name, lock_type, rule  of what
--   times       how often
--   tasks       tasks that did it, or whose hold or request it is where nobody did
--   task, lock_id, site, asked_site, trace_id, span_id  one of them
--   first_ns    nanoseconds since 1970, when it was first told
SELECT
  m.service AS service, m.lock_name AS lock_name, m.lock_type AS lock_type, toString(m.rule) AS rule,
  sum(m.times) AS times,
  uniq(m.session, if(m.task_id = '', m.owner, m.task_id)) AS tasks,
  argMin(if(m.task_id = '', m.owner, m.task_id), m.told_at) AS task,
  argMin(m.lock_id, m.told_at) AS lock_id,
  argMinIf(m.site, m.told_at, m.site != '') AS site,
  argMinIf(m.asked_site, m.told_at, m.asked_site != '') AS asked_site,
  argMin(m.trace_id, m.told_at) AS trace_id,
  argMin(m.span_id, m.told_at) AS span_id,
  toUnixTimestamp64Nano(min(m.told_at)) AS first_ns
FROM wayward_lock_misuses AS m
WHERE told_at >= {from:DateTime64(9, 'UTC')} AND told_at < {to:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
GROUP BY service, lock_name, lock_type, rule
