-- Question: Which locks are used in ways that locks are not made for?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_holds, lock_waits, lock_misuses, failure_severity
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, rule, service, severity, times, task, cost_ns, still, rate
--
-- Output, one row per rule and lock name and type that breaks it, the most severe first:
--   service    text         service.name; several where the lock is one of a host or cluster
--   lock_name  text         class of the lock
--   lock_type  text         mutex, rwlock, semaphore, ...
--   rule       text         self: a task asked for a lock that it held; two: two held what only one may hold; spinning: asked again at once; as told: released_twice, released_by_other, never_released, gone (while waited for), held_past_end
--   severity   count        what it costs, see docs/analyzers/severity.md
--   times      count        self and spinning: requests; two: locks; as told: how often
--   still      count        self: requests that go on
--   cost_ns    duration ns  self: how long these requests waited, together; two: how long two held it at once
--   rate       rate req/s   spinning: requests that were refused, per second in which any was
--   tasks      count        tasks that did
--   task       text         one of them: name, else id
--   site       text         as told: where it was done, function, file and line, empty where that is not known
--   asked_site  text        as told: where the lock had been asked for
--   first_at   time         when it was first so
--   as_of      time         until when it is known that a request goes on, 1970 for up to now
--   lock_id    text         one of the locks
--   trace_id   text         trace of one of them
--   span_id    text         its span
WITH
  doubled AS
  (
    SELECT
      lock, any(h.class) AS class, any(h.lock_name) AS lock_name, any(h.lock_type) AS lock_type,
      groupUniqArray(service) AS of_services,
      sum(toFloat64(till_ns - from_ns)) - toFloat64(intervalLengthSum(from_ns, till_ns)) AS twice_ns,
      uniq(actor) AS actors,
      max(start_ns) AS latest_ns,
      min(start_ns) AS start
    FROM lock_holds AS h
    WHERE h.lock_type NOT IN ('semaphore', 'pool') AND lock_mode != 'shared' AND NOT is_lost AND till_ns > from_ns
    GROUP BY lock
    -- Clocks of two processes are never the same.
    HAVING twice_ns > if(lock_type IN ('distributed', 'database', 'file'), 100000000, 1000000) AND actors > 1
  )
SELECT
  arrayStringConcat(arraySort(services), ', ') AS service,
  lock_name, lock_type, rule, severity, times, still,
  toUInt64(cost) AS cost_ns,
  rate, tasks,
  one.1 AS task,
  place.1 AS site,
  place.2 AS asked_site,
  fromUnixTimestamp64Nano(first_ns, 'UTC') AS first_at,
  until AS as_of,
  one.2 AS lock_id,
  one.3 AS trace_id,
  one.4 AS span_id
FROM
(
  SELECT
    groupUniqArray(service) AS services, any(w.lock_name) AS lock_name, any(w.lock_type) AS lock_type, 'self' AS rule,
    countIf(outcome = 'waiting' AND length_ns >= 1000000000) AS still,
    count() AS times,
    toUInt8(if(still > 0, 90, least(80, failure_severity(times) + 20))) AS severity,
    sum(toFloat64(length_ns)) AS cost,
    0. AS rate,
    uniq(actor) AS tasks,
    argMax((if(task_name = '', task_id, toString(task_name)), lock_id, trace_id, span_id), length_ns) AS one,
    ('', '') AS place,
    min(start_ns) AS first_ns,
    maxIf(w.as_of, outcome = 'waiting') AS until
  FROM lock_waits AS w
  WHERE has(held, lock_id) AND w.lock_type NOT IN ('semaphore', 'pool') AND outcome IN ('waiting', 'timeout', 'cancelled')
    AND end_ns > start_ns
  GROUP BY w.class
  UNION ALL
  -- Of what is held one after the other, the sum of the holds is the time in which it is held.
  SELECT
    groupUniqArrayArray(of_services), any(h.lock_name), any(h.lock_type), 'two', 0, count(), 70, sum(twice_ns), 0., sum(actors),
    argMax((if(h.task_name = '', h.task_id, toString(h.task_name)), h.lock_id, h.trace_id, h.span_id), twice_ns), ('', ''), min(start),
    toDateTime64(0, 9, 'UTC')
  FROM
  (
    SELECT
      d.lock AS lock, d.class AS class, d.lock_name AS lock_name, d.lock_type AS lock_type, of_services, twice_ns, actors, start,
      task_name, task_id, lock_id, trace_id, span_id
    FROM lock_holds AS l
    INNER JOIN doubled AS d ON d.lock = l.lock AND d.latest_ns = l.start_ns
    LIMIT 1 BY d.lock
  ) AS h
  GROUP BY h.class
  UNION ALL
  SELECT
    groupUniqArray(service), any(r.lock_name), any(r.lock_type), 'spinning', 0, count() AS refusals,
    toUInt8(least(39, round(20 + 5 * log10(greatest(per_second, 1))))), 0.,
    refusals / uniq(intDiv(start_ns, 1000000000)) AS per_second, uniq(actor),
    any((if(task_name = '', task_id, toString(task_name)), lock_id, trace_id, span_id)), ('', ''), min(start_ns),
    toDateTime64(0, 9, 'UTC')
  FROM lock_waits AS r
  WHERE outcome = 'refused' AND start_ns >= from_ns
  GROUP BY r.class
  HAVING refusals >= 100 AND per_second >= 10
  -- If lock_misuses:
  UNION ALL
  SELECT
    [service], lock_name, lock_type, rule, 0, times,
    toUInt8(multiIf(rule = 'gone', 70, rule = 'released_twice', 50, rule = 'never_released', 45, 30)),
    0., 0., tasks, (task, lock_id, trace_id, span_id), (toString(site), toString(asked_site)), first_ns, toDateTime64(0, 9, 'UTC')
  FROM lock_misuses
  -- End
)
ORDER BY severity DESC, times DESC, service, lock_name, lock_type, rule
