-- What changed of a job, the newest first.
SELECT
  service,
  job_name AS name,
  toFloat64(sequence) AS sequence,
  change AS type,
  toFloat64(toUnixTimestamp64Micro(c.at)) / 1000 AS atMs,
  toFloat64(toUnixTimestamp64Micro(received_at)) / 1000 AS receivedMs,
  status,
  status_before AS statusBefore,
  source,
  run_id AS runId,
  result,
  toFloat64(toUnixTimestamp64Micro(due_at)) / 1000 AS dueMs,
  report_id AS reportId,
  message,
  progress,
  flaws
FROM wayward_job_changes AS c
WHERE service = {service:String}
  AND job_name = {job_name:String}
  AND ({run_id:String} = '' OR run_id = {run_id:String})
  AND received_at < fromUnixTimestamp64Milli(toInt64(least({before_ms:UInt64}, 4102444800000)), 'UTC')
ORDER BY c.sequence DESC
LIMIT {count_max:UInt32}
