-- Module: How long each service was observed: wall time in which at least one of its sessions reported, in the window.
--
-- Columns: of_service, observed_ns
SELECT
  service AS of_service,
  intervalLengthSum(
    toUnixTimestamp64Nano(greatest(first_at, {from:DateTime64(9, 'UTC')})),
    toUnixTimestamp64Nano(least(last_at, {to:DateTime64(9, 'UTC')}))) AS observed_ns
FROM wayward_session_times
WHERE first_at < {to:DateTime64(9, 'UTC')}
  AND last_at >= {from:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
GROUP BY service
