-- Question: Which jobs fail, hang, start late, overlap or do not run at all?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; runs that overlap it count, as far as they lie within
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--   grace_ns  UInt64         a run that starts no later than this after its due time is in time, nanoseconds
--
-- Uses: job_runs, job_history, job_missed, window_from_ns, reported_losses, wait_severity, failure_severity,
--   failing_severity, unending_severity
--
-- Headline, the columns of a table, the last left out first:
--   job_name, service, severity, runs, failed, missed, delayed, running, low_ns, median_ns, p95_ns, high_ns,
--   lateness_max_ns, last_result, last_at, busiest_hour
--
-- Output, one row per service and job, the most severe first:
--   service              text           service.name
--   job_name             text           name of the job
--   severity             count          what it costs, see docs/analyzers/severity.md
--   causes               text           hung, stopped, missed, doubled, overdue, failing, retried, ... that cost something, the dearest first
--   runs                 count          runs that ended in the window, skipped ones not counted
--   started              count          runs that started in the window, skipped ones not counted
--   failed               count          runs that ended in failure, error or time-out
--   failed_fraction      fraction       failed of runs
--   cancelled            count          runs that were cancelled
--   skipped              count          runs that were not made, and said so
--   missed               count          runs that were not made, of a job with a rhythm, and nobody said so
--   missed_at            time           when the first of them was due, 1970 if none
--   stopped              count          those of them after the last run
--   doubled              count          due times for which it ran more than once
--   delayed              count          runs later than grace_ns, a hundredth of the period and five times the usual lateness
--   slipped              count          those of them that started a whole period late or more
--   due_runs             count          runs that had a due time
--   overdue              count          runs past their deadline, ended or not
--   high_ns              duration ns    longest run
--   low_ns               duration ns    shortest run
--   median_ns            duration ns    median run
--   p95_ns               duration ns    95th percentile of the runs
--   sum_ns               duration ns    sum of the runs within the window, running ones included
--   lateness_p50_ns      duration ns    median of start minus due time, 0 when early
--   lateness_max_ns      duration ns    largest of the same
--   period_ns            duration ns    from one run to the next, 0 without a rhythm
--   retries              count          attempts beyond the first
--   last_at              time           when the last run that has ended started; where none has, the last of all
--   last_result          text           how it ended
--   last_ns              duration ns    how long it took
--   last_error           text           class of the error of the last failed run
--   busiest_hour         hour           hour of the day (UTC) in which most runs started
--   quietest_hour        hour           hour of the day (UTC) in which fewest runs started
--   runs_by_hour         counts         24 numbers of runs started, by hour of the day (UTC)
--   overlap_max          count          most runs at the same time, running ones included
--   overlap_of_session   count          the same within one session
--   running              count          runs that went on at the end of the window
--   running_max_ns       duration ns    age of the oldest of them
--   running_as_of        time           until when that is known, 1970 for up to now
--   longest_before_ns    duration ns    longest run that had ended, also before the window
--   ends_lost            count          runs whose end was lost
--   dropped              count          spans and events that the sessions of the service say they dropped
--   failed_trace_id      text           trace of the last failed run
--   failed_span_id       text           its span
--   latest_trace_id      text           trace of the run that started latest after its due time
--   latest_span_id       text           its span
--   longest_trace_id     text           trace of the longest run
--   longest_span_id      text           its span
--   running_trace_id     text           trace of the oldest run that goes on
--   running_span_id      text           its span
WITH
  counted AS
  (
    SELECT
      r.service AS service, r.job_name AS job_name,
      countIf(is_ended) AS runs, countIf(is_made AND start_ns >= window_from_ns) AS started,
      countIf(is_ended AND outcome IN ('failure', 'error', 'timeout')) AS failed,
      countIf(outcome = 'cancellation') AS cancelled, countIf(NOT is_made) AS skipped,
      countIf(outcome = 'running') AS running, countIf(outcome = 'lost') AS ends_lost,
      countIf(lateness_ns > greatest(toFloat64({grace_ns:UInt64}), h.period / 100, 5. * h.lateness_usual)) AS delayed,
      countIf(lateness_ns > {grace_ns:UInt64} AND h.is_scheduled AND h.gap > 0 AND lateness_ns >= h.gap) AS slipped,
      countIf(due_ns > 0 AND is_made) AS due_runs,
      -- Earlier builds stored no deadline of a run that goes on; it is taken to be as long after its due time as those of others.
      countIf(is_made AND multiIf(deadline_ns > 0, end_ns > deadline_ns, due_ns > 0 AND h.deadline_usual > 0,
        end_ns > due_ns + h.deadline_usual, false)) AS overdue,
      maxIf(length_ns, is_ended) AS high_ns, minIf(length_ns, is_ended) AS low_ns,
      quantilesExactInclusiveIf(0.5, 0.95)(length_ns, is_ended) AS lengths,
      sumIf(toUInt128(till_ns - from_ns), is_made) AS sum_ns,
      quantileExactInclusiveIf(0.5)(lateness_ns, due_ns > 0 AND is_made) AS lateness, max(lateness_ns) AS lateness_max_ns,
      sumIf(greatest(attempts, 1) - 1, is_made) AS retries,
      argMaxIf((start_ns, outcome, length_ns), (start_ns, length_ns, outcome), is_ended OR NOT is_made) AS last_ended, max(start_ns) AS newest_ns,
      argMaxIf((r.error_type, trace_id, span_id), (start_ns, length_ns, trace_id), outcome IN ('failure', 'error', 'timeout')) AS last_failed,
      argMaxIf((trace_id, span_id), lateness_ns, lateness_ns > {grace_ns:UInt64}) AS latest,
      argMaxIf((trace_id, span_id), length_ns, is_ended) AS slowest,
      argMaxIf((length_ns, as_of, trace_id, span_id), length_ns, outcome = 'running') AS oldest,
      groupArrayIf(toHour(fromUnixTimestamp64Nano(start_ns, 'UTC')), is_made AND start_ns >= window_from_ns) AS hours,
      maxIntersectionsIf(from_ns, till_ns, till_ns > from_ns AND is_made) AS overlap_max
    FROM
    (
      SELECT
        service, job_name, outcome, is_made, is_made AND outcome NOT IN ('running', 'lost') AS is_ended, start_ns, length_ns,
        from_ns, till_ns, end_ns, due_ns, deadline_ns, lateness_ns, error_type, attempts, trace_id, span_id, as_of
      FROM job_runs
    ) AS r
    LEFT JOIN job_history AS h ON h.of_service = r.service AND h.of_job = r.job_name
    GROUP BY service, job_name
  ),
  apart AS
  (
    SELECT service AS of_service, job_name AS of_job, max(overlap) AS overlap_of_session
    FROM
    (
      SELECT service, job_name, maxIntersectionsIf(from_ns, till_ns, till_ns > from_ns AND is_made) AS overlap
      FROM job_runs
      GROUP BY service, job_name, session
    )
    GROUP BY service, job_name
  ),
  -- Where each session has runs of its own for nearly all due times, that is how it is meant.
  repeated AS
  (
    SELECT
      service AS of_service, job_name AS of_job,
      countIf(runs > sessions) + if(2 * countIf(sessions > 1) < count(), countIf(sessions > 1 AND runs = sessions), 0)
        AS doubled
    FROM
    (
      SELECT service, job_name, count() AS runs, uniqExact(session) AS sessions
      FROM job_runs
      WHERE is_made AND due_ns > 0 AND start_ns >= window_from_ns AND trigger NOT IN ('manual', 'retry')
      GROUP BY service, job_name, due_ns
    )
    GROUP BY service, job_name
  ),
  measured AS
  (
    SELECT
      if(m.of_job = '', c.service, m.of_service) AS service, if(m.of_job = '', c.job_name, m.of_job) AS job_name,
      runs, started, failed, cancelled, skipped, running, ends_lost, delayed, slipped, due_runs, overdue, high_ns, low_ns,
      lengths, sum_ns, lateness, lateness_max_ns, retries, last_ended, newest_ns, last_failed, latest, slowest, oldest,
      arrayMap(hour -> countEqual(hours, hour), range(24)) AS by_hour,
      overlap_max, a.overlap_of_session AS overlap_of_session, d.doubled AS doubled,
      m.missed AS missed, m.missed_ns AS missed_ns, m.stopped AS stopped
    FROM counted AS c
    FULL OUTER JOIN job_missed AS m ON m.of_service = c.service AND m.of_job = c.job_name
    LEFT JOIN apart AS a ON a.of_service = c.service AND a.of_job = c.job_name
    LEFT JOIN repeated AS d ON d.of_service = c.service AND d.of_job = c.job_name
  )
