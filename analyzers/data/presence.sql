-- Question: Of what is asked for, what was heard of, ever and in the window?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: window_from_ns, end_of_ns
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
  -- Of each kind one that ever was and one that was in the window, so that nothing is read to its end.
  operations AS
  (
    (
      SELECT 'lock' AS kind, true AS was_in_window
      FROM wayward_lock_holds
      WHERE granted_at < {to:DateTime64(9, 'UTC')}
        AND end_of_ns(toUnixTimestamp64Nano(granted_at), hold_ns) >= window_from_ns
        AND ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT 'lock', false
      FROM wayward_lock_holds
      WHERE ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT 'lock', true
      FROM wayward_lock_waits
      WHERE requested_at < {to:DateTime64(9, 'UTC')}
        AND end_of_ns(toUnixTimestamp64Nano(requested_at), wait_ns) >= window_from_ns
        AND ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT 'lock', false
      FROM wayward_lock_waits
      WHERE ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT 'queue', true
      FROM wayward_queue_items
      WHERE enqueued_at < {to:DateTime64(9, 'UTC')}
        AND end_of_ns(toUnixTimestamp64Nano(dequeued_at), processing_ns) >= window_from_ns
        AND ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT 'queue', false
      FROM wayward_queue_items
      WHERE ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT 'job', true
      FROM wayward_job_runs
      WHERE started_at < {to:DateTime64(9, 'UTC')}
        AND end_of_ns(toUnixTimestamp64Nano(started_at), duration_ns) >= window_from_ns
        AND ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT 'job', false
      FROM wayward_job_runs
      WHERE ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      LIMIT 1
    )
    UNION ALL
    (
      SELECT multiIf(startsWith(kind, 'lock'), 'lock', startsWith(kind, 'queue'), 'queue', 'job'),
        max(started_at < {to:DateTime64(9, 'UTC')} AND seen_at >= {from:DateTime64(9, 'UTC')}) = 1
      FROM wayward_open_now
      WHERE ({service:String} = '' OR service = {service:String})
        AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      GROUP BY kind
    )
  )
SELECT
  (SELECT count() FROM wayward_session_times WHERE {service:String} = '' OR service = {service:String})
    AS sessions_of_service,
  (
    SELECT count()
    FROM wayward_session_times
    WHERE ({service:String} = '' OR service = {service:String})
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  ) AS sessions,
  (
    SELECT count()
    FROM wayward_session_times
    WHERE ({service:String} = '' OR service = {service:String})
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
      AND first_at < {to:DateTime64(9, 'UTC')}
      AND last_at >= {from:DateTime64(9, 'UTC')}
  ) AS sessions_reporting,
  toUInt8(countIf(kind = 'lock') > 0) AS locks_ever,
  toUInt8(countIf(kind = 'lock' AND was_in_window) > 0) AS locks,
  toUInt8(countIf(kind = 'queue') > 0) AS queues_ever,
  toUInt8(countIf(kind = 'queue' AND was_in_window) > 0) AS queues,
  toUInt8(countIf(kind = 'job') > 0) AS jobs_ever,
  toUInt8(countIf(kind = 'job' AND was_in_window) > 0) AS jobs
FROM operations
