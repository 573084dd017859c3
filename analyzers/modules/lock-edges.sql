-- Module: Which lock was asked for while which other was held: a row for each pair of locks.
--
-- Kept for several questions: a report asks it once.
--
-- Uses: lock_holds, lock_waits
--
-- Columns, from_* of the held lock, to_* of the one asked for:
--   from_lock, from_owner, from_name, to_lock, to_owner, to_name
--   times        how often; waits: how often it was not granted at once; hold_ns: how long it was then held, together
--   actors       tasks that did, at most 16; task: name of one; service, trace_id, span_id: of its span
--   gates        locks that were held besides, each time
--   asks_alone   whether it was ever asked for as the only holder; holds_alone: whether the other was ever held so
--   first_ns, last_ns
SELECT
  k.lock AS from_lock,
  k.owner AS from_owner,
  k.lock_name AS from_name,
  r.to_lock AS to_lock, r.to_owner AS to_owner, r.to_name AS to_name,
  sum(r.weight) AS times,
  countIf(r.has_waited) AS waits,
  sum(r.hold_ns) AS hold_ns,
  groupUniqArray(16)(r.actor) AS actors,
  any(r.task) AS task,
  any(r.service) AS service,
  any(r.trace_id) AS trace_id,
  any(r.span_id) AS span_id,
  groupArrayIntersect(r.besides) AS gates,
  max(r.is_alone) AS asks_alone,
  max(k.is_alone) AS holds_alone,
  min(r.start_ns) AS first_ns,
  max(r.start_ns) AS last_ns
FROM
(
  SELECT
    service, session, actor, to_lock, to_owner, to_name, task, trace_id, span_id, is_alone, has_waited, weight, hold_ns, start_ns,
    from_id, arrayFilter(id -> id != from_id, held) AS besides
  FROM
  (
    SELECT
      service, session, actor, lock AS to_lock, owner AS to_owner, lock_name AS to_name,
      if(task_name = '', concat('task ', task_id), toString(task_name)) AS task, trace_id, span_id,
      lock_mode != 'shared' AS is_alone, contended AS has_waited, weight,
      toFloat64(till_ns - from_ns) * weight AS hold_ns, start_ns,
      arrayFilter(id -> id != lock_id, held) AS held
    FROM lock_holds
    WHERE notEmpty(held)
    UNION ALL
    SELECT
      service, session, actor, lock, owner, lock_name,
      if(task_name = '', concat('task ', task_id), toString(task_name)), trace_id, span_id,
      lock_mode != 'shared', true, 1, 0, start_ns, arrayFilter(id -> id != lock_id, held)
    FROM lock_waits
    WHERE notEmpty(held) AND outcome IN ('waiting', 'timeout', 'cancelled')
  )
  ARRAY JOIN held AS from_id
) AS r
INNER JOIN
(
  -- A lock of a session names that itself; of others each session is looked at.
  SELECT
    any((h.service, h.session, h.lock_id, h.lock_name, h.owner)) AS one,
    one.1 AS service, one.2 AS session, one.3 AS lock_id, one.4 AS lock_name, lock, one.5 AS owner,
    max(lock_mode != 'shared') AS is_alone
  FROM lock_holds AS h
  GROUP BY lock, if(is_shared, cityHash64(h.service, h.session), 0)
) AS k ON k.service = r.service AND k.session = r.session AND k.lock_id = r.from_id
GROUP BY from_lock, from_owner, from_name, to_lock, to_owner, to_name
