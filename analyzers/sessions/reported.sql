-- Question: What did a session report?
--
-- Parameters:
--   service  String  the session's service, empty for any
--   session  String  the session
--
-- Headline, the columns of a table, the last left out first:
--   kind, name, events, first_at, last_at
--
-- Output, one row per kind and name, the most of each kind first:
--   kind      text         lock, queue or job
--   name      text         name of the lock, queue or job
--   events    count        holds, items or runs
--   first_at  time         when the first began
--   last_at   time         when the last began
--   total_ns  duration ns  time that they took together
--   wait_ns   duration ns  time that was waited before
SELECT kind, name, events, first_at, last_at, total_ns, waited_ns AS wait_ns
FROM
(
  SELECT
    'lock' AS kind, lock_name AS name, sum(weight) AS events, min(granted_at) AS first_at, max(granted_at) AS last_at,
    sum(toUInt128(hold_ns) * weight) AS total_ns, sum(toUInt128(h.wait_ns)) AS waited_ns
  FROM wayward_lock_holds AS h
  WHERE session = {session:String} AND ({service:String} = '' OR service = {service:String})
  GROUP BY name
  UNION ALL
  SELECT
    'queue', queue_name, sum(weight), min(enqueued_at), max(enqueued_at), sum(toUInt128(processing_ns) * weight),
    sum(toUInt128(wait_ns) * weight)
  FROM wayward_queue_items
  WHERE session = {session:String} AND ({service:String} = '' OR service = {service:String})
  GROUP BY queue_name
  UNION ALL
  SELECT
    'job', job_name, count(), min(started_at), max(started_at), sum(toUInt128(duration_ns)), toUInt128(0)
  FROM wayward_job_runs
  WHERE session = {session:String} AND ({service:String} = '' OR service = {service:String})
  GROUP BY job_name
)
ORDER BY kind, events DESC, name
LIMIT 1000
