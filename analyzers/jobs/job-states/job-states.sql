-- Question: Which jobs that are reported over HTTP are late, down or failing now, or break what is asserted of them?
--
-- Parameters:
--   to        DateTime64(9)  jobs in this state since before this moment
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all; that of these jobs is jobs-http
--
-- Headline, the columns of a table, the last left out first:
--   job_name, service, severity, status, since, broken, last_result, last_at, failures_in_row, missed_in_row
--
-- Output, one row per job in trouble, the most severe first:
--   service          text     service.name of its runs
--   job_name         text     name of the job
--   severity         count    what it costs, see docs/analyzers/severity.md
--   status           text     late, down or failing
--   since            time     since when
--   broken           text     assertions that did not hold when the last run ended
--   failures_in_row  count    runs in a row that ended badly
--   missed_in_row    count    runs in a row that were due and did not come
--   open_runs        count    runs that go on
--   overdue_runs     count    those of them past their deadline, or silent
--   last_result      text     how the last run ended, empty if none has
--   last_at          time     when, 1970 if none has
--   due_at           time     when the run was due that has not come, or the next, 1970 if none is
SELECT
  service,
  job_name,
  toUInt8(multiIf(
    status = 'down', least(85, 55 + 5 * missed_in_row),
    status = 'late', 35,
    least(80, 40 + 5 * failures_in_row + 10 * overdue_runs))) AS severity,
  status,
  since,
  broken,
  failures_in_row,
  missed_in_row,
  open_runs,
  overdue_runs,
  last_result,
  last_at,
  due_at
FROM
(
  SELECT
    s.service AS service,
    s.job_name AS job_name,
    s.status AS status,
    toDateTime64(s.since, 9, 'UTC') AS since,
    arrayStringConcat(JSONExtract(state, 'broken', 'Array(String)'), '; ') AS broken,
    JSONExtractUInt(state, 'failuresInRow') AS failures_in_row,
    JSONExtractUInt(state, 'missedInRow') AS missed_in_row,
    length(JSONExtractArrayRaw(state, 'open')) AS open_runs,
    arrayCount(run -> JSONExtractBool(run, 'isOverdue') OR JSONExtractBool(run, 'isSilent'), JSONExtractArrayRaw(state, 'open'))
      AS overdue_runs,
    JSONExtractArrayRaw(state, 'past')[-1] AS last,
    JSONExtractString(last, 'result') AS last_result,
    fromUnixTimestamp64Micro(toInt64(1000 * JSONExtractFloat(last, 'endMs')), 'UTC') AS ended_at,
    toDateTime64(ended_at, 9, 'UTC') AS last_at,
    toDateTime64(s.next_due_at, 9, 'UTC') AS due_at
  FROM wayward_job_states AS s FINAL
  WHERE s.status IN ('late', 'down', 'failing')
    AND s.since < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR s.service = {service:String})
    AND (empty({sessions:Array(String)}) OR has({sessions:Array(String)}, 'jobs-http'))
)
ORDER BY severity DESC, service, job_name
