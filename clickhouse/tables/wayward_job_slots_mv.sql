-- Fills wayward_job_slots from the changes that are about a time at which a job was due.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_job_slots_mv TO wayward_job_slots
AS SELECT
  service,
  job_name,
  due_at,
  multiIf(change = 'slot_late', 'late', change = 'slot_missed', 'missed', 'met') AS outcome,
  run_id,
  if(outcome = 'met', at, toDateTime64(0, 9, 'UTC')) AS started_at,
  if(outcome = 'met' AND at > due_at,
    toUInt64(toUnixTimestamp64Nano(at) - toUnixTimestamp64Nano(due_at)), 0) AS lateness_ns,
  received_at AS found_at,
  sequence
FROM wayward_job_changes
WHERE due_at > toDateTime64(0, 9, 'UTC')
  AND (change IN ('run_started', 'slot_late', 'slot_missed')
    OR (change = 'run_ended' AND has(flaws, 'start_missing')))
