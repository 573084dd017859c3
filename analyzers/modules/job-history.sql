-- Module: How each job has run until the end of the window, also before it: what is usual, and what its rhythm is.
--
-- Evaluated once, as lateness, hangs and missing runs are all judged by it.
--
-- Uses: window_to_ns, end_of_ns, open_runs
--
-- Columns: of_service, of_job, and
--   length_longest     longest run that has ended
--   lateness_usual     median of start minus due time
--   deadline_usual     median of deadline minus due time, 0 where runs have none
--   is_scheduled       whether a clock starts it
--   slots              when runs were due, or started where they say no due time; those that people and events start left out
--   gap                median from one to the next of the last 500
--   period             the same where it is a rhythm: of at least three gaps nearly all are as long, a second or more, else 0
SELECT
  service AS of_service, job_name AS of_job,
  maxIf(length_ns, is_ended) AS length_longest,
  ifNotFinite(quantileExactIf(0.5)(greatest(start_ns - due_ns, 0), due_ns > 0), 0) AS lateness_usual,
  ifNotFinite(quantileExactIf(0.5)(deadline_ns - due_ns, due_ns > 0 AND deadline_ns > due_ns), 0) AS deadline_usual,
  arraySort(groupUniqArrayIf(if(due_ns > 0, due_ns, start_ns), trigger NOT IN ('event', 'manual', 'retry'))) AS slots,
  arraySort(arrayPopFront(arrayDifference(arraySlice(slots, -501)))) AS gaps,
  toInt64(gaps[intDiv(length(gaps) + 1, 2)]) AS gap,
  if(length(gaps) >= 3 AND gap >= 1000000000 AND arrayCount(g -> abs(g - gap) * 5 <= gap, gaps) >= 0.8 * length(gaps), gap, 0) AS period,
  period > 0 OR max(trigger IN ('cron', 'interval') OR schedule != '') AS is_scheduled
FROM
(
  SELECT
    service, job_name, trigger, schedule,
    toUnixTimestamp64Nano(started_at) AS start_ns,
    toUnixTimestamp64Nano(due_at) AS due_ns,
    toUnixTimestamp64Nano(deadline_at) AS deadline_ns,
    duration_ns AS length_ns,
    result != 'skip' AND end_of_ns(start_ns, length_ns) < window_to_ns AS is_ended
  FROM wayward_job_runs
  WHERE started_at < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  -- If open_runs:
  UNION ALL
  SELECT service, name, '', '', toUnixTimestamp64Nano(started_at), toUnixTimestamp64Nano(due_at), toUnixTimestamp64Nano(deadline_at), 0, 0
  FROM open_runs
  -- End
)
GROUP BY service, job_name
