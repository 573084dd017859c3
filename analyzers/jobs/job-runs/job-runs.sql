-- Question: Which jobs fail, start late or take long, and when do they run?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; runs that started in the window count
--   service   String         only this service, empty for all
--   session   String         only this session, empty for all
--   grace_ns  UInt64         a run that starts later than this after its due time is delayed, nanoseconds
--
-- Headline, the columns of a table, the last left out first:
--   job_name, service, runs, failed, delayed, low_ns, median_ns, p95_ns, high_ns, lateness_max_ns,
--   last_result, last_at, busiest_hour
--
-- Output, one row per service and job, the most failed first:
--   service              text           service.name
--   job_name             text           name of the job
--   runs                 count          runs that have ended, skipped ones not counted
--   failed               count          runs that ended in failure, error or time-out
--   failed_fraction      fraction       failed of runs
--   cancelled            count          runs that were cancelled
--   skipped              count          runs that were not made
--   delayed              count          runs that started more than grace_ns after they were due
--   due_runs             count          runs that had a due time
--   overdue              count          runs that ended after their deadline
--   high_ns              duration ns    longest run
--   low_ns               duration ns    shortest run
--   median_ns            duration ns    median run
--   p95_ns               duration ns    95th percentile of the runs
--   sum_ns               duration ns    sum of the runs
--   lateness_p50_ns      duration ns    median of start minus due time, 0 when early
--   lateness_max_ns      duration ns    largest of the same
--   retries              count          attempts beyond the first
--   last_at              time           when the last run that has ended started; where none has, the last of all
--   last_result          text           how it ended
--   last_ns              duration ns    how long it took
--   last_error           text           class of the error of the last failed run
--   busiest_hour         hour           hour of the day (UTC) in which most runs started
--   quietest_hour        hour           hour of the day (UTC) in which fewest runs started
--   runs_by_hour         counts         24 numbers of runs started, by hour of the day (UTC)
--   overlap_max          count          most runs at the same time
--   running              count          runs that had not ended when last reported
--   running_max_ns       duration ns    age of the oldest of them
--   running_silent_at    time           when its session went silent, 1970 if it has not
--   ends_lost            count          runs whose end was lost
--   failed_trace_id      text           trace of the last failed run
--   failed_span_id       text           its span
--   latest_trace_id      text           trace of the run that started latest after its due time
--   latest_span_id       text           its span
--   longest_trace_id     text           trace of the longest run
--   longest_span_id      text           its span
WITH
  runs_in_window AS
  (
    SELECT
      service, job_name, started_at, duration_ns, due_at, deadline_at, attempts, trace_id, span_id,
      toString(result) AS outcome,
      toString(error_type) AS error,
      outcome IN ('failure', 'error', 'timeout') AS is_failed,
      outcome != 'skip' AS is_made,
      toUnixTimestamp64Nano(due_at) > 0 AND is_made AS has_due,
      toUnixTimestamp64Nano(started_at) AS start_ns,
      start_ns + toInt64(duration_ns) AS end_ns,
      if(has_due, toUInt64(greatest(start_ns - toUnixTimestamp64Nano(due_at), 0)), 0) AS lateness_ns
    FROM wayward_job_runs
    WHERE started_at >= {from:DateTime64(9, 'UTC')}
      AND started_at < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
  ),
  open_operations AS
  (
    SELECT service, session, sequence, name, started_at, age_ns, state, silent_at
    FROM wayward_open_now
    WHERE kind = 'job_run'
      AND started_at < {to:DateTime64(9, 'UTC')}
      AND seen_at >= {from:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
  ),
  running_now AS
  (
    SELECT service, name AS job_name, started_at, age_ns, state, silent_at
    FROM open_operations
    WHERE (service, session, sequence) NOT IN
    (
      SELECT service, session, sequence
      FROM wayward_job_runs
      WHERE toDate(started_at) IN (SELECT toDate(started_at) FROM open_operations)
        AND sequence IN (SELECT sequence FROM open_operations)
    )
  ),
  ended AS
  (
    SELECT
      service, job_name,
      count() AS row_count,
      countIf(is_made) AS run_count,
      countIf(is_failed) AS failed_count,
      countIf(outcome = 'cancellation') AS cancelled_count,
      countIf(NOT is_made) AS skipped_count,
      countIf(has_due AND lateness_ns > {grace_ns:UInt64}) AS delayed_count,
      countIf(has_due) AS due_count,
      countIf(toUnixTimestamp64Nano(deadline_at) > 0 AND end_ns > toUnixTimestamp64Nano(deadline_at)) AS overdue_count,
      maxIf(duration_ns, is_made) AS longest,
      minIf(duration_ns, is_made) AS shortest,
      quantilesExactInclusiveIf(0.5, 0.95)(duration_ns, is_made) AS percentiles,
      sumIf(toUInt128(duration_ns), is_made) AS total,
      quantileExactInclusiveIf(0.5)(lateness_ns, has_due) AS lateness_median,
      max(lateness_ns) AS lateness_largest,
      sum(greatest(attempts, 1) - 1) AS retry_count,
      max(started_at) AS last_start,
      argMax((outcome, duration_ns), start_ns) AS last_run,
      argMaxIf((error, trace_id, span_id), start_ns, is_failed) AS last_failed,
      argMaxIf((trace_id, span_id), lateness_ns, lateness_ns > {grace_ns:UInt64}) AS latest,
      argMaxIf((trace_id, span_id), duration_ns, is_made) AS slowest,
      arrayMap(
        hour_of_day -> countEqual(groupArrayIf(toHour(started_at, 'UTC'), is_made), hour_of_day),
        range(24)) AS by_hour,
      maxIntersectionsIf(start_ns, end_ns, end_ns > start_ns) AS overlap
    FROM runs_in_window
    GROUP BY service, job_name
  ),
  open_runs AS
  (
    SELECT
      service, job_name,
      countIf(state != 'lost') AS open_count,
      countIf(state = 'lost') AS lost_count,
      maxIf(age_ns, state != 'lost') AS oldest,
      argMaxIf(silent_at, age_ns, state != 'lost') AS oldest_silent_at,
      max(started_at) AS last_start
    FROM running_now
    GROUP BY service, job_name
  )
SELECT
  if(e.row_count = 0, o.service, e.service) AS service,
  if(e.row_count = 0, o.job_name, e.job_name) AS job_name,
  e.run_count AS runs,
  e.failed_count AS failed,
  if(runs = 0, 0, failed / runs) AS failed_fraction,
  e.cancelled_count AS cancelled,
  e.skipped_count AS skipped,
  e.delayed_count AS delayed,
  e.due_count AS due_runs,
  e.overdue_count AS overdue,
  e.longest AS high_ns,
  e.shortest AS low_ns,
  toUInt64(round(ifNotFinite(e.percentiles[1], 0))) AS median_ns,
  toUInt64(round(ifNotFinite(e.percentiles[2], 0))) AS p95_ns,
  e.total AS sum_ns,
  toUInt64(round(ifNotFinite(e.lateness_median, 0))) AS lateness_p50_ns,
  e.lateness_largest AS lateness_max_ns,
  e.retry_count AS retries,
  if(e.row_count = 0, o.last_start, e.last_start) AS last_at,
  e.last_run.1 AS last_result,
  e.last_run.2 AS last_ns,
  e.last_failed.1 AS last_error,
  toUInt8(indexOf(runs_by_hour, arrayMax(runs_by_hour)) - 1) AS busiest_hour,
  toUInt8(indexOf(runs_by_hour, arrayMin(runs_by_hour)) - 1) AS quietest_hour,
  arrayResize(e.by_hour, 24) AS runs_by_hour,
  e.overlap AS overlap_max,
  o.open_count AS running,
  o.oldest AS running_max_ns,
  o.oldest_silent_at AS running_silent_at,
  o.lost_count AS ends_lost,
  e.last_failed.2 AS failed_trace_id,
  e.last_failed.3 AS failed_span_id,
  e.latest.1 AS latest_trace_id,
  e.latest.2 AS latest_span_id,
  e.slowest.1 AS longest_trace_id,
  e.slowest.2 AS longest_span_id
FROM ended AS e
FULL OUTER JOIN open_runs AS o ON o.service = e.service AND o.job_name = e.job_name
ORDER BY failed_fraction DESC, delayed DESC, sum_ns DESC, service, job_name
