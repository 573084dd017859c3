-- Runs of a job that have ended, the newest first.
SELECT
  run_id AS id,
  toFloat64(toUnixTimestamp64Micro(started_at)) / 1000 AS startMs,
  startMs + duration_ns / 1000000 AS endMs,
  result,
  source,
  toFloat64(toUnixTimestamp64Micro(due_at)) / 1000 AS dueMs,
  toFloat64(toUnixTimestamp64Micro(deadline_at)) / 1000 AS deadlineMs,
  exit_code AS exitCode,
  attempts AS attempt,
  trigger,
  worker_id AS workerId,
  output,
  message,
  metrics,
  flaws,
  toString(cpu_ns) AS cpuNs,
  toString(memory_bytes) AS memoryBytes,
  toString(read_bytes) AS readBytes,
  toString(written_bytes) AS writtenBytes,
  trace_id AS traceId,
  span_id AS spanId
FROM wayward_job_runs
WHERE service = {service:String}
  AND job_name = {job_name:String}
  AND ({run_id:String} = '' OR run_id = {run_id:String})
  AND started_at < fromUnixTimestamp64Milli(toInt64(least({before_ms:UInt64}, 4102444800000)), 'UTC')
ORDER BY started_at DESC, run_id
LIMIT 1 BY run_id, started_at
LIMIT {count_max:UInt32}
