-- Question: May the answers be believed: what is missing, doubled or of a wrong time?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; sessions that overlap it count
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: open_now, reported_losses, to_severity, failure_severity
--
-- Headline, the columns of a table, the last left out first:
--   trouble, service, severity, affected, of_all, affected_fraction, sessions, last_at, detail
--
-- Output, one row per service and trouble, the most severe first:
--   service            text      service.name; empty for what the collector refused
--   trouble            text      dropped, refused, silent, ends_lost, repeated, clock_set, clock_ahead or no_identity
--   severity           count     how little answers can be believed for it, see docs/analyzers/severity.md
--   affected           count     items, requests, operations or sessions that it is about
--   of_all             count     of so many, 0 unknown
--   affected_fraction  fraction  affected of of_all
--   sessions           count     sessions that it is about, 0 unknown
--   last_at            time      when it was last so, 1970 unknown
--   detail             text      kinds of operations, reasons or an example, where there are such
WITH
  reporting AS
  (
    SELECT s.service AS of_service, s.session AS of_session, sum(s.spans) + sum(s.logs) AS items,
      max(s.host_name) AS host, any(t.is_clock_set) AS was_clock_set, any(t.last_at) AS latest_at
    FROM wayward_sessions AS s
    INNER JOIN wayward_session_times AS t ON t.service = s.service AND t.session = s.session
    WHERE t.first_at < {to:DateTime64(9, 'UTC')}
      AND t.last_at >= {from:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR s.service = {service:String})
      AND (empty({sessions:Array(String)}) OR s.session IN {sessions:Array(String)})
    GROUP BY s.service, s.session
  ),
  -- The projection of the table has it by day, so days that the window touches count whole.
  sent AS
  (
    SELECT
      service AS of_service, session, toDate(granted_at) AS day,
      countIf(sequence > 0) AS stored, groupBitmapIf(sequence, sequence > 0) AS kept, max(granted_at) AS latest_at
    FROM wayward_lock_holds
    WHERE toDate(granted_at) <= toDate(least({to:DateTime64(9, 'UTC')}, toDateTime64('2100-01-01 00:00:00', 9, 'UTC')))
      AND toDate(granted_at) >= toDate(least({from:DateTime64(9, 'UTC')}, toDateTime64('2100-01-01 00:00:00', 9, 'UTC')))
      AND ({service:String} = '' OR service = {service:String})
      AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    GROUP BY service, session, toDate(granted_at)
  ),
  troubles AS
  (
    SELECT l.of_service AS about, 'dropped' AS what, l.dropped AS some, sum(r.items) + some AS every, uniqExact(r.of_session) AS among,
      max(r.latest_at) AS at, '' AS example, to_severity(10 * some / every) AS cost
    FROM reported_losses AS l
    INNER JOIN reporting AS r ON r.of_service = l.of_service
    GROUP BY l.of_service, l.dropped
    UNION ALL
    SELECT service, if(state = 'lost', 'ends_lost', 'silent') AS what, count() AS some, 0, uniqExact(session),
      max(if(state = 'lost', seen_at, silent_at)), arrayStringConcat(arraySort(groupUniqArray(toString(kind))), ', '),
      least(40, to_severity(if(what = 'silent', 0.2, 0.1) + some / 50))
    FROM open_now
    WHERE state IN ('silent', 'lost')
    GROUP BY service, state
    UNION ALL
    SELECT of_service, 'repeated', sum(stored - kept) AS some, sum(stored) AS every, uniqExactIf(session, stored > kept),
      maxIf(latest_at, stored > kept), 'lock holds', least(10, to_severity(some / every))
    FROM sent
    GROUP BY of_service
    UNION ALL
    SELECT of_service, 'clock_set', countIf(was_clock_set) AS some, count() AS every, some, maxIf(latest_at, was_clock_set), '',
      least(30, to_severity(0.1 + 0.3 * some / every))
    FROM reporting
    GROUP BY of_service
    UNION ALL
    SELECT of_service, 'clock_ahead', countIf(latest_at > addSeconds(now64(9, 'UTC'), 60)) AS some, count() AS every, some, max(latest_at),
      argMax(of_session, latest_at), least(50, to_severity(0.3 + 0.3 * some / every))
    FROM reporting
    GROUP BY of_service
    UNION ALL
    SELECT of_service, 'no_identity', countIf(of_session = concat(of_service, '@', host, ':')) AS some, count() AS every, some,
      max(latest_at), '', 25
    FROM reporting
    GROUP BY of_service
    UNION ALL
    SELECT '', 'refused', sum(if(items = 0, requests, items)) AS some, 0, 0, toDateTime64(max(last_at), 9, 'UTC'),
      arrayStringConcat(arraySlice(topK(3)(concat(event, ' ', reason)), 1, 3), ', '), failure_severity(some)
    FROM wayward_ledger
    WHERE event IN ('refused', 'rejected', 'set_aside', 'damaged', 'dropped', 'lost')
      AND first_at < {to:DateTime64(9, 'UTC')}
      AND last_at >= {from:DateTime64(9, 'UTC')}
      AND {service:String} = '' AND empty({sessions:Array(String)})
  )
SELECT
  about AS service,
  what AS trouble,
  toUInt8(cost) AS severity,
  toUInt64(some) AS affected,
  toUInt64(every) AS of_all,
  if(of_all = 0, 0, affected / of_all) AS affected_fraction,
  toUInt64(among) AS sessions,
  toDateTime64(at, 9, 'UTC') AS last_at,
  example AS detail
FROM troubles
WHERE some > 0
ORDER BY severity DESC, affected DESC, service, trouble
