-- Other collectors that have begun to import one of these sessions and not ended it.
-- sessions: their ids; collector: who asks.
SELECT service, session, host, formatDateTime(at, '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS since
FROM wayward_imports FINAL
WHERE session IN {sessions:Array(String)}
  AND collector != {collector:String}
  AND state = 'begun'
ORDER BY service, session, since
SETTINGS select_sequential_consistency = 1
