-- Question: Which times at which a job was due were met, late or missed, hour by hour?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window; what was due in it counts
--   service  String         service.name of the job, empty for all
--   name     String         name of the job
--   limit    UInt64         hours at most
--
-- Headline, the columns of a table, the last left out first:
--   hour_at, met, late, missed
--
-- Output, one row per hour in which the job was due, the latest first:
--   hour_at      time         when the hour begins, UTC
--   met          count        runs that came in time
--   late         count        runs that came after their grace
--   missed       count        runs that did not come
--   lateness_ns  duration ns  how late the latest of them began
SELECT
  toDateTime64(toStartOfHour(due_at), 9, 'UTC') AS hour_at,
  countIf(last_outcome = 'met') AS met,
  countIf(last_outcome = 'late') AS late,
  countIf(last_outcome = 'missed') AS missed,
  max(last_lateness_ns) AS lateness_ns
FROM
(
  SELECT
    service, job_name, due_at,
    argMax(outcome, sequence) AS last_outcome,
    argMax(lateness_ns, sequence) AS last_lateness_ns
  FROM wayward_job_slots
  WHERE job_name = {name:String}
    AND due_at >= {from:DateTime64(9, 'UTC')} AND due_at < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
  GROUP BY service, job_name, due_at
)
GROUP BY hour_at
ORDER BY hour_at DESC
LIMIT {limit:UInt64}
