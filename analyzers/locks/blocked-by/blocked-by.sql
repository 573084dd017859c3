-- Question: Who held the locks that others waited for, and what was he doing?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts, as far as it lies within
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_waits, lock_slots, lock_culprits, lock_stretches, lock_drawers, drawers, actor_name, actor_number,
--   observed, blocked_severity, hang_severity, as_durations
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, holder, service, severity, blocked_ns, share, victims, doing, chain, waiters, longest_ns
--
-- Output, one row per lock name and type and name of its holder, the 1,000 most severe:
--   service        text         of the lock; of the holder where services share it
--   lock_name      text         class of the lock
--   lock_type      text         mutex, rwlock, semaphore, ...
--   holder         text         name of the task that held it; tasks without one are one of their thread
--   severity       count        what it costs, see docs/analyzers/severity.md
--   blocked_ns     duration ns  how long others waited within the window while he held it, shared among holders of one moment
--   share          fraction     blocked_ns of all the waiting for these locks
--   known_share    fraction     of all the waiting for these locks, what is charged to any holder; the rest nobody reported
--   rank           count        1 for the one who blocked most of this lock
--   blocked_mean   number       actors that he blocked on average while his service was observed
--   blocks         count        waits that met one of his holds, once for each
--   victims        count        actors that waited for him
--   waiters        text         names of those who waited for him most, and how many milliseconds
--   longest_ns     duration ns  the longest that one wait met one of his holds
--   longest_at     time         when that began
--   still_blocked  count        waits that go on while he still holds it
--   still_ns       duration ns  their ages together
--   still_as_of    time         until when that is known, 1970 for up to now
--   hold_ns        duration ns  how long the hold of the longest block lasted, or had lasted when last reported
--   within         text         the span in which it was taken
--   doing          text         spans that began during it, and how many milliseconds of it they took
--   chain          text         locks that the holder waited for meanwhile, and who held those, to the end
--   observed_ns    duration ns  wall time in which a session of the service reported, within the window
--   hold_task      text         id of its task
--   hold_trace_id  text         its trace
--   hold_span_id   text         its span
WITH
  -- If whole_lock_culprits:
  -- Found before the rest is planned, which is then planned for these few rows, not for all that they come from.
  (
    SELECT groupArray((
      class, blocked_ns, trouble_ns, blocks, victims, by_waiter, open, open_ns, worst, rank, known_ns, lock_name, lock_type,
      holder_name, actor, service, task_id, trace_id, span_id, parent_span_id, start_ns, end_ns, as_of))
    FROM lock_culprits
  ) AS found,
  culprits AS
  (
    SELECT
      one.1 AS class, one.2 AS blocked_ns, one.3 AS trouble_ns, one.4 AS blocks, one.5 AS victims, one.6 AS by_waiter,
      one.7 AS open, one.8 AS open_ns, one.9 AS worst, one.10 AS rank, one.11 AS known_ns, one.12 AS lock_name,
      one.13 AS lock_type, one.14 AS holder_name, one.15 AS actor, one.16 AS service, one.17 AS task_id, one.18 AS trace_id,
      one.19 AS span_id, one.20 AS parent_span_id, one.21 AS start_ns, one.22 AS end_ns, one.23 AS as_of
    FROM (SELECT arrayJoin(found) AS one)
  ),
  -- Else
  culprits AS
  (
    SELECT
      class, blocked_ns, trouble_ns, blocks, victims, by_waiter, open, open_ns, worst, rank, known_ns, lock_name, lock_type,
      holder_name, actor, service, task_id, trace_id, span_id, parent_span_id, start_ns, end_ns, as_of
    FROM lock_culprits
  ),
  -- End
  -- What those are called who waited most for each.
  waiters AS
  (
    SELECT class, holder_name, mapFromArrays(groupArray(name), groupArray(waited_ns)) AS waited
    FROM
    (
      SELECT class, holder_name, n.name AS name, sum(toFloat64(one.2)) AS waited_ns
      FROM (SELECT class, holder_name, arrayJoin(by_waiter) AS one FROM culprits) AS c
      INNER JOIN
      (
        SELECT number, any(actor_name(task_name, task_id, thread_name)) AS name
        FROM
        (
          SELECT actor_number(task_name, task_id, thread_name) AS number, task_name, task_id, thread_name
          FROM lock_waits
        ) AS w
        INNER JOIN (SELECT DISTINCT arrayJoin(by_waiter).1 AS most FROM culprits) AS m ON m.most = w.number
        GROUP BY number
      ) AS n ON n.number = c.one.1
      GROUP BY class, holder_name, name
    )
    GROUP BY class, holder_name
  ),
  all_waits AS
  (
    SELECT of_class, sum(waited_ns) AS waited_ns
    FROM lock_slots
    GROUP BY of_class
  ),
  -- If nested_waits:
  -- Waits of those who held a lock meanwhile: through them a chain goes on.
  links AS MATERIALIZED
  (
    SELECT
      w.actor AS actor, h.actor AS holder_actor,
      greatest(w.from_ns, h.from_ns) AS from_ns, least(w.till_ns, h.till_ns) AS till_ns,
      concat(h.lock_name, ' held by ', actor_name(h.task_name, h.task_id, h.thread_name)) AS link
    FROM lock_drawers AS h
    INNER JOIN
    (
      SELECT actor, from_ns, till_ns, arrayJoin(drawers(lock, from_ns, till_ns)) AS drawer
      FROM
      (
        SELECT actor, lock, from_ns, till_ns
        FROM lock_waits
        WHERE notEmpty(held) AND till_ns > from_ns
        ORDER BY till_ns - from_ns DESC
        LIMIT 10000
      )
    ) AS w ON w.drawer = h.drawer
    WHERE h.from_ns < w.till_ns AND h.till_ns > w.from_ns AND h.actor != w.actor
    ORDER BY least(w.till_ns, h.till_ns) - greatest(w.from_ns, h.from_ns) DESC
    LIMIT 10000
  ),
  chains AS
  (
    WITH RECURSIVE steps AS
    (
      SELECT
        actor AS root, from_ns, till_ns, holder_actor AS at_actor, [actor, holder_actor] AS passed, link AS chain
      FROM links
      UNION ALL
      SELECT
        s.root AS root, s.from_ns AS from_ns, s.till_ns AS till_ns, l.holder_actor AS at_actor,
        arrayPushBack(s.passed, l.holder_actor) AS passed, concat(s.chain, ', who waited for ', l.link) AS chain
      FROM steps AS s
      INNER JOIN links AS l ON l.actor = s.at_actor
      WHERE l.from_ns < s.till_ns AND l.till_ns > s.from_ns AND NOT has(s.passed, l.holder_actor) AND length(s.passed) < 16
      ORDER BY least(l.till_ns, s.till_ns) - greatest(l.from_ns, s.from_ns) DESC, l.link
      LIMIT 1 BY s.root, s.from_ns, s.till_ns
    )
    SELECT root, groupArray((from_ns, till_ns, length(passed), chain)) AS chains
    FROM steps
    GROUP BY root
  ),
  -- End
  -- With the spans of its trace, but for those of locks.
  traced AS
  (
    SELECT
      c.class AS class, c.holder_name AS holder, any(c.lock_name) AS lock_name, any(c.lock_type) AS lock_type,
      any(c.blocked_ns) AS blocked_ns, any(c.trouble_ns) AS trouble_ns, any(c.blocks) AS blocks,
      any(c.victims) AS victims, any(c.by_waiter) AS by_waiter, any(c.open) AS open, any(c.open_ns) AS open_ns,
      any(c.worst) AS worst, any(c.rank) AS rank, any(c.known_ns) AS known_ns, any(c.actor) AS actor,
      any(c.service) AS service, any(c.task_id) AS task_id, any(c.trace_id) AS trace_id, any(c.span_id) AS span_id,
      any(c.parent_span_id) AS parent_span_id, any(c.start_ns) AS start_ns, any(c.end_ns) AS end_ns,
      any(c.as_of) AS as_of,
      groupArrayIf(1000)((s.SpanId, s.SpanName, s.began_ns, s.Duration), s.SpanId != '') AS spans
    FROM
    (
      SELECT TraceId, SpanId, SpanName, toUnixTimestamp64Nano(Timestamp) AS began_ns, Duration
      FROM otel_traces
      WHERE Timestamp < {to:DateTime64(9, 'UTC')} AND Timestamp >= subtractDays({from:DateTime64(9, 'UTC')}, 1)
        AND TraceId != ''
        AND SpanAttributes['wayward.kind'] != 'lock_hold' AND SpanAttributes['wayward.kind'] != 'lock_wait'
    ) AS s
    RIGHT JOIN culprits AS c ON c.trace_id = s.TraceId
    GROUP BY class, holder
  )
