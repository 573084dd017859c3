-- Question: How do locks nest: which is asked for while which other is held?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_edges
--
-- Headline, the columns of a table, the last left out first:
--   held, asked, services, times, waits, hold_ns, tasks, both_ways
--
-- Output, one row per pair of lock names, the most frequent first:
--   held       text         name of the lock that was held
--   asked      text         name of the lock that was asked for meanwhile
--   services   text         services of the tasks
--   times      count        how often
--   waits      count        how often it was not granted at once
--   hold_ns    duration ns  how long the inner lock was then held within the window, together
--   pairs      count        pairs of locks of these names
--   tasks      count        tasks that did, of each pair at most 16
--   task       text         one of them
--   gates      text         ids of locks that were held besides each time
--   both_ways  count        1 if the names are also taken the other way round, see lock-order
--   first_at   time         when it was first so
--   last_at    time         when it was last so
--   trace_id   text         trace of one
--   span_id    text         its span
SELECT
  from_name AS held,
  to_name AS asked,
  arrayStringConcat(arraySort(groupUniqArray(e.service)), ', ') AS services,
  sum(e.times) AS times,
  sum(e.waits) AS waits,
  toUInt64(sum(e.hold_ns)) AS hold_ns,
  count() AS pairs,
  uniqArray(e.actors) AS tasks,
  any(e.task) AS task,
  arrayStringConcat(groupArrayIntersect(e.gates), ', ') AS gates,
  -- Pairs as numbers: each is looked for among all.
  toUInt8(has(groupArray(cityHash64(from_name, to_name)) OVER (), cityHash64(to_name, from_name)) AND from_name != to_name)
    AS both_ways,
  fromUnixTimestamp64Nano(min(e.first_ns), 'UTC') AS first_at,
  fromUnixTimestamp64Nano(max(e.last_ns), 'UTC') AS last_at,
  any(e.trace_id) AS trace_id,
  any(e.span_id) AS span_id
FROM lock_edges AS e
WHERE from_lock != to_lock
GROUP BY from_owner, from_name, to_owner, to_name
ORDER BY times DESC, held, asked, services
LIMIT 10000
