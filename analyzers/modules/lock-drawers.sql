-- Module: Holds of locks, each in one drawer of its lock, so that those are found which a wait meets, without looking at all of
-- the lock: by the second in which it began; if it is longer, by the thousand seconds; if it is longer still or goes on, in one
-- of their own.
--
-- Uses: lock_holds
--
-- Columns: drawer, and those of lock_holds
SELECT
  class, lock, actor, lock_name, lock_mode, start_ns, end_ns, from_ns, till_ns, is_open, task_name, task_id, thread_name,
  multiIf(
    is_open, cityHash64(lock, 'open'),
    end_ns - start_ns < 1000000000, cityHash64(lock, intDiv(start_ns, 1000000000)),
    end_ns - start_ns < 1000000000000, cityHash64(lock, intDiv(start_ns, 1000000000000), 'long'),
    cityHash64(lock, 'longer')) AS drawer
FROM lock_holds
WHERE NOT is_lost
