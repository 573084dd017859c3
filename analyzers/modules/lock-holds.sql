-- Module: Holds of locks that overlap the window: what was held when.
--
-- The answer for a window up to a moment is what it would have been at that moment: a hold that ended after the window
-- was open at its end. A hold that was stored twice is there once; inner holds of a re-entrant lock are left out.
--
-- Kept for several questions: a report asks it once where it is small, and its questions are planned sooner for a table.
--
-- Uses: window_from_ns, window_to_ns, end_of_ns, open_locks, repeated_holds
--
-- Columns:
--   lock       the lock: locks of hosts and clusters are one for all sessions, others are of their session
--   actor      the task, or the thread where no task is known, of its session
--   owner      service of the lock, empty for one that services share
--   class      locks of one owner, name and type: a number is quicker to group by than their names
--   start_ns   grant
--   end_ns     release, or when it was last known to be held
--   from_ns    start_ns within the window
--   till_ns    end_ns within the window
--   is_open    whether it was held at the end of the window, as far as is known
--   is_lost    whether its end was lost: it may have been released at any time after end_ns
--   weight     how many holds it stands for: of many short ones that nobody waited for one in so many is told
--   as_of      until when that is known of an open one, 1970 for up to now
SELECT
  lock_key AS lock,
  actor_key AS actor,
  CAST(lock_type IN ('distributed', 'database', 'file') AS UInt8) AS is_shared,
  if(is_shared, '', service) AS owner,
  cityHash64(owner, lock_name, lock_type) AS class,
  service, session, lock_name, lock_id, lock_type, lock_mode, contended, wait_ns, permits, held, weight,
  thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, parent_span_id,
  granted_ns AS start_ns,
  least(released_ns, window_to_ns) AS end_ns,
  greatest(start_ns, window_from_ns) AS from_ns,
  greatest(from_ns, end_ns) AS till_ns,
  state != '' OR released_ns > window_to_ns AS is_open,
  state = 'lost' AS is_lost,
  if(released_ns > window_to_ns, {to:DateTime64(9, 'UTC')}, silent_at) AS as_of
FROM
(
  SELECT
    lock_key, actor_key, service, session, lock_name, lock_id, lock_type, lock_mode, contended, wait_ns, permits, held, weight,
    thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, parent_span_id,
    toUnixTimestamp64Nano(granted_at) AS granted_ns,
    end_of_ns(granted_ns, hold_ns) AS released_ns,
    '' AS state,
    toDateTime64(0, 9, 'UTC') AS silent_at
  FROM wayward_lock_holds
  WHERE granted_at < {to:DateTime64(9, 'UTC')}
    AND released_ns >= window_from_ns
    AND depth <= 1
    AND ({service:String} = '' OR service = {service:String} OR lock_type IN ('distributed', 'database', 'file'))
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    -- If repeated_holds:
    AND (empty(repeated_holds) OR cityHash64(service, session, toDate(granted_at)) NOT IN repeated_holds)
    -- End
  -- If repeated_holds:
  UNION ALL
  SELECT
    lock_key, actor_key, service, session, lock_name, lock_id, lock_type, lock_mode, contended, wait_ns, permits, held, weight,
    thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, parent_span_id,
    toUnixTimestamp64Nano(granted_at) AS granted_ns,
    end_of_ns(granted_ns, hold_ns) AS released_ns,
    '',
    toDateTime64(0, 9, 'UTC')
  FROM wayward_lock_holds
  WHERE notEmpty(repeated_holds) AND cityHash64(service, session, toDate(granted_at)) IN repeated_holds
    AND granted_at < {to:DateTime64(9, 'UTC')}
    AND released_ns >= window_from_ns
    AND depth <= 1
    AND ({service:String} = '' OR service = {service:String} OR lock_type IN ('distributed', 'database', 'file'))
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  LIMIT 1 BY cityHash64(service, session, lock_id), granted_ns, if(sequence > 0, sequence, cityHash64(trace_id, span_id))
  -- End
  -- If open_locks:
  UNION ALL
  SELECT
    cityHash64(if(lock_type IN ('distributed', 'database', 'file'), '', service),
      if(lock_type IN ('distributed', 'database', 'file'), '', session), lock_type, name, subject_id),
    cityHash64(service, session, if(task_id = '', toString(thread_id), task_id)),
    service, session, name, subject_id, lock_type, lock_mode, wait_ns > 0, wait_ns, 0, held, 1,
    thread_id, thread_name, task_id, task_name, sequence, trace_id, span_id, '',
    toUnixTimestamp64Nano(started_at),
    toUnixTimestamp64Nano(seen_at),
    state,
    silent_at
  FROM open_locks
  WHERE kind = 'lock_hold'
  -- End
)
