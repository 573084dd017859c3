-- Module: Runs of jobs that overlap the window, with those that say that they were skipped.
--
-- The answer for a window up to a moment is what it would have been at that moment: a run that ended after the window goes on
-- at its end. A run that was stored twice is there once.
--
-- Evaluated once, as runs are looked at by job, by session and by due time.
--
-- Uses: window_from_ns, window_to_ns, end_of_ns, open_runs
--
-- Columns:
--   outcome    at the end of the window: success, failure, error, timeout, cancellation, skip; running; lost: its end was lost
--   is_made    whether it was made at all: not skipped
--   start_ns, end_ns  the latter up to the end of the window, or until it was last known to go on
--   length_ns  how long it had taken by then
--   from_ns, till_ns  start_ns and end_ns within the window
--   due_ns, deadline_ns  0 where it has none; lateness_ns: start after due time, 0 when early
--   as_of      until when a running one is known, 1970 for up to now
SELECT
  service, session, job_name, trigger, schedule, error_type, attempts, thread_id, trace_id, span_id,
  if(done_ns >= window_to_ns AND result != 'skip', 'running', result) AS outcome,
  outcome != 'skip' AS is_made,
  began_ns AS start_ns,
  least(done_ns, window_to_ns) AS end_ns,
  toUInt64(end_ns - start_ns) AS length_ns,
  greatest(start_ns, window_from_ns) AS from_ns,
  greatest(from_ns, end_ns) AS till_ns,
  toUnixTimestamp64Nano(due_at) AS due_ns,
  toUnixTimestamp64Nano(deadline_at) AS deadline_ns,
  if(due_ns > 0 AND is_made, toUInt64(greatest(start_ns - due_ns, 0)), 0) AS lateness_ns,
  if(done_ns >= window_to_ns, {to:DateTime64(9, 'UTC')}, silent_at) AS as_of
FROM
(
  SELECT
    service, session, job_name, trigger, schedule, error_type, attempts, thread_id, trace_id, span_id, due_at, deadline_at,
    toString(result) AS result,
    toUnixTimestamp64Nano(started_at) AS began_ns,
    end_of_ns(began_ns, duration_ns) AS done_ns,
    toDateTime64(0, 9, 'UTC') AS silent_at
  FROM wayward_job_runs
  WHERE started_at < {to:DateTime64(9, 'UTC')}
    AND done_ns >= window_from_ns
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  LIMIT 1 BY cityHash64(service, session, job_name, run_id), began_ns,
    if(sequence > 0, sequence, cityHash64(trace_id, span_id))
  -- If open_runs:
  UNION ALL
  SELECT
    service, session, name, '', '', '', attempt, thread_id, trace_id, span_id, due_at, deadline_at,
    if(state = 'lost', 'lost', 'running'),
    toUnixTimestamp64Nano(started_at),
    -- Runs that are reported over HTTP are told to be open once an hour only.
    toUnixTimestamp64Nano(greatest(started_at, seen_at, if(state = 'open', now64(9, 'UTC'), seen_at))),
    silent_at
  FROM open_runs
  WHERE (service, session, sequence) NOT IN
    (
      SELECT service, session, sequence
      FROM wayward_job_runs
      WHERE started_at >= (SELECT min(started_at) - 1 FROM open_runs)
    )
  -- End
)
