-- Module: What became of each lock in the window: how often and how long it was held, by how many.
--
-- Uses: lock_holds, window_from_ns, shared_use
--
-- Counts and sums are of all that the rows stand for, the longest and the shortest of the rows.
--
-- Rows are counted by numbers, as there are many: hashes of names are made once for each name.
--
-- Columns, besides lock, class and those that name it:
--   is_pool     whether it is a semaphore or pool
--   services, sessions, actors, threads  who used it; all but services are states
--   ended, still, lost  holds that have ended, that go on, and whose end was lost
--   at_once     requests in the window that were granted at once
--   lengths     state of the 95th percentile of the holds that have ended; length_sum, shortest, longest: of the same
--   lengths_weighed  the same of all that the rows stand for, and heaviest: the most that one does; where holds were thinned
--   in_window   sum of what of the holds lies within the window
--   bounces     grants to another actor than the one before
--   permits     most that were held at once
--   used_ns     time in which it was in use: for locks with permits weighted by those held of those there are
SELECT
  h.lock AS lock, cityHash64(of_owner, of_name, of_type) AS class, of_owner AS owner, of_name AS lock_name, of_type AS lock_type,
  h.is_pool AS is_pool, arrayDistinct(arrayPushBack(of_several, of_service)) AS services, sessions, actors, threads, ended, still, lost, at_once, lengths,
  -- If thinned_holds:
  lengths_weighed, heaviest,
  -- End
  length_sum, shortest, longest, in_window,
  bounces,
  greatest(s.permits_used, 1) AS permits,
  multiIf(s.permits_used = 0, toFloat64(in_window), of_type = 'rwlock', s.wall, s.permit_ns / s.permits_used) AS used_ns
FROM
(
  SELECT
    lock, lock_type IN ('semaphore', 'pool') AS is_pool,
    any(lock_type) AS of_type,
    any(owner) AS of_owner,
    any(lock_name) AS of_name,
    any(service) AS of_service,
    groupUniqArrayIf(service, is_shared) AS of_several,
    uniqState(cityHash64(session)) AS sessions,
    uniqState(actor) AS actors,
    uniqState(bitXor(cityHash64(session), intHash64(thread_id))) AS threads,
    sumIf(weight, NOT is_open) AS ended,
    countIf(is_open AND NOT is_lost) AS still,
    countIf(is_lost) AS lost,
    sumIf(weight, NOT contended AND start_ns >= window_from_ns) AS at_once,
    quantileExactInclusiveStateIf(0.95)(toUInt64(end_ns - start_ns), NOT is_open) AS lengths,
    -- If thinned_holds:
    quantileTDigestWeightedStateIf(0.95)(toUInt64(end_ns - start_ns), weight, NOT is_open) AS lengths_weighed,
    max(weight) AS heaviest,
    -- End
    sumIf(toFloat64(end_ns - start_ns) * weight, NOT is_open) AS length_sum,
    min(toUInt64(end_ns - start_ns)) AS shortest,
    max(toUInt64(end_ns - start_ns)) AS longest,
    sum(toUInt128(till_ns - from_ns) * weight) AS in_window,
    -- Microseconds and a part of the actor in one number, which is quick to sort.
    toUInt64(round(sum(weight) / count() * arrayCount(gap -> gap % 8192 != 0, arrayDifference(arraySort(groupArray(
      toInt64(bitOr(bitShiftLeft(intDiv(start_ns, 1000), 13), toInt64(actor % 8192))))))))) AS bounces
  FROM lock_holds
  GROUP BY lock, is_pool
) AS h
LEFT JOIN shared_use AS s ON s.of_lock = h.lock
