-- Module: What became of each lock in the window: how often and how long it was held, by how many.
--
-- Uses: lock_holds, window_from_ns, shared_use
--
-- Columns, besides those that name the lock:
--   services, sessions, actors, threads  who used it; all but services are states
--   ended, still, lost  holds that have ended, that go on, and whose end was lost
--   at_once     requests in the window that were granted at once
--   lengths     state of the 95th percentile of the holds that have ended; length_sum, shortest, longest: of the same
--   in_window   sum of what of the holds lies within the window
--   bounces     grants to another actor than the one before
--   permits     most that were held at once
--   used_ns     time in which it was in use: for locks with permits weighted by those held of those there are
SELECT
  h.owner AS owner, h.lock_name AS lock_name, h.lock_type AS lock_type, h.lock AS lock,
  services, sessions, actors, threads, ended, still, lost, at_once, lengths, length_sum, shortest, longest, in_window,
  bounces,
  greatest(s.permits_used, 1) AS permits,
  multiIf(s.permits_used = 0, toFloat64(in_window), lock_type = 'rwlock', s.wall, s.permit_ns / s.permits_used) AS used_ns
FROM
(
  SELECT
    owner, lock_name, lock_type, lock,
    groupUniqArray(service) AS services,
    uniqState(session) AS sessions,
    uniqState(actor) AS actors,
    uniqState(session, thread_id) AS threads,
    countIf(NOT is_open) AS ended,
    countIf(is_open AND NOT is_lost) AS still,
    countIf(is_lost) AS lost,
    countIf(NOT contended AND start_ns >= window_from_ns) AS at_once,
    quantileExactInclusiveStateIf(0.95)(toUInt64(end_ns - start_ns), NOT is_open) AS lengths,
    sumIf(toFloat64(end_ns - start_ns), NOT is_open) AS length_sum,
    min(toUInt64(end_ns - start_ns)) AS shortest,
    max(toUInt64(end_ns - start_ns)) AS longest,
    sum(toUInt128(till_ns - from_ns)) AS in_window,
    -- Microseconds and a part of the actor in one number, which is quick to sort.
    arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(intDiv(start_ns, 1000)), 13), actor % 8192))) AS grants,
    arrayCount((a, b) -> a % 8192 != b % 8192, arrayPopFront(grants), arrayPopBack(grants)) AS bounces
  FROM lock_holds
  GROUP BY owner, lock_name, lock_type, lock
) AS h
LEFT JOIN shared_use AS s ON s.of_lock = h.lock
