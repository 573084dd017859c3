-- Question: Whom do locks keep waiting while others, who asked later, are served?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_holds, lock_waits, hang_severity
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, service, severity, victim, wait_ns, overtaken_by, victim_mode, overtakers, wait_p50_ns
--
-- Output, one row per lock name, type and mode of the request whose longest wait was overtaken, the most severe first:
--   service         text         service of who waited
--   lock_name       text         class of the lock
--   lock_type       text         mutex, rwlock, semaphore, ...
--   victim_mode     text         exclusive or shared: what the one who waited asked for
--   severity        count        what it costs, see docs/analyzers/severity.md
--   victim          text         task that waited: name, else id
--   wait_ns         duration ns  how long it waited or had waited, also where it began before the window
--   requested_at    time         when it asked
--   outcome         text         how that ended: granted, timeout, cancelled; waiting if it goes on
--   as_of           time         until when that is known, 1970 for up to now
--   overtaken_by    count        requests that were made later and granted before, within the window
--   overtakers      text         the tasks that overtook most often
--   overtaking      count        tasks that overtook
--   shared_share    fraction     of those that overtook, how many shared the lock
--   overtaken_ns    duration ns  how long those who overtook held it meanwhile, together
--   wait_p50_ns     duration ns  median wait for these locks in any mode
--   trace_id        text         trace of the wait
--   span_id         text         its span
WITH
  victims AS
  (
    SELECT
      owner, lock_name, lock_type, lock_mode, lock, service, start_ns, end_ns, from_ns, till_ns, length_ns, outcome, as_of, actor,
      if(task_name = '', task_id, toString(task_name)) AS victim, trace_id, span_id
    FROM lock_waits
    WHERE till_ns > from_ns AND length_ns >= 1000000000 AND outcome != 'lost'
    ORDER BY length_ns DESC, sequence
    LIMIT 1 BY owner, lock_name, lock_type, lock_mode
  ),
  usual AS
  (
    SELECT owner, lock_name, lock_type, quantileTDigest(0.5)(length_ns) AS p50
    FROM lock_waits
    WHERE till_ns > from_ns
    GROUP BY owner, lock_name, lock_type
  ),
  overtaken AS
  (
    SELECT
      v.owner AS owner, v.lock_name AS lock_name, v.lock_type AS lock_type, v.lock_mode AS lock_mode,
      count() AS times,
      uniqExact(h.actor) AS actors,
      topK(4)(if(h.task_name = '', h.task_id, toString(h.task_name))) AS most,
      countIf(h.lock_mode = 'shared') AS shared,
      sum(toFloat64(least(h.till_ns, v.till_ns) - h.from_ns)) AS held_ns
    FROM
    (
      SELECT
        lock, actor, task_name, task_id, lock_mode, start_ns, from_ns, till_ns,
        start_ns - toInt64(least(wait_ns, toUInt64(6300000000000000000))) AS asked_ns
      FROM lock_holds
    ) AS h
    INNER JOIN victims AS v ON v.lock = h.lock
    WHERE h.asked_ns > v.start_ns AND h.start_ns < v.end_ns AND h.actor != v.actor AND h.start_ns >= v.from_ns
    GROUP BY owner, lock_name, lock_type, lock_mode
  )
SELECT
  v.service AS service,
  v.lock_name AS lock_name,
  v.lock_type AS lock_type,
  v.lock_mode AS victim_mode,
  -- Ten who overtake are no chance any more; they cost the one who waits his time.
  toUInt8(least(if(overtaken_by < 10, 20, 95), hang_severity(v.length_ns))) AS severity,
  v.victim AS victim,
  v.length_ns AS wait_ns,
  fromUnixTimestamp64Nano(v.start_ns, 'UTC') AS requested_at,
  v.outcome AS outcome,
  if(v.outcome = 'waiting', v.as_of, toDateTime64(0, 9, 'UTC')) AS as_of,
  o.times AS overtaken_by,
  arrayStringConcat(o.most, ', ') AS overtakers,
  o.actors AS overtaking,
  o.shared / o.times AS shared_share,
  toUInt64(o.held_ns) AS overtaken_ns,
  toUInt64(round(u.p50)) AS wait_p50_ns,
  v.trace_id AS trace_id,
  v.span_id AS span_id
FROM victims AS v
INNER JOIN overtaken AS o
  ON o.owner = v.owner AND o.lock_name = v.lock_name AND o.lock_type = v.lock_type AND o.lock_mode = v.lock_mode
LEFT JOIN usual AS u ON u.owner = v.owner AND u.lock_name = v.lock_name AND u.lock_type = v.lock_type
WHERE o.times > 0
ORDER BY severity DESC, wait_ns DESC, service, lock_name, lock_type, victim_mode
