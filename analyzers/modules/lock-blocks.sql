-- Module: Who held a lock while who waited for it, a row for each wait and each hold that it overlaps. A wait is split over
-- successive holders. Readers wait for readers where a writer waits between them, and who waits for himself waits for ever.
--
-- Rows are narrow, as millions of waits are kept to be found: names are looked up by who asks.
--
-- Uses: lock_holds, lock_waits, lock_slots, actor_number, trouble
--
-- Columns: class and lock of both, and
--   from_ns, till_ns  when both was so, within the window
--   actor, waiter     who waited, and the number of his name
--   troubling         how much the whole wait troubles; waiting_ns: its length if it goes on, else 0
--   wait              number of the wait where several can hold the lock, else 0
--   holder            number of the holder's name; holder_actor, holder_start_ns, holder_is_open: the hold (as in lock_holds)
SELECT
  h.class AS class, h.lock AS lock,
  w.actor AS actor, w.waiter AS waiter, w.troubling AS troubling, w.waiting_ns AS waiting_ns, w.wait AS wait,
  h.holder AS holder, h.actor AS holder_actor, h.start_ns AS holder_start_ns, h.is_open AS holder_is_open,
  greatest(w.from_ns, h.start_ns) AS from_ns,
  least(w.till_ns, h.till_ns) AS till_ns
FROM
(
  SELECT
    of_class AS class, lock, actor, start_ns, is_open, till_ns,
    first_ns + slot * slot_ns AS slot_from_ns,
    cityHash64(lock, slot) AS place,
    actor_number(task_name, task_id, thread_name) AS holder
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
    actor, from_ns, till_ns,
    trouble(length_ns) AS troubling,
    if(outcome = 'waiting', length_ns, 0) AS waiting_ns,
    -- If shared_waits:
    if(is_for_several, cityHash64(lock, actor, from_ns, length_ns), 0) AS wait,
    -- Else
    toUInt64(0) AS wait,
    -- End
    cityHash64(lock, slot) AS place,
    actor_number(task_name, task_id, thread_name) AS waiter
  FROM lock_waits
  INNER JOIN lock_slots ON of_lock = lock
  ARRAY JOIN range(
    toUInt32(intDiv(from_ns - first_ns, slot_ns)), toUInt32(intDiv(till_ns - first_ns, slot_ns) + 1)) AS slot
  WHERE till_ns > from_ns
) AS w ON w.place = h.place AND h.start_ns < w.till_ns AND h.till_ns > w.from_ns
-- Found in the first slot that they share, and in no later one.
WHERE greatest(w.from_ns, h.start_ns) >= h.slot_from_ns
