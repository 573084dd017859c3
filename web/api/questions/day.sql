-- Question: What ran when, and when was it due, job by job?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window; runs that overlap it count
--   service  String         service.name, empty for all
--   limit    UInt64         jobs at most
--
-- Headline, the columns of a table, the last left out first:
--   job_name, service, runs, overlap_max
--
-- Output, one row per job, those with failures and with most that ran at a time first:
--   service      text    service.name
--   job_name     text    name of the job
--   runs         count   its runs
--   failed       count   how many went wrong
--   overlap_max  count   most of them at a time
--   starts       counts  when the first 500 runs began, milliseconds after from; negative where it was before
--   lengths      counts  how long they took, milliseconds
--   results      json    how they went
--   run_ids      json    which runs they are
--   due          counts  when the job was due, milliseconds after from, the first 500
--   outcomes     json    what became of that: met, late or missed
WITH
  runs AS
  (
    SELECT
      service, toString(job_name) AS job,
      toUnixTimestamp64Nano(started_at) AS start_ns,
      start_ns + toInt64(least(duration_ns, 6300000000000000000)) AS end_ns,
      toString(result) AS result, run_id
    FROM wayward_job_runs
    WHERE started_at < {to:DateTime64(9, 'UTC')} AND started_at >= {from:DateTime64(9, 'UTC')} - INTERVAL 31 DAY
      AND ({service:String} = '' OR service = {service:String})
      AND end_ns >= toUnixTimestamp64Nano({from:DateTime64(9, 'UTC')})
  ),
  ran AS
  (
    SELECT
      service, job, count() AS runs, countIf(result IN ('failure', 'error', 'timeout')) AS failed,
      arraySlice(arraySort(groupArray((start_ns, end_ns, result, run_id))), 1, 500) AS some,
      arraySort(arrayConcat(groupArray((start_ns, 1)), groupArray((end_ns, -1)))) AS edges,
      arrayMax(arrayCumSum(edge -> edge.2, edges)) AS overlap_max
    FROM runs
    GROUP BY service, job
  ),
  slots AS
  (
    SELECT service, job, arraySlice(arraySort(groupArray((toUnixTimestamp64Nano(due_at), outcome))), 1, 500) AS due
    FROM
    (
      SELECT service, toString(job_name) AS job, due_at, argMax(toString(s.outcome), sequence) AS outcome
      FROM wayward_job_slots AS s
      WHERE due_at >= {from:DateTime64(9, 'UTC')} AND due_at < {to:DateTime64(9, 'UTC')}
        AND ({service:String} = '' OR service = {service:String})
      GROUP BY service, job_name, due_at
    )
    GROUP BY service, job
  )
SELECT
  if(ran.job = '', slots.service, ran.service) AS service,
  if(ran.job = '', slots.job, ran.job) AS job_name,
  ran.runs AS runs,
  ran.failed AS failed,
  toUInt64(greatest(ran.overlap_max, 0)) AS overlap_max,
  arrayMap(one -> toFloat64(intDiv(one.1 - toUnixTimestamp64Nano({from:DateTime64(9, 'UTC')}), 1000000)), ran.some) AS starts,
  arrayMap(one -> toFloat64(intDiv(one.2 - one.1, 1000000)), ran.some) AS lengths,
  arrayMap(one -> one.3, ran.some) AS results,
  arrayMap(one -> one.4, ran.some) AS run_ids,
  arrayMap(one -> toFloat64(intDiv(one.1 - toUnixTimestamp64Nano({from:DateTime64(9, 'UTC')}), 1000000)), slots.due) AS due,
  arrayMap(one -> one.2, slots.due) AS outcomes
FROM ran
FULL JOIN slots ON slots.service = ran.service AND slots.job = ran.job
ORDER BY failed DESC, overlap_max DESC, runs DESC, service, job_name
LIMIT {limit:UInt64}
