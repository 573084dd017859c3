-- Module: Waits for locks and holds of locks that were reported as open, that overlap the window, and whose span has not
-- come either.
--
-- Evaluated once, as the holds and the waits of a question need it in several places.
--
-- Uses: open_now
--
-- Columns: as in open_now
SELECT
  service, session, kind, sequence, started_at, seen_at, wait_ns, name, subject_id, lock_type, lock_mode, held,
  holder_task_id, thread_id, thread_name, task_id, task_name, trace_id, span_id, state, silent_at
FROM open_now
WHERE kind IN ('lock_hold', 'lock_wait')
  AND (kind, service, session, sequence) NOT IN
  (
    SELECT 'lock_hold', service, session, sequence
    FROM wayward_lock_holds
    WHERE (toDate(granted_at), sequence) IN
    (
      SELECT toDate(started_at), sequence
      FROM wayward_open_operations
      WHERE kind = 'lock_hold' AND ended_at = toDateTime64(0, 9, 'UTC')
    )
    UNION ALL
    SELECT 'lock_wait', service, session, sequence
    FROM wayward_lock_waits
    WHERE (toDate(requested_at), sequence) IN
    (
      SELECT toDate(started_at), sequence
      FROM wayward_open_operations
      WHERE kind = 'lock_wait' AND ended_at = toDateTime64(0, 9, 'UTC')
    )
  )
