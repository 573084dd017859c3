-- Question: Which locks never got a break: for how long was there always somebody who waited, and how many were served?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts, as far as it lies within
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--
-- Uses: lock_convoys, lock_waits, observed, trouble, blocked_severity
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, service, severity, longest_ns, peak, served, convoys, share, per_grant_ns
--
-- Output, one row per service, lock name and type with a convoy, the most severe first:
--   service       text         service of the locks; several where the lock is one of a host or cluster
--   lock_name     text         class of the lock
--   lock_type     text         mutex, rwlock, semaphore, ...
--   severity      count        what it costs, see docs/analyzers/severity.md
--   convoys       count        stretches in which somebody always waited, at least two at once, and four or more were served
--   longest_ns    duration ns  the longest of them, within the window
--   longest_at    time         when it began
--   peak          count        most that waited at once in it
--   served        count        requests that were granted in it after a wait
--   gave_up       count        requests that timed out or were cancelled in it
--   queue_mean    number tasks  how many waited on average in it
--   per_grant_ns  duration ns  time from one grant to the next in it, on average
--   is_going_on   count        1 if it had not ended when last reported
--   as_of         time         until when that is known, 1970 for up to now
--   convoy_ns     duration ns  how long all of them were, together
--   share         fraction     convoy_ns of observed_ns
--   blocked_ns    duration ns  how long all waited in them, together
--   observed_ns   duration ns  wall time in which a session of the service reported, within the window
--   lock_id       text         the lock of the longest
--   trace_id      text         trace of the longest wait in it
--   span_id       text         its span
WITH
  convoys AS
  (
    SELECT
      class,
      -- If service_locks:
      groupUniqArrayArray(c.others) AS services,
      -- Else
      [] AS services,
      -- End
      groupArray((toFloat64(c.length_ns), c.wait_ns)) AS each,
      -- Of the longest.
      argMax((c.length_ns, c.start_ns, c.peak, c.served, c.gave_up, c.wait_ns, c.waiting, c.as_of), c.length_ns) AS most,
      argMax((c.lock, c.longest.2, c.longest.3), c.length_ns) AS wait,
      sum(c.length_ns) AS convoy_ns,
      sum(c.wait_ns) AS wait_ns
    FROM lock_convoys AS c
    WHERE c.peak >= 2 AND c.served >= 4
    GROUP BY class
  )
SELECT
  arrayStringConcat(arraySort(arrayDistinct(arrayPushBack(c.services, w.service))), ', ') AS service,
  w.lock_name AS lock_name,
  w.lock_type AS lock_type,
  blocked_severity(
    arrayMax(one -> trouble(one.1) * one.2 / greatest(one.1, least(1e10, toFloat64(o.observed_ns))), c.each),
    arraySum(one -> trouble(one.1) * one.2, c.each) / observed_ns) AS severity,
  length(c.each) AS convoys,
  c.most.1 AS longest_ns,
  fromUnixTimestamp64Nano(c.most.2, 'UTC') AS longest_at,
  c.most.3 AS peak,
  c.most.4 AS served,
  c.most.5 AS gave_up,
  c.most.6 / longest_ns AS queue_mean,
  toUInt64(round(longest_ns / served)) AS per_grant_ns,
  c.most.7 > 0 AS is_going_on,
  if(is_going_on = 0, toDateTime64(0, 9, 'UTC'), c.most.8) AS as_of,
  toUInt64(c.convoy_ns) AS convoy_ns,
  least(1, convoy_ns / observed_ns) AS share,
  toUInt64(c.wait_ns) AS blocked_ns,
  greatest(toUInt64(o.observed_ns), longest_ns, 1) AS observed_ns,
  w.lock_id AS lock_id,
  w.trace_id AS trace_id,
  w.span_id AS span_id
FROM lock_waits AS w
INNER JOIN convoys AS c ON c.wait.1 = w.lock AND c.wait.2 = w.start_ns AND c.wait.3 = w.actor
LEFT JOIN observed AS o ON o.of_service = w.service
ORDER BY severity DESC, convoy_ns DESC, service, lock_name, lock_type
LIMIT 1 BY c.class
