-- Module: How long each service was observed: wall time in which at least one of its sessions reported, in the window.
--
-- Columns: of_service, observed_ns
SELECT
  service AS of_service,
  intervalLengthSum(
    toUnixTimestamp64Nano(greatest(first_seen, {from:DateTime64(9, 'UTC')})),
    toUnixTimestamp64Nano(least(last_seen, {to:DateTime64(9, 'UTC')}))) AS observed_ns
FROM
(
  SELECT service, session, min(first_at) AS first_seen, max(last_at) AS last_seen
  FROM wayward_sessions
  WHERE ({service:String} = '' OR service = {service:String})
    AND ({session:String} = '' OR session = {session:String})
  GROUP BY service, session
)
WHERE first_seen < {to:DateTime64(9, 'UTC')}
  AND last_seen >= {from:DateTime64(9, 'UTC')}
GROUP BY service
