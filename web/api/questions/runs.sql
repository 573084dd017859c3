-- Question: How did the latest runs of a job go?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; runs that started in it count
--   service   String         service.name
--   sessions  Array(String)  only these sessions, empty for all
--   name      String         name of the job
--   limit     UInt64         runs at most
--
-- Headline, the columns of a table, the last left out first:
--   started_at, result, duration_ns, lateness_ns, attempts, error_type, worker_id
--
-- Output, one row per run that has ended, the latest first:
--   started_at   time         when it started
--   result       text         success, failure, error, timeout, cancellation or skip
--   duration_ns  duration ns  from start to end
--   lateness_ns  duration ns  start minus due time, 0 where it was in time or no due time is known
--   due_at       time         when it was due, 1970 unknown
--   attempts     count        attempts made
--   trigger      text         cron, interval, event, manual or retry
--   error_type   text         class of the error
--   exit_code    number       exit code of a process, else 0
--   worker_id    text         who ran it
--   message      text         its last note
--   run_id       text         the run
--   session      text         run of the process
--   trace_id     text         its trace
SELECT
  started_at, result, duration_ns,
  if(due_at = toDateTime64(0, 9, 'UTC'), 0, greatest(0, toUnixTimestamp64Nano(started_at) - toUnixTimestamp64Nano(due_at))) AS lateness_ns,
  due_at, attempts, trigger, error_type, exit_code, worker_id, message, run_id, session, trace_id
FROM wayward_job_runs
WHERE job_name = {name:String}
  AND started_at >= {from:DateTime64(9, 'UTC')} AND started_at < {to:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
ORDER BY started_at DESC, run_id
LIMIT {limit:UInt64}
