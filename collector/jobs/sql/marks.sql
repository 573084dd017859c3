-- Runs that ended, and reports that had an id, of all jobs: the newest ones, the oldest of them first.
SELECT service, name, runId, result, reportId, receivedMs
FROM
(
  SELECT
    service,
    job_name AS name,
    if(change = 'run_ended', run_id, '') AS runId,
    if(change = 'run_ended', toString(result), '') AS result,
    report_id AS reportId,
    toFloat64(toUnixTimestamp64Milli(received_at)) AS receivedMs
  FROM wayward_job_changes
  WHERE received_at >= fromUnixTimestamp64Milli(toInt64({since_ms:UInt64}), 'UTC')
    AND (change = 'run_ended' OR report_id != '')
  ORDER BY received_at DESC, sequence DESC
  LIMIT {count_max:UInt32}
)
ORDER BY receivedMs
