-- Module: Runs of jobs that started late or took longer than usual: the two hundred with the longest delay.
--
-- Kept where small: what else happened meanwhile is looked for only where there are any.
--
-- Uses: job_runs, window_from_ns
--
-- Columns: of job_runs, and
--   run                 number of the run
--   usual_ns, band_ns   median of the runs before; from what length on a run is slow, 0 where too few are known
--   is_late, is_slow    which of both; delay_ns: by how much, together
WITH
  -- Of each good run what is usual up to it: median, ninth tenth and number of the last 30, and of those of its weekday and hour.
  lengths AS
  (
    SELECT
      of_service, of_job, weekday, hour, began_ns,
      (quantileExact(0.5)(duration_ns) OVER latest, quantileExact(0.9)(duration_ns) OVER latest, count() OVER latest) AS of_all,
      (quantileExact(0.5)(duration_ns) OVER latest_alike, quantileExact(0.9)(duration_ns) OVER latest_alike, count() OVER latest_alike) AS of_alike
    FROM
    (
      SELECT
        service AS of_service, job_name AS of_job, toUnixTimestamp64Nano(started_at) AS began_ns, duration_ns,
        toDayOfWeek(started_at) AS weekday, toHour(started_at) AS hour
      FROM wayward_job_runs
      WHERE result = 'success'
        AND started_at < {to:DateTime64(9, 'UTC')}
        AND started_at >= toDateTime64({from:DateTime64(9, 'UTC')}, 3, 'UTC') - INTERVAL 210 DAY
        AND ({service:String} = '' OR service = {service:String})
      LIMIT 1 BY service, job_name, started_at
    )
    WINDOW
      latest AS (PARTITION BY of_service, of_job ORDER BY began_ns ROWS BETWEEN 29 PRECEDING AND CURRENT ROW),
      latest_alike AS (PARTITION BY of_service, of_job, weekday, hour ORDER BY began_ns ROWS BETWEEN 29 PRECEDING AND CURRENT ROW)
  ),
  judged AS
  (
    SELECT
      cityHash64(service, session, job_name, start_ns, trace_id, span_id) AS run,
      service, session, job_name, outcome, thread_id, trace_id, span_id, start_ns, end_ns, due_ns, lateness_ns, length_ns,
      if(k.of_alike.3 >= 5, k.of_alike, l.of_all) AS before,
      toUInt64(before.1) AS usual_ns,
      if(before.3 < 5, 0, toUInt64(1.5 * before.2)) AS band_ns,
      lateness_ns > {grace_ns:UInt64} AS is_late,
      band_ns > 0 AND length_ns > band_ns AS is_slow
    FROM
    (
      SELECT
        service, session, job_name, outcome, thread_id, trace_id, span_id, start_ns, end_ns, due_ns, lateness_ns, length_ns,
        toDayOfWeek(fromUnixTimestamp64Nano(start_ns, 'UTC')) AS weekday, toHour(fromUnixTimestamp64Nano(start_ns, 'UTC')) AS hour
      FROM job_runs
      WHERE outcome NOT IN ('skip', 'lost') AND end_ns >= window_from_ns
    ) AS r
    ASOF LEFT JOIN lengths AS l ON l.of_service = r.service AND l.of_job = r.job_name AND l.began_ns < r.start_ns
    ASOF LEFT JOIN lengths AS k
      ON k.of_service = r.service AND k.of_job = r.job_name AND k.weekday = r.weekday AND k.hour = r.hour AND k.began_ns < r.start_ns
  )
SELECT
  run, service, session, job_name, outcome, trace_id, span_id, start_ns, end_ns, due_ns, lateness_ns, length_ns, usual_ns, band_ns,
  is_late, is_slow, thread_id, if(is_late, lateness_ns, 0) + if(is_slow, length_ns - usual_ns, 0) AS delay_ns
FROM judged
WHERE is_late OR is_slow
ORDER BY delay_ns DESC, service, job_name, start_ns
LIMIT 200
