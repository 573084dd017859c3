-- Question: Of what is asked for, what was heard of, ever and in the window?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window
--   service  String         only this service, empty for all
--   session  String         only this session, empty for all
--
-- Headline, the columns of a table, the last left out first:
--   sessions_of_service, sessions
--
-- Output, one row:
--   sessions_of_service  count  sessions of the service, ever
--   sessions             count  sessions of what is asked for, ever
--   sessions_reporting   count  of these, those that reported in the window
--   locks_ever           count  1 if a lock was heard of, else 0
--   locks                count  1 if a lock was heard of in the window, else 0
--   queues_ever          count  1 if a queue was heard of, else 0
--   queues               count  1 if a queue was heard of in the window, else 0
--   jobs_ever            count  1 if a job was heard of, else 0
--   jobs                 count  1 if a job was heard of in the window, else 0
WITH
  operations AS
  (
    SELECT kind, max(was_in_window) AS was_in_window
    FROM
    (
      SELECT 'lock' AS kind, granted_at < {to:DateTime64(9, 'UTC')}
        AND addNanoseconds(granted_at, least(hold_ns, 1000000000000000000)) >= {from:DateTime64(9, 'UTC')} AS was_in_window
      FROM wayward_lock_holds
      WHERE ({service:String} = '' OR service = {service:String})
        AND ({session:String} = '' OR session = {session:String})
      UNION ALL
      SELECT 'lock', requested_at < {to:DateTime64(9, 'UTC')}
        AND addNanoseconds(requested_at, least(wait_ns, 1000000000000000000)) >= {from:DateTime64(9, 'UTC')}
      FROM wayward_lock_waits
      WHERE ({service:String} = '' OR service = {service:String})
        AND ({session:String} = '' OR session = {session:String})
      UNION ALL
      SELECT 'queue', enqueued_at < {to:DateTime64(9, 'UTC')}
        AND addNanoseconds(dequeued_at, least(processing_ns, 1000000000000000000)) >= {from:DateTime64(9, 'UTC')}
      FROM wayward_queue_items
      WHERE ({service:String} = '' OR service = {service:String})
        AND ({session:String} = '' OR session = {session:String})
      UNION ALL
      SELECT 'job', started_at < {to:DateTime64(9, 'UTC')}
        AND addNanoseconds(started_at, least(duration_ns, 1000000000000000000)) >= {from:DateTime64(9, 'UTC')}
      FROM wayward_job_runs
      WHERE ({service:String} = '' OR service = {service:String})
        AND ({session:String} = '' OR session = {session:String})
      UNION ALL
      SELECT multiIf(startsWith(kind, 'lock'), 'lock', startsWith(kind, 'queue'), 'queue', 'job'),
        started_at < {to:DateTime64(9, 'UTC')} AND seen_at >= {from:DateTime64(9, 'UTC')}
      FROM wayward_open_now
      WHERE ({service:String} = '' OR service = {service:String})
        AND ({session:String} = '' OR session = {session:String})
    )
    GROUP BY kind
  )
SELECT
  (SELECT count() FROM wayward_session_times WHERE {service:String} = '' OR service = {service:String})
    AS sessions_of_service,
  (
    SELECT count()
    FROM wayward_session_times
    WHERE ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
  ) AS sessions,
  (
    SELECT count()
    FROM wayward_session_times
    WHERE ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
      AND first_at < {to:DateTime64(9, 'UTC')}
      AND last_at >= {from:DateTime64(9, 'UTC')}
  ) AS sessions_reporting,
  countIf(kind = 'lock') AS locks_ever,
  countIf(kind = 'lock' AND was_in_window) AS locks,
  countIf(kind = 'queue') AS queues_ever,
  countIf(kind = 'queue' AND was_in_window) AS queues,
  countIf(kind = 'job') AS jobs_ever,
  countIf(kind = 'job' AND was_in_window) AS jobs
FROM operations
