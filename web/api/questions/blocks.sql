-- Question: Who waited longest, and who held the lock meanwhile?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; waits that overlap it count
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--   from_ns   Int64          from, in nanoseconds since 1970
--   limit     UInt64         waits at most, the longest
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, waiter, holder, wait_ns, hold_ns
--
-- Output, one row per wait and hold that met, the longest wait first:
--   service         text         of the lock
--   lock_name       text         name of the lock
--   lock_id         text         the lock
--   waiter          text         task or thread that waited
--   waiter_thread   text         its thread
--   waiter_task     text         its task, by name where it has one
--   wait_from_ns    text         when it asked, nanoseconds since 1970
--   wait_ns         duration ns  how long it waited
--   wait_trace_id   text         its trace
--   wait_span_id    text         its span
--   holder          text         task or thread that held the lock
--   holder_thread   text         its thread
--   holder_task     text         its task, by name where it has one
--   hold_from_ns    text         when that was granted, nanoseconds since 1970
--   hold_ns         duration ns  how long it was held
--   met_ns          duration ns  how long both was so
--   hold_trace_id   text         its trace
--   hold_span_id    text         its span
WITH
  waits AS
  (
    SELECT
      lock_key, actor_key, service, lock_name, lock_id,
      if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)) AS waiter_thread,
      if(task_name = '', concat('task ', task_id), toString(task_name)) AS waiter_task,
      if(task_id = '' AND task_name = '', waiter_thread, waiter_task) AS waiter,
      toUnixTimestamp64Nano(requested_at) AS wait_start_ns, wait_ns,
      wait_start_ns + toInt64(least(wait_ns, 6300000000000000000)) AS wait_done_ns,
      trace_id AS wait_trace_id, span_id AS wait_span_id
    FROM wayward_lock_waits
    WHERE requested_at < {to:DateTime64(9, 'UTC')}
      AND toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
      AND ({service:String} = '' OR service = {service:String})
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    ORDER BY wait_ns DESC, wait_start_ns, wait_span_id
    LIMIT {limit:UInt64}
  ),
  holds AS
  (
    SELECT
      lock_key, actor_key,
      if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)) AS holder_thread,
      if(task_name = '', concat('task ', task_id), toString(task_name)) AS holder_task,
      if(task_id = '' AND task_name = '', holder_thread, holder_task) AS holder,
      toUnixTimestamp64Nano(granted_at) AS hold_start_ns, hold_ns,
      hold_start_ns + toInt64(least(hold_ns, 6300000000000000000)) AS hold_done_ns,
      trace_id AS hold_trace_id, span_id AS hold_span_id
    FROM wayward_lock_holds
    WHERE (service, lock_name) IN (SELECT service, lock_name FROM waits)
      AND granted_at < (SELECT fromUnixTimestamp64Nano(max(wait_done_ns), 'UTC') FROM waits)
      AND toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) >= (SELECT min(wait_start_ns) FROM waits)
  )
SELECT
  w.service AS service, w.lock_name AS lock_name, w.lock_id AS lock_id,
  w.waiter AS waiter, w.waiter_thread AS waiter_thread, w.waiter_task AS waiter_task,
  toString(w.wait_start_ns) AS wait_from_ns, w.wait_ns AS wait_ns,
  w.wait_trace_id AS wait_trace_id, w.wait_span_id AS wait_span_id,
  h.holder AS holder, h.holder_thread AS holder_thread, h.holder_task AS holder_task,
  toString(h.hold_start_ns) AS hold_from_ns, h.hold_ns AS hold_ns,
  least(w.wait_done_ns, h.hold_done_ns) - greatest(w.wait_start_ns, h.hold_start_ns) AS met_ns,
  h.hold_trace_id AS hold_trace_id, h.hold_span_id AS hold_span_id
FROM waits AS w
INNER JOIN holds AS h ON h.lock_key = w.lock_key
  AND h.hold_start_ns < w.wait_done_ns AND h.hold_done_ns > w.wait_start_ns
WHERE h.actor_key != w.actor_key
ORDER BY wait_ns DESC, wait_start_ns, wait_span_id, met_ns DESC, hold_start_ns
LIMIT 3 BY wait_start_ns, wait_span_id
