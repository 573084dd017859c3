-- Question: Which tasks wait, or waited, for each other in a circle?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_waits, circle_edges, failure_severity
--
-- Headline, the columns of a table, the last left out first:
--   locks, state, severity, tasks, circle, since_at, waited_ns, victims, occurrences, services
--
-- Output, one row per state and set of lock names, the most severe first:
--   state          text         live: nobody has given up; resolved: somebody did; unknown: more waits than are looked at, so circles may be missing
--   locks          text         names of the locks, in the order of the circle, each once
--   severity       count        what it costs, see docs/analyzers/severity.md
--   tasks          count        tasks in the circle
--   circle         text         who waits for which lock, held by the next, of the latest
--   services       text         services of the tasks
--   sessions       count        sessions of the tasks
--   occurrences    count        circles of these locks
--   since_at       time         when the last of the tasks began to wait, of the latest
--   waited_ns      duration ns  how long the tasks waited in the circle, together, of all occurrences
--   resolved_by    text         timeout or cancelled: how the first wait of it ended, of the latest
--   resolved_at    time         when, 1970 if not
--   as_of          time         until when a live one is known, 1970 for up to now
--   victims        count        other waits for the locks of the latest, at that time
--   victims_ns     duration ns  how long these waited, together
--   first_at       time         when the first of the occurrences began
--   trace_ids      text         traces of the waits of the latest
--   span_ids       text         spans of the waits of the latest
--   left_out       count        waits of one for another that may be in circles and were not looked at
WITH
  -- Found before the rest is planned, which is then planned for these few, not for all that they come from.
  (
    SELECT (groupArray(edge), max(left_out))
    FROM circle_edges
  ) AS graph,
  edges AS MATERIALIZED
  (
    SELECT edge, edge.1 AS actor, edge.2 AS holder, edge.3 AS lo_ns, edge.4 AS hi_ns
    FROM (SELECT arrayJoin(graph.1) AS edge)
  ),
  found AS
  (
    WITH RECURSIVE paths AS
    (
      SELECT
        [edge] AS path, [actor] AS passed, holder AS at_actor,
        if(edge.7 = 'waiting', 9223372036854775807, edge.6) AS at_ns
      FROM edges
      WHERE edge.7 != 'granted'
      UNION ALL
      SELECT
        arrayPushBack(p.path, e.edge) AS path, arrayPushBack(p.passed, e.actor) AS passed, e.holder AS at_actor, p.at_ns AS at_ns
      FROM paths AS p
      INNER JOIN edges AS e ON e.actor = p.at_actor
      WHERE e.lo_ns <= p.at_ns AND e.hi_ns >= p.at_ns AND length(p.passed) < 16 AND NOT has(p.passed, e.actor)
    )
    SELECT path, at_ns
    FROM paths
    WHERE at_actor = passed[1] AND length(path) > 1
  ),
  circles AS MATERIALIZED
  (
    SELECT
      arraySort(arrayMap(edge -> edge.1, path)) AS members,
      at_ns,
      at_ns = 9223372036854775807 AS is_live,
      argMin(path, path[1].1) AS ring,
      arrayMap(edge -> toString(edge.9), ring) AS lock_names,
      arrayMax(edge -> edge.3, ring) AS since_ns,
      if(is_live, arrayMax(edge -> edge.6, ring), at_ns) AS until_ns
    FROM found
    GROUP BY members, at_ns
  ),
  victims AS
  (
    SELECT c.members AS of_members, c.at_ns AS of_at_ns, count() AS victims, sum(toUInt128(w.length_ns)) AS victims_ns
    FROM lock_waits AS w
    INNER JOIN
    (
      SELECT members, at_ns, since_ns, until_ns, arrayJoin(arrayDistinct(arrayMap(edge -> edge.8, ring))) AS in_lock
      FROM circles
    ) AS c ON c.in_lock = w.lock
    WHERE NOT has(c.members, w.actor) AND w.start_ns <= c.until_ns AND w.end_ns >= c.since_ns
    GROUP BY of_members, of_at_ns
  )
SELECT
  state, locks, severity, tasks, circle, services, sessions, occurrences, since_at, waited_ns, resolved_by, resolved_at, as_of, victims,
  victims_ns, first_at, trace_ids, span_ids, left_out
FROM
(
  SELECT
    if(c.is_live, 'live', 'resolved') AS state,
    arrayStringConcat(arrayDistinct(argMax(c.lock_names, c.until_ns)), ', ') AS locks,
    toUInt8(if(state = 'live', least(99, 92 + round(log2(1 + victims))),
      least(85, greatest(45, failure_severity(occurrences) + 20)))) AS severity,
    toUInt64(length(argMax(c.members, c.until_ns))) AS tasks,
    argMax(arrayStringConcat(arrayMap(edge -> concat(edge.12, ' waits for ', edge.9), c.ring), ', held by '), c.until_ns)
      AS circle,
    arrayStringConcat(arraySort(groupUniqArrayArray(arrayMap(edge -> toString(edge.10), c.ring))), ', ') AS services,
    uniqArray(arrayMap(edge -> edge.11, c.ring)) AS sessions,
    count() AS occurrences,
    fromUnixTimestamp64Nano(argMax(c.since_ns, c.until_ns), 'UTC') AS since_at,
    sum(toUInt128(length(c.members) * greatest(c.until_ns - c.since_ns, 0))) AS waited_ns,
    if(state = 'live', '', toString(argMax(c.ring[1].7, c.until_ns))) AS resolved_by,
    if(state = 'live', toDateTime64(0, 9, 'UTC'), fromUnixTimestamp64Nano(max(c.until_ns), 'UTC')) AS resolved_at,
    if(state = 'live', max(arrayMax(edge -> edge.13, c.ring)), toDateTime64(0, 9, 'UTC')) AS as_of,
    argMax(v.victims, c.until_ns) AS victims,
    argMax(v.victims_ns, c.until_ns) AS victims_ns,
    fromUnixTimestamp64Nano(min(c.since_ns), 'UTC') AS first_at,
    argMax(arrayStringConcat(arrayMap(edge -> edge.14, c.ring), ' '), c.until_ns) AS trace_ids,
    argMax(arrayStringConcat(arrayMap(edge -> edge.15, c.ring), ' '), c.until_ns) AS span_ids,
    graph.2 AS left_out
  FROM circles AS c
  LEFT JOIN victims AS v ON v.of_members = c.members AND v.of_at_ns = c.at_ns
  WHERE c.until_ns >= toUnixTimestamp64Nano({from:DateTime64(9, 'UTC')})
  GROUP BY state, arraySort(c.lock_names)
  UNION ALL
  SELECT
    'unknown', '', 20, 0, '', '', 0, 0, toDateTime64(0, 9, 'UTC'), 0, '', toDateTime64(0, 9, 'UTC'), toDateTime64(0, 9, 'UTC'), 0, 0,
    toDateTime64(0, 9, 'UTC'), '', '', graph.2
  WHERE graph.2 > 0
)
ORDER BY severity DESC, waited_ns DESC, locks
