-- Module: Requests for locks that were not granted at once, that overlap the window: who waited when.
--
-- The answer for a window up to a moment is what it would have been at that moment: a wait that ended after the window
-- is one that goes on at its end. A wait that was stored twice is there once.
--
-- Kept for several questions: a report asks it once where it is small, and its questions are planned sooner for a table.
--
-- Uses: window_from_ns, window_to_ns, end_of_ns, open_locks, repeated_waits
--
-- Columns:
--   lock, actor, owner, class  as in lock_holds
--   outcome    granted, timeout, cancelled, refused; waiting; lost: its end was lost, it may have come at any time
--   start_ns   request
--   end_ns     end of the wait, or when it was last known to go on
--   length_ns  how long it had lasted by then, also where it began before the window
--   from_ns    start_ns within the window
--   till_ns    end_ns within the window
--   as_of      until when that is known of one that goes on, 1970 for up to now
SELECT
  lock_key AS lock,
  actor_key AS actor,
  CAST(lock_type IN ('distributed', 'database', 'file') AS UInt8) AS is_shared,
  if(is_shared, '', service) AS owner,
  cityHash64(owner, lock_name, lock_type) AS class,
  service, session, lock_name, lock_id, lock_type, lock_mode, timeout_ns, waiters, permits, holder_task_id, held,
  thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, parent_span_id,
  if(ended_ns > window_to_ns, 'waiting', result) AS outcome,
  requested_ns AS start_ns,
  least(ended_ns, window_to_ns) AS end_ns,
  toUInt64(end_ns - start_ns) AS length_ns,
  greatest(start_ns, window_from_ns) AS from_ns,
  greatest(from_ns, end_ns) AS till_ns,
  if(ended_ns > window_to_ns, {to:DateTime64(9, 'UTC')}, silent_at) AS as_of
FROM
(
  SELECT
    lock_key, actor_key, service, session, lock_name, lock_id, lock_type, lock_mode, timeout_ns, waiters, permits, holder_task_id, held,
    thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, parent_span_id, result,
    toUnixTimestamp64Nano(requested_at) AS requested_ns,
    end_of_ns(requested_ns, wait_ns) AS ended_ns,
    toDateTime64(0, 9, 'UTC') AS silent_at
  FROM wayward_lock_waits
  WHERE requested_at < {to:DateTime64(9, 'UTC')}
    AND ended_ns >= window_from_ns
    AND ({service:String} = '' OR service = {service:String} OR lock_type IN ('distributed', 'database', 'file'))
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    -- If repeated_waits:
    AND (empty(repeated_waits) OR cityHash64(service, session, toDate(requested_at)) NOT IN repeated_waits)
    -- End
  -- If repeated_waits:
  UNION ALL
  SELECT
    lock_key, actor_key, service, session, lock_name, lock_id, lock_type, lock_mode, timeout_ns, waiters, permits, holder_task_id, held,
    thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, parent_span_id, result,
    toUnixTimestamp64Nano(requested_at) AS requested_ns,
    end_of_ns(requested_ns, wait_ns) AS ended_ns,
    toDateTime64(0, 9, 'UTC')
  FROM wayward_lock_waits
  WHERE notEmpty(repeated_waits) AND cityHash64(service, session, toDate(requested_at)) IN repeated_waits
    AND requested_at < {to:DateTime64(9, 'UTC')}
    AND ended_ns >= window_from_ns
    AND ({service:String} = '' OR service = {service:String} OR lock_type IN ('distributed', 'database', 'file'))
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  LIMIT 1 BY cityHash64(service, session, lock_id), requested_ns, if(sequence > 0, sequence, cityHash64(trace_id, span_id))
  -- End
  -- If open_locks:
  UNION ALL
  SELECT
    cityHash64(if(lock_type IN ('distributed', 'database', 'file'), '', service),
      if(lock_type IN ('distributed', 'database', 'file'), '', session), lock_type, name, subject_id),
    cityHash64(service, session, if(task_id = '', toString(thread_id), task_id)),
    service, session, name, subject_id, lock_type, lock_mode, 0, 0, 0, holder_task_id, held,
    thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, '',
    if(state = 'lost', 'lost', 'waiting'),
    toUnixTimestamp64Nano(started_at),
    toUnixTimestamp64Nano(seen_at),
    silent_at
  FROM open_locks
  WHERE kind = 'lock_wait'
  -- End
)
