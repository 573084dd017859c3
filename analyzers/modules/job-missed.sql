-- Module: Runs of jobs with a rhythm that were not made in the window, and for which nothing was reported, while the service
-- reported. Missing for less than 30 s counts for nothing.
--
-- Uses: window_from_ns, window_to_ns, job_history
--
-- Columns: of_service, of_job, and
--   missed      runs that were not made
--   missed_ns   when the first of them was due
--   stopped     those of them after the last run: the job has not run again
SELECT
  of_service, of_job,
  count() AS missed,
  min(slot_ns) AS missed_ns,
  countIf(is_last) AS stopped
FROM
(
  SELECT
    h.of_service AS of_service, h.of_job AS of_job, h.period AS period, s.stretches AS stretches,
    arrayJoin(arrayFilter(
      pair -> pair.2 > window_from_ns AND pair.2 - pair.1 - period >= greatest(intDiv(period, 2), 30000000000),
      arrayZip(h.slots, arrayPushBack(arrayPopFront(h.slots), least(s.last_ns, window_to_ns))))) AS pair,
    pair.1 = h.slots[-1] AS is_last,
    arrayJoin(arrayMap(
      number -> pair.1 + number * period,
      range(1, toUInt32(least(100000, intDiv(2 * (pair.2 - pair.1) - period, 2 * period)) + 1)))) AS slot_ns
  FROM job_history AS h
  INNER JOIN
  (
    SELECT
      service,
      groupArray((toUnixTimestamp64Nano(first_at), toUnixTimestamp64Nano(last_at))) AS stretches,
      max(toUnixTimestamp64Nano(last_at)) AS last_ns
    FROM wayward_session_times
    WHERE empty({sessions:Array(String)}) OR session IN {sessions:Array(String)}
    GROUP BY service
  ) AS s ON s.service = h.of_service
  WHERE h.period > 0
)
WHERE slot_ns >= window_from_ns
  AND slot_ns < window_to_ns
  AND arrayExists(stretch -> slot_ns >= stretch.1 AND slot_ns <= stretch.2, stretches)
GROUP BY of_service, of_job
