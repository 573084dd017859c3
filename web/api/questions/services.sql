-- Question: Which services have reported, when, and how much?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window; sessions that reported in the window count
--   service  String         only this service, empty for all
--
-- Headline, the columns of a table, the last left out first:
--   service, last_at, sessions, spans
--
-- Output, one row per service, in the order of the alphabet:
--   service      text   service.name
--   sessions     count  sessions that reported in the window
--   versions     count  versions of the service among them
--   hosts        count  hosts among them
--   first_at     time   earliest start of a span or time of a log record of these sessions
--   last_at      time   latest end of a span or time of a log record of these sessions
--   spans        count  spans of these sessions
--   span_errors  count  of these, with status Error
--   logs         count  log records and events of these sessions
--   dropped      count  spans and events that these sessions say they dropped
SELECT
  service,
  count() AS sessions,
  uniqExactIf(version, version != '') AS versions,
  uniqExactIf(host, host != '') AS hosts,
  min(began_at) AS first_at,
  max(ended_at) AS last_at,
  sum(span_count) AS spans,
  sum(error_count) AS span_errors,
  sum(log_count) AS logs,
  sum(drop_count) AS dropped
FROM
(
  SELECT
    s.service AS service,
    s.session AS session,
    max(s.service_version) AS version,
    max(s.host_name) AS host,
    any(t.first_at) AS began_at,
    any(t.last_at) AS ended_at,
    sum(s.spans) AS span_count,
    sum(s.span_errors) AS error_count,
    sum(s.logs) AS log_count,
    sum(s.dropped) AS drop_count
  FROM wayward_sessions AS s
  INNER JOIN wayward_session_times AS t ON t.service = s.service AND t.session = s.session
  WHERE {service:String} = '' OR s.service = {service:String}
  GROUP BY s.service, s.session
  HAVING began_at < {to:DateTime64(9, 'UTC')} AND ended_at >= {from:DateTime64(9, 'UTC')}
)
GROUP BY service
ORDER BY service