SELECT
  c.service AS service,
  c.lock_name AS lock_name,
  c.lock_type AS lock_type,
  c.holder AS holder,
  greatest(
    blocked_severity(least(s.blocked_worst, c.trouble_ns / 1e10) * 1e10 / least(1e10, toFloat64(observed_ns)), c.trouble_ns / observed_ns),
    hang_severity(if(c.open_ns >= 1e10, c.open_ns, 0))) AS severity,
  toUInt64(c.blocked_ns) AS blocked_ns,
  least(1, c.blocked_ns / greatest(a.waited_ns, 1)) AS share,
  least(1, c.known_ns / greatest(a.waited_ns, 1)) AS known_share,
  c.rank AS rank,
  c.blocked_ns / observed_ns AS blocked_mean,
  c.blocks AS blocks,
  c.victims AS victims,
  as_durations(w.waited) AS waiters,
  toUInt64(c.worst.1) AS longest_ns,
  fromUnixTimestamp64Nano(c.worst.2, 'UTC') AS longest_at,
  c.open AS still_blocked,
  toUInt64(c.open_ns) AS still_ns,
  if(c.open = 0, toDateTime64(0, 9, 'UTC'), c.as_of) AS still_as_of,
  toUInt64(c.end_ns - c.start_ns) AS hold_ns,
  arrayFirst(span -> span.1 = c.parent_span_id, c.spans).2 AS within,
  as_durations(arrayReduce('sumMap', arrayMap(
    span -> map(span.2, toFloat64(least(span.3 + toInt64(span.4), c.end_ns) - span.3)),
    arrayFilter(span -> span.3 >= c.start_ns AND span.3 < c.end_ns AND span.1 != c.span_id AND span.1 != c.parent_span_id, c.spans)))) AS doing,
  -- If nested_waits:
  -- Of the waits of its task that fall into the block the longest, and of what is known of that the most.
  arrayReverseSort(
    step -> (least(step.2, c.worst.3) - greatest(step.1, c.worst.2), step.3),
    arrayFilter(step -> step.1 < c.worst.3 AND step.2 > c.worst.2, g.chains))[1].4 AS chain,
  -- Else
  '' AS chain,
  -- End
  toUInt64(greatest(toFloat64(o.observed_ns), toFloat64(c.worst.1), 1)) AS observed_ns,
  c.task_id AS hold_task,
  c.trace_id AS hold_trace_id,
  c.span_id AS hold_span_id
FROM traced AS c
LEFT JOIN waiters AS w ON w.class = c.class AND w.holder_name = c.holder
LEFT JOIN all_waits AS a ON a.of_class = c.class
LEFT JOIN lock_stretches AS s ON s.class = c.class
-- If nested_waits:
LEFT JOIN chains AS g ON g.root = c.actor
-- End
LEFT JOIN observed AS o ON o.of_service = service
ORDER BY severity DESC, blocked_ns DESC, service, lock_name, lock_type, holder
