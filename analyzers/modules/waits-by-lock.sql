-- Module: How each lock made others wait in the window.
--
-- Uses: lock_waits
--
-- Columns, besides lock, class and those that name it:
--   is_pool      whether it is a semaphore or pool
--   services, sessions, actors, threads  who asked for it; all but services are states
--   lengths      state of the percentiles 50, 95 and 99 of the waits, those that go on with their age; shortest, longest
--   in_window    sum of what of the waits lies within the window; wall: state of the time in which at least one waited
--   waiters_max  most that waited at once
--   contended    requests that were not granted at once and not refused; timeouts, cancelled, refused, lost: of these
--   nested       requests of tasks that held a permit of the same lock
--   waiting      that still wait, waiting_longest and waiting_sum of their ages, waiting_as_of of the oldest
--   worst        the longest wait: lock, lock_id, start_ns, task, trace_id, span_id
SELECT
  lock, is_pool,
  any(w.owner) AS owner,
  any(w.lock_name) AS lock_name,
  any(w.lock_type) AS lock_type,
  cityHash64(owner, lock_name, lock_type) AS class,
  arrayDistinct(arrayPushBack(groupUniqArrayIf(service, is_shared), any(service))) AS services,
  uniqState(cityHash64(session)) AS sessions,
  uniqState(actor) AS actors,
  uniqState(bitXor(cityHash64(session), intHash64(thread_id))) AS threads,
  quantilesExactInclusiveStateIf(0.5, 0.95, 0.99)(length_ns, is_wait) AS lengths,
  minIf(length_ns, is_wait) AS shortest,
  maxIf(length_ns, is_wait) AS longest,
  sum(toUInt128(till_ns - from_ns)) AS in_window,
  intervalLengthSumState(from_ns, till_ns) AS wall,
  maxIntersectionsIf(from_ns, till_ns, till_ns > from_ns) AS waiters_max,
  countIf(is_wait) AS contended,
  countIf(outcome = 'timeout') AS timeouts,
  countIf(outcome = 'cancelled') AS cancelled,
  countIf(outcome = 'refused') AS refused,
  countIf(outcome = 'lost') AS lost,
  countIf(is_wait AND is_nested) AS nested,
  countIf(outcome = 'waiting') AS waiting,
  maxIf(length_ns, outcome = 'waiting') AS waiting_longest,
  sumIf(toUInt128(length_ns), outcome = 'waiting') AS waiting_sum,
  argMaxIf(as_of, length_ns, outcome = 'waiting') AS waiting_as_of,
  argMaxIf((lock, lock_id, start_ns, if(task_name = '', task_id, toString(task_name)), trace_id, span_id), length_ns,
    is_wait) AS worst
FROM
(
  SELECT
    lock, owner, lock_name, lock_type, lock_type IN ('semaphore', 'pool') AS is_pool, is_shared, service, session, actor, thread_id, task_id, task_name, lock_id, trace_id,
    span_id, length_ns, outcome, start_ns, from_ns, till_ns, as_of, has(held, lock_id) AS is_nested,
    outcome NOT IN ('refused', 'lost') AND NOT (outcome = 'cancelled' AND length_ns = 0) AS is_wait
  FROM lock_waits
) AS w
GROUP BY lock, is_pool
