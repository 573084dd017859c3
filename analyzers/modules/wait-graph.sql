-- Module: Who waited for whom where it may have been in a circle: waits that did not end well, or not yet, and the granted ones
-- of tasks that held a lock meanwhile, each with the holds that they had to wait for.
--
-- Uses: lock_drawers, drawers, lock_waits
--
-- Columns: actor waits for holder from lo_ns to hi_ns (the end of time where both go on), and what names them
SELECT
  w.actor AS actor, h.actor AS holder,
  greatest(w.start_ns, h.start_ns) AS lo_ns,
  if(w.outcome = 'waiting' AND h.is_open, 9223372036854775807, least(w.end_ns, h.end_ns)) AS hi_ns,
  w.lock AS lock, w.lock_name AS lock_name, w.lock_type AS lock_type, w.service AS service, w.session AS session,
  multiIf(w.task_name = '', concat('task ', w.task_id), w.task_id = '', toString(w.task_name),
    concat(w.task_name, ' (', w.task_id, ')')) AS task,
  w.outcome AS outcome, w.start_ns AS start_ns, w.end_ns AS end_ns, w.as_of AS as_of,
  w.trace_id AS trace_id, w.span_id AS span_id
FROM lock_drawers AS h
INNER JOIN
(
  SELECT
    actor, lock, lock_name, lock_type, lock_mode, service, session, task_id, task_name, outcome, start_ns,
    end_ns, as_of, trace_id, span_id,
    if(outcome = 'granted', start_ns, end_ns) AS met_ns,
    arrayJoin(drawers(lock, met_ns, end_ns)) AS drawer
  FROM lock_waits
  WHERE outcome IN ('waiting', 'timeout', 'cancelled') AND end_ns > start_ns
    OR outcome = 'granted' AND notEmpty(held) AND hasAny(
      range(toUInt64(intDiv(start_ns, 10000000000)), toUInt64(intDiv(end_ns, 10000000000) + 1)),
      (
        SELECT groupUniqArray(100000)(toUInt64(intDiv(end_ns, 10000000000)))
        FROM lock_waits
        WHERE outcome IN ('timeout', 'cancelled') AND end_ns > start_ns
      ))
) AS w ON w.drawer = h.drawer
WHERE h.lock = w.lock
  AND h.actor != w.actor
  AND NOT (h.lock_mode = 'shared' AND w.lock_mode = 'shared')
  AND (h.start_ns < w.end_ns AND h.end_ns >= w.end_ns OR w.outcome = 'waiting' AND h.is_open
    OR w.outcome = 'granted' AND h.start_ns < w.end_ns AND h.end_ns > w.start_ns)
