-- Question: Which locks are taken in orders that can deadlock some day?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_edges, lock_orders
--
-- Headline, the columns of a table, the last left out first:
--   locks, services, severity, orders, tasks, counts, first_at, last_at
--
-- Output, one row per circle of lock names, the shortest first:
--   locks      text    names of the locks, in the order of the circle, each once
--   severity   count   what it costs, see docs/analyzers/severity.md
--   orders     text    for each step who asked for which lock while holding which, and how often
--   services   text    services of the tasks
--   length     count   locks in the circle
--   same       count   1 if the very same locks were taken in both orders, 0 if only locks of these names
--   tasks      count   tasks that took part, of each step at most 16
--   times      count   how often the rarest of the steps was taken
--   counts     counts  how often each step was taken
--   first_at   time    when the circle was closed: when the last of its steps was first taken
--   last_at    time    when one of them was last taken
--   trace_ids  text    a trace of each step
--   span_ids   text    a span of each step
WITH
  -- By the ids of the locks, as far as the holds are there.
  by_lock AS
  (
    SELECT
      from_owner AS source_owner, from_name AS source_name, to_owner AS target_owner, to_name AS target_name,
      groupUniqArrayArray(16)(e.actors) AS actors,
      groupArrayIntersect(e.gates) AS gates,
      groupUniqArray(1000)((from_lock, to_lock)) AS pairs,
      any(e.task) AS task, any(e.service) AS of_service, any(e.trace_id) AS trace_id, any(e.span_id) AS span_id,
      sum(e.times) AS times, max(e.asks_alone) AS asks_alone, max(e.holds_alone) AS holds_alone,
      min(e.first_ns) AS first_ns, max(e.last_ns) AS last_ns
    FROM lock_edges AS e
    WHERE from_lock != to_lock
    GROUP BY from_owner, from_name, to_owner, to_name
  ),
  steps AS MATERIALIZED
  (
    SELECT
      source_owner, source_name, target_owner, target_name,
      groupUniqArrayArray(16)(actors) AS of_actors,
      -- If lock_orders:
      -- Names of gates, where a session tells its orders; else ids.
      if(max(is_told), groupArrayIntersectIf(gates, is_told), groupArrayIntersect(gates)) AS of_gates,
      -- Else
      groupArrayIntersect(gates) AS of_gates,
      -- End
      groupUniqArrayArray(1000)(b.pairs) AS pairs,
      (source_name, target_name, 
        -- What is told is exact; where other sessions do not tell theirs, the holds say more.
        if(sumIf(times, is_told) >= 0.9 * sumIf(times, NOT is_told), sumIf(times, is_told), sumIf(times, NOT is_told)),
        argMin(task, is_told), argMin(of_service, is_told), argMin(trace_id, is_told), argMin(span_id, is_told),
        min(first_ns), max(last_ns), max(asks_alone), max(holds_alone)) AS step
    FROM
    (
      SELECT
        source_owner, source_name, target_owner, target_name, actors, gates, pairs, task, of_service, trace_id, span_id, times,
        asks_alone, holds_alone, first_ns, last_ns, false AS is_told
      FROM by_lock
      -- If lock_orders:
      UNION ALL
      SELECT
        source_owner, source_name, target_owner, target_name, actors, gates, [], 'a task', of_service, trace_id, span_id, times,
        asks_alone, holds_alone, first_ns, last_ns, true
      FROM lock_orders
      -- End
    ) AS b
    GROUP BY source_owner, source_name, target_owner, target_name
    ORDER BY step.3 DESC
    LIMIT 5000
  ),
  circles AS
  (
    WITH RECURSIVE paths AS
    (
      SELECT
        [step] AS path, [(source_owner, source_name)] AS passed, [of_actors] AS actors, [of_gates] AS gates,
        [pairs] AS all_pairs, (target_owner, target_name) AS at
      FROM steps
      UNION ALL
      SELECT
        arrayPushBack(p.path, s.step) AS path, arrayPushBack(p.passed, p.at) AS passed,
        arrayPushBack(p.actors, s.of_actors) AS actors, arrayPushBack(p.gates, s.of_gates) AS gates,
        arrayPushBack(p.all_pairs, s.pairs) AS all_pairs, (s.target_owner, s.target_name) AS at
      FROM paths AS p
      INNER JOIN steps AS s ON s.source_owner = p.at.1 AND s.source_name = p.at.2
      -- Each circle is found from the first of its locks only.
      WHERE p.at > p.passed[1] AND length(p.path) < 6 AND NOT has(p.passed, p.at)
        -- A lock that is held at two of the steps lets only one task be there.
        AND NOT arrayExists(gate -> hasAny(gate, s.of_gates), p.gates)
    )
    SELECT path, actors, all_pairs
    FROM paths
    WHERE at = passed[1]
      -- Locks of one name are in a circle only if the same two were taken in both orders.
      AND (length(path) > 1 OR hasAny(all_pairs[1], arrayMap(pair -> (pair.2, pair.1), all_pairs[1])))
      -- One task does not wait for itself, and readers do not wait for readers.
      AND length(arrayDistinct(arrayFlatten(actors))) >= greatest(length(path), 2)
      AND arrayAll(
        (asked, held) -> asked.10 OR held.11, path, arrayPushBack(arrayPopFront(path), path[1]))
  )
SELECT
  arrayStringConcat(arrayMap(step -> toString(step.1), path), ', ') AS locks,
  toUInt8(least(39, 30 + 5 * same + round(log10(times)))) AS severity,
  arrayStringConcat(
    arrayMap(step -> concat(step.4, ' asked for ', step.2, ' while holding ', step.1, ', ', toString(step.3),
      if(step.3 = 1, ' time', ' times')), path),
    '; ') AS orders,
  arrayStringConcat(arraySort(arrayDistinct(arrayMap(step -> toString(step.5), path))), ', ') AS services,
  length(path) AS length,
  toUInt8(length <= 2 AND hasAny(all_pairs[1], arrayMap(pair -> (pair.2, pair.1), all_pairs[-1]))) AS same,
  length(arrayDistinct(arrayFlatten(actors))) AS tasks,
  arrayMin(step -> step.3, path) AS times,
  arrayMap(step -> step.3, path) AS counts,
  fromUnixTimestamp64Nano(arrayMax(step -> step.8, path), 'UTC') AS first_at,
  fromUnixTimestamp64Nano(arrayMax(step -> step.9, path), 'UTC') AS last_at,
  arrayStringConcat(arrayMap(step -> step.6, path), ' ') AS trace_ids,
  arrayStringConcat(arrayMap(step -> step.7, path), ' ') AS span_ids
FROM circles
ORDER BY severity DESC, length, times DESC, locks
LIMIT 1000
