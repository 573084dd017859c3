-- Module: Operations that were reported as open and whose end is not known, that overlap the window.
--
-- Columns: those of wayward_open_operations, and
--   state      open; silent: its session gives no sign of life any more; lost: its session does, and reports it no more
--   silent_at  when the session went silent, 1970 if it has not
SELECT
  service, session, kind, sequence, item_id, started_at, seen_at, age_ns, wait_ns, name, subject_id, lock_type,
  lock_mode, held, holder_task_id, concurrency, due_at, deadline_at, priority, attempt, thread_id, thread_name, task_id, task_name,
  trace_id, span_id, state, silent_at
FROM wayward_open_now
WHERE started_at < {to:DateTime64(9, 'UTC')}
  AND (state = 'open' OR seen_at >= {from:DateTime64(9, 'UTC')})
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
