-- Module: Whether any runs of jobs that overlap the window were reported as open and not as ended: where not, questions are
-- asked without open_runs.
(
  SELECT count() > 0
  FROM wayward_open_operations FINAL
  WHERE kind = 'job_run'
    AND ended_at = toDateTime64(0, 9, 'UTC')
    AND started_at < {to:DateTime64(9, 'UTC')}
    AND addNanoseconds(seen_at, 5 * interval_ns) >= {from:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
)
