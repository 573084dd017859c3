-- Module: Runs of jobs that were reported as open and whose end is not known, as of open_now.
--
-- Uses: open_now
SELECT
  service, session, sequence, started_at, seen_at, name, attempt, due_at, deadline_at, thread_id, trace_id, span_id, state, silent_at
FROM open_now
WHERE kind = 'job_run'
