-- Module: Who held a lock while who waited for it, a row for each wait and each hold that it overlaps. A wait is split over
-- successive holders; readers do not block readers, and nobody blocks himself.
--
-- Uses: lock_holds, lock_waits, lock_slots
--
-- Columns, besides those of the wait (as in lock_waits):
--   from_ns, till_ns  when both was so, within the window
--   holder, holder_*  the hold (as in lock_holds)
SELECT
  w.lock AS lock, w.actor AS actor, w.owner AS owner, w.service AS service, w.session AS session,
  w.lock_name AS lock_name, w.lock_id AS lock_id, w.lock_type AS lock_type, w.lock_mode AS lock_mode,
  w.outcome AS outcome, w.start_ns AS start_ns, w.end_ns AS end_ns, w.length_ns AS length_ns, w.as_of AS as_of,
  w.task_id AS task_id, w.task_name AS task_name, w.held AS held, w.trace_id AS trace_id, w.span_id AS span_id,
  h.actor AS holder, h.service AS holder_service, h.session AS holder_session,
  h.task_id AS holder_task_id, h.task_name AS holder_task_name,
  h.trace_id AS holder_trace_id, h.span_id AS holder_span_id,
  h.start_ns AS holder_start_ns, h.end_ns AS holder_end_ns, h.is_open AS holder_is_open, h.is_lost AS holder_is_lost,
  greatest(w.from_ns, h.from_ns) AS from_ns,
  least(w.till_ns, h.till_ns) AS till_ns
FROM
(
  SELECT
    lock, actor, service, session, lock_mode, task_id, task_name, trace_id, span_id, start_ns, end_ns, is_open, is_lost,
    from_ns, till_ns, first_ns, slot_ns, slot
  FROM lock_holds
  INNER JOIN lock_slots ON of_lock = lock
  ARRAY JOIN range(
    toUInt32(intDiv(greatest(from_ns, first_ns) - first_ns, slot_ns)),
    toUInt32(intDiv(greatest(least(till_ns, last_ns) - first_ns, 0), slot_ns) + 1)) AS slot
  WHERE till_ns >= first_ns AND from_ns <= last_ns
) AS h
INNER JOIN
(
  SELECT
    lock, actor, owner, service, session, lock_name, lock_id, lock_type, lock_mode, outcome, start_ns, end_ns, length_ns,
    as_of, task_id, task_name, held, trace_id, span_id, from_ns, till_ns, slot
  FROM lock_waits
  INNER JOIN lock_slots ON of_lock = lock
  ARRAY JOIN range(
    toUInt32(intDiv(from_ns - first_ns, slot_ns)), toUInt32(intDiv(till_ns - first_ns, slot_ns) + 1)) AS slot
  WHERE till_ns > from_ns
) AS w ON w.lock = h.lock AND w.slot = h.slot
WHERE h.actor != w.actor
  AND NOT (h.lock_mode = 'shared' AND w.lock_mode = 'shared')
  AND h.from_ns < w.till_ns
  AND h.till_ns > w.from_ns
  -- Found in the first slot that they share, and in no other.
  AND h.slot = toUInt32(intDiv(greatest(w.from_ns, h.from_ns) - h.first_ns, h.slot_ns))