SELECT
  service,
  job_name,
  (arrayReverseSort(arrayFilter(trouble -> trouble.1 >= 5, [
    (unending_severity(oldest.1, h.length_longest), 'hung'),
    (if(missed = 0, 0, least(85, failure_severity(missed) + if(stopped > 0, 20, -5))), if(stopped > 0, 'stopped', 'missed')),
    (if(doubled = 0, 0, least(85, failing_severity(doubled, due_runs) + 10)), 'doubled'),
    (failing_severity(overdue, started + running), 'overdue'),
    (failing_severity(failed, runs), 'failing'),
    (toUInt8(0.75 * failing_severity(retries, runs + retries)), 'retried'),
    (toUInt8(0.75 * failing_severity(cancelled, runs)), 'cancelled'),
    (toUInt8(0.75 * failing_severity(skipped, runs + skipped)), 'skipped'),
    (if(h.is_scheduled AND overlap_of_session > 1, toUInt8(round(least(60, 5 + 15 * log2(overlap_of_session)))), 0), 'overlapping'),
    (greatest(
      failing_severity(slipped, due_runs),
      toUInt8(wait_severity(lateness_max_ns - toFloat64(h.lateness_usual)) * if(h.gap > 0,
        least(1, 4 * lateness_max_ns / h.gap), 0.5))), 'late')
  ])) AS troubles)[1].1 AS severity,
  arrayStringConcat(arrayMap(trouble -> trouble.2, troubles), ', ') AS causes,
  runs,
  started,
  failed,
  if(runs = 0, 0, failed / runs) AS failed_fraction,
  cancelled,
  skipped,
  missed,
  fromUnixTimestamp64Nano(missed_ns, 'UTC') AS missed_at,
  stopped,
  doubled,
  delayed,
  slipped,
  due_runs,
  overdue,
  high_ns,
  low_ns,
  toUInt64(round(ifNotFinite(lengths[1], 0))) AS median_ns,
  toUInt64(round(ifNotFinite(lengths[2], 0))) AS p95_ns,
  sum_ns,
  toUInt64(round(ifNotFinite(lateness, 0))) AS lateness_p50_ns,
  lateness_max_ns,
  h.period AS period_ns,
  retries,
  fromUnixTimestamp64Nano(multiIf(last_ended.1 > 0, last_ended.1, newest_ns > 0, newest_ns, h.slots[-1]), 'UTC') AS last_at,
  last_ended.2 AS last_result,
  last_ended.3 AS last_ns,
  last_failed.1 AS last_error,
  toUInt8(indexOf(by_hour, arrayMax(by_hour)) - 1) AS busiest_hour,
  toUInt8(indexOf(by_hour, arrayMin(by_hour)) - 1) AS quietest_hour,
  by_hour AS runs_by_hour,
  overlap_max,
  overlap_of_session,
  running,
  oldest.1 AS running_max_ns,
  oldest.2 AS running_as_of,
  h.length_longest AS longest_before_ns,
  ends_lost,
  l.dropped AS dropped,
  last_failed.2 AS failed_trace_id,
  last_failed.3 AS failed_span_id,
  latest.1 AS latest_trace_id,
  latest.2 AS latest_span_id,
  slowest.1 AS longest_trace_id,
  slowest.2 AS longest_span_id,
  oldest.3 AS running_trace_id,
  oldest.4 AS running_span_id
FROM measured AS m
LEFT JOIN job_history AS h ON h.of_service = m.service AND h.of_job = m.job_name
LEFT JOIN reported_losses AS l ON l.of_service = m.service
ORDER BY severity DESC, sum_ns DESC, service, job_name
