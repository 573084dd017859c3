-- Module: Who held a lock while who waited for it, a row for each wait and each hold that it overlaps. A wait is split over
-- successive holders. Readers wait for readers where a writer waits between them, and who waits for himself waits for ever.
--
-- Uses: lock_holds, lock_waits, lock_slots
--
-- Columns, besides those of the wait (as in lock_waits):
--   from_ns, till_ns  when both was so, within the window
--   waiter, holder    name of the task, else of the thread, else the id of the task
--   nested            whether the waiter held another lock meanwhile
--   holder_*          the hold (as in lock_holds)
SELECT
  w.lock AS lock, w.actor AS actor, w.owner AS owner, w.lock_name AS lock_name,
  w.lock_type AS lock_type, w.outcome AS outcome, w.start_ns AS start_ns, w.length_ns AS length_ns,
  w.sequence AS sequence,
  w.nested AS nested, w.waiter AS waiter,
  h.holder AS holder, h.actor AS holder_actor, h.start_ns AS holder_start_ns, h.is_open AS holder_is_open,
  greatest(w.from_ns, h.from_ns) AS from_ns,
  least(w.till_ns, h.till_ns) AS till_ns
FROM
(
  SELECT
    lock, actor, start_ns, is_open, from_ns, till_ns, first_ns, slot_ns, slot,
    multiIf(task_name != '', task_name, thread_name != '', thread_name, toLowCardinality(task_id)) AS holder
  FROM lock_holds
  INNER JOIN lock_slots ON of_lock = lock
  ARRAY JOIN range(
    toUInt32(intDiv(greatest(from_ns, first_ns) - first_ns, slot_ns)),
    toUInt32(intDiv(greatest(least(till_ns, last_ns) - first_ns, 0), slot_ns) + 1)) AS slot
  WHERE till_ns > from_ns AND till_ns >= first_ns AND from_ns <= last_ns
) AS h
INNER JOIN
(
  SELECT
    lock, actor, owner, lock_name, lock_type, outcome, start_ns, length_ns, sequence,
    notEmpty(held) AS nested,
    from_ns, till_ns, slot,
    multiIf(task_name != '', task_name, thread_name != '', thread_name, toLowCardinality(task_id)) AS waiter
  FROM lock_waits
  INNER JOIN lock_slots ON of_lock = lock
  ARRAY JOIN range(
    toUInt32(intDiv(from_ns - first_ns, slot_ns)), toUInt32(intDiv(till_ns - first_ns, slot_ns) + 1)) AS slot
  WHERE till_ns > from_ns
) AS w ON w.lock = h.lock AND w.slot = h.slot
WHERE h.from_ns < w.till_ns
  AND h.till_ns > w.from_ns
  -- Found in the first slot that they share, and in no other.
  AND h.slot = toUInt32(intDiv(greatest(w.from_ns, h.from_ns) - h.first_ns, h.slot_ns))
