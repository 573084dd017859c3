-- Question: Who waited for whom at a lock, by the longest waits?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; waits that overlap it count
--   service   String         service.name
--   sessions  Array(String)  only these sessions, empty for all
--   from_ns   Int64          from, in nanoseconds since 1970
--   name      String         name of the lock
--   limit     UInt64         waits at most, the longest
--
-- Headline, the columns of a table, the last left out first:
--   holder, waiter, met_ns, waits
--
-- Output, one row per name of a holder and of a waiter, the longest first:
--   holder      text         task or thread that held the lock; tasks without a name are one
--   waiter      text         task or thread that waited for it
--   waits       count        waits that met one of his holds
--   met_ns      duration ns  how long both was so, together
--   longest_ns  duration ns  the longest of these waits, whole
WITH
  waits AS
  (
    SELECT
      lock_key, actor_key, service,
      multiIf(task_name != '', toString(task_name), task_id != '', 'tasks without a name', thread_name != '', toString(thread_name), concat('thread ', toString(thread_id))) AS waiter,
      toUnixTimestamp64Nano(requested_at) AS wait_start_ns, wait_ns,
      wait_start_ns + toInt64(least(wait_ns, 6300000000000000000)) AS wait_done_ns
    FROM wayward_lock_waits
    WHERE lock_name = {name:String}
      AND requested_at < {to:DateTime64(9, 'UTC')}
      AND toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
      AND ({service:String} = '' OR service = {service:String})
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    ORDER BY wait_ns DESC, wait_start_ns, span_id
    LIMIT {limit:UInt64}
  ),
  holds AS
  (
    SELECT
      lock_key, actor_key,
      multiIf(task_name != '', toString(task_name), task_id != '', 'tasks without a name', thread_name != '', toString(thread_name), concat('thread ', toString(thread_id))) AS holder,
      toUnixTimestamp64Nano(granted_at) AS hold_start_ns,
      hold_start_ns + toInt64(least(hold_ns, 6300000000000000000)) AS hold_done_ns
    FROM wayward_lock_holds
    WHERE lock_name = {name:String}
      AND service IN (SELECT service FROM waits)
      AND granted_at < (SELECT fromUnixTimestamp64Nano(max(wait_done_ns), 'UTC') FROM waits)
      AND toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) >= (SELECT min(wait_start_ns) FROM waits)
  )
SELECT
  holder, waiter,
  count() AS waits,
  sum(least(wait_done_ns, hold_done_ns) - greatest(wait_start_ns, hold_start_ns)) AS met_ns,
  max(wait_ns) AS longest_ns
FROM waits AS w
INNER JOIN holds AS h ON h.lock_key = w.lock_key
  AND h.hold_start_ns < w.wait_done_ns AND h.hold_done_ns > w.wait_start_ns
WHERE h.actor_key != w.actor_key
GROUP BY holder, waiter
ORDER BY met_ns DESC, holder, waiter
LIMIT 200
