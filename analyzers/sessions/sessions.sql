-- Question: Which processes have reported, when, and how much?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window; sessions that reported in the window count
--   service  String         only this service, empty for all
--
-- Headline, the columns of a table, the last left out first:
--   service, session, last_at, duration_ns, spans, logs, span_errors, dropped, process_pid,
--   host_name, runtime
--
-- Output, one row per session, the latest first:
--   service          text         service.name
--   session          text         wayward.session.id, else service.instance.id, else service@host:pid
--   session_name     text         name that a person gave to the run
--   service_version  text         service.version
--   host_name        text         host.name
--   process_pid      count        process.pid, 0 unknown
--   runtime          text         runtime and its version
--   first_at         time         earliest start of a span or time of a log record
--   last_at          time         latest end of a span or time of a log record
--   duration_ns      duration ns  from first to last
--   spans            count        spans stored
--   span_errors      count        spans stored whose status is Error
--   logs             count        log records and events stored
--   dropped          count        spans and events that the process says it dropped
SELECT
  s.service AS service,
  s.session AS session,
  max(s.session_name) AS session_name,
  max(s.service_version) AS service_version,
  max(s.host_name) AS host_name,
  max(s.process_pid) AS process_pid,
  trimRight(concat(max(s.runtime_name), ' ', max(s.runtime_version))) AS runtime,
  any(t.first_at) AS first_at,
  any(t.last_at) AS last_at,
  toUInt64(greatest(toUnixTimestamp64Nano(any(t.last_at)) - toUnixTimestamp64Nano(any(t.first_at)), 0)) AS duration_ns,
  sum(s.spans) AS spans,
  sum(s.span_errors) AS span_errors,
  sum(s.logs) AS logs,
  sum(s.dropped) AS dropped
FROM wayward_sessions AS s
INNER JOIN wayward_session_times AS t ON t.service = s.service AND t.session = s.session
WHERE {service:String} = '' OR s.service = {service:String}
GROUP BY s.service, s.session
HAVING any(t.first_at) < {to:DateTime64(9, 'UTC')}
  AND any(t.last_at) >= {from:DateTime64(9, 'UTC')}
ORDER BY last_at DESC, service, session
