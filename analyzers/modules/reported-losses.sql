-- Module: What the sessions of each service that overlap the window say that they dropped before it was sent.
--
-- Columns: of_service, dropped
SELECT service AS of_service, sum(s.dropped) AS dropped
FROM wayward_sessions AS s
WHERE ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  AND (service, session) IN
  (
    SELECT service, session
    FROM wayward_session_times
    WHERE first_at < {to:DateTime64(9, 'UTC')} AND last_at >= {from:DateTime64(9, 'UTC')}
  )
GROUP BY service
