-- Question: Which locks make others wait, how long and how often?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window; what was requested or granted in the window counts
--   service  String         only this service, empty for all
--   session  String         only this session, empty for all
--
-- Headline, the columns of a table, the last left out first:
--   lock_name, service, wait_sum_ns, contended, requests, wait_p50_ns, wait_p95_ns, wait_max_ns,
--   hold_avg_ns, utilisation, waiters_max, still_waiting
--
-- Output, one row per service and lock name, the most waited for first:
--   service                text           service.name
--   lock_name              text           class of the lock
--   lock_type              text           mutex, rwlock, semaphore, ...
--   instances              count          locks of this name
--   sessions               count          sessions that used them
--   requests               count          requests: granted at once, granted later, given up, still waiting
--   holds                  count          holds that have ended
--   contended              count          requests that were not granted at once
--   contended_fraction     fraction       contended of requests
--   wait_p50_ns            duration ns    median wait of the contended requests, still waiting ones with their age
--   wait_p95_ns            duration ns    95th percentile of the same
--   wait_p99_ns            duration ns    99th percentile of the same
--   wait_max_ns            duration ns    longest of the same
--   wait_sum_ns            duration ns    sum of the same; may exceed wall time, as several wait at once
--   waited_ns              duration ns    wall time in which at least one waited
--   waited_share           fraction       waited_ns of observed_ns
--   blocked_mean           number actors  wait_sum_ns of observed_ns: how many waited on average
--   waiters_max            count          most that waited for one lock at once
--   hold_avg_ns            duration ns    mean hold
--   hold_p95_ns            duration ns    95th percentile of the holds
--   hold_max_ns            duration ns    longest hold
--   hold_sum_ns            duration ns    sum of the holds
--   utilisation            fraction       wall time in which a lock of this name was held, of observed_ns
--   tasks                  count          asynchronous tasks that asked for or held it
--   threads                count          threads that asked for or held it
--   timeouts               count          requests that gave up after their time-out
--   cancelled              count          requests that were cancelled
--   refused                count          requests that would not wait
--   still_waiting          count          requests that had not ended when last reported
--   still_waiting_max_ns   duration ns    age of the oldest of them
--   still_held             count          holds that had not ended when last reported
--   observed_ns            duration ns    wall time in which a session of the service reported, within the window
--   worst_lock_id          text           the lock of the longest wait
--   worst_at               time           when it was requested
--   worst_task             text           task that waited longest: name, else id
--   worst_trace_id         text           trace of the longest wait
--   worst_span_id          text           span of the longest wait
--   holder_task            text           task that held the lock when that request was made: name, else id
--   holder_hold_ns         duration ns    how long that hold lasted, or had lasted when last reported
--   holder_trace_id        text           trace of that hold
--   holder_span_id         text           span of that hold
WITH
  holds AS
  (
    SELECT
      service, session, lock_name, lock_id, lock_type, contended, granted_at, hold_ns, thread_id, task_id, task_name,
      trace_id, span_id,
      toUnixTimestamp64Nano(granted_at) AS start_ns,
      start_ns + toInt64(hold_ns) AS end_ns
    FROM wayward_lock_holds
    WHERE granted_at >= {from:DateTime64(9, 'UTC')}
      AND granted_at < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
  ),
  open_operations AS
  (
    SELECT
      service, session, kind, sequence, started_at, seen_at, age_ns, name, subject_id, lock_type, thread_id, task_id,
      task_name, trace_id, span_id
    FROM wayward_open_operations FINAL
    WHERE kind IN ('lock_wait', 'lock_hold')
      AND started_at < {to:DateTime64(9, 'UTC')}
      AND seen_at >= {from:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
      AND (service, session, kind, sequence) NOT IN
      (
        SELECT service, session, kind, sequence
        FROM wayward_ended_operations
      )
  ),
  waits AS
  (
    SELECT
      service, session, lock_name, lock_id, lock_type, toString(result) AS outcome, requested_at, wait_ns, thread_id,
      task_id, task_name, trace_id, span_id,
      toUnixTimestamp64Nano(requested_at) AS start_ns,
      start_ns + toInt64(wait_ns) AS end_ns
    FROM wayward_lock_waits
    WHERE requested_at >= {from:DateTime64(9, 'UTC')}
      AND requested_at < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
    UNION ALL
    SELECT
      service, session, name, subject_id, lock_type, 'waiting', started_at, age_ns, thread_id, task_id, task_name,
      trace_id, span_id,
      toUnixTimestamp64Nano(started_at),
      toUnixTimestamp64Nano(seen_at)
    FROM open_operations
    WHERE kind = 'lock_wait'
      AND (service, session, sequence) NOT IN
      (
        SELECT service, session, sequence
        FROM wayward_lock_waits
        WHERE sequence IN (SELECT sequence FROM open_operations)
      )
  ),
  open_holds AS
  (
    SELECT
      service, session, name AS lock_name, subject_id AS lock_id, lock_type, started_at, age_ns, thread_id, task_id,
      task_name, trace_id, span_id,
      toUnixTimestamp64Nano(started_at) AS start_ns,
      toUnixTimestamp64Nano(seen_at) AS end_ns
    FROM open_operations
    WHERE kind = 'lock_hold'
      AND (service, session, sequence) NOT IN
      (
        SELECT service, session, sequence
        FROM wayward_lock_holds
        WHERE sequence IN (SELECT sequence FROM open_operations)
      )
  ),
  window_end AS (SELECT toUnixTimestamp64Nano({to:DateTime64(9, 'UTC')}) AS ns),
  observed AS
  (
    SELECT
      service AS of_service,
      intervalLengthSum(
        toUnixTimestamp64Nano(greatest(first_seen, {from:DateTime64(9, 'UTC')})),
        toUnixTimestamp64Nano(least(last_seen, {to:DateTime64(9, 'UTC')}))) AS ns
    FROM
    (
      SELECT service, session, min(first_at) AS first_seen, max(last_at) AS last_seen
      FROM wayward_sessions
      WHERE ({service:String} = '' OR service = {service:String})
        AND ({session:String} = '' OR session = {session:String})
      GROUP BY service, session
    )
    WHERE first_seen < {to:DateTime64(9, 'UTC')}
      AND last_seen >= {from:DateTime64(9, 'UTC')}
    GROUP BY service
  ),
  hold_figures AS
  (
    SELECT
      service, lock_name,
      count() AS hold_count,
      countIf(NOT contended) AS uncontended,
      avg(toFloat64(hold_ns)) AS average,
      quantileExactInclusive(0.95)(hold_ns) AS p95,
      max(hold_ns) AS longest,
      sum(toUInt128(hold_ns)) AS total
    FROM holds
    GROUP BY service, lock_name
  ),
  wait_figures AS
  (
    SELECT
      service, lock_name,
      count() AS wait_count,
      quantilesExactInclusive(0.5, 0.95, 0.99)(wait_ns) AS percentiles,
      max(wait_ns) AS longest,
      sum(toUInt128(wait_ns)) AS total,
      intervalLengthSum(start_ns, least(end_ns, (SELECT ns FROM window_end))) AS wall,
      countIf(outcome = 'timeout') AS timeout_count,
      countIf(outcome = 'cancelled') AS cancelled_count,
      countIf(outcome = 'refused') AS refused_count,
      countIf(outcome = 'waiting') AS waiting_count,
      maxIf(wait_ns, outcome = 'waiting') AS waiting_longest,
      argMax((session, lock_id, requested_at, task_name, task_id, trace_id, span_id), wait_ns) AS worst
    FROM waits
    GROUP BY service, lock_name
  ),
  crowds AS
  (
    SELECT service, lock_name, max(peak) AS waiters
    FROM
    (
      SELECT service, session, lock_name, lock_id, maxIntersections(start_ns, end_ns) AS peak
      FROM waits
      WHERE end_ns > start_ns
      GROUP BY service, session, lock_name, lock_id
    )
    GROUP BY service, lock_name
  ),
  actors AS
  (
    SELECT
      service, lock_name,
      max(of_type) AS type,
      uniq(session) AS session_count,
      uniq(session, lock_id) AS instance_count,
      uniqIf((session, task_id), task_id != '') AS task_count,
      uniq(session, thread_id) AS thread_count,
      intervalLengthSumIf(start_ns, least(end_ns, (SELECT ns FROM window_end)), is_hold) AS held_wall,
      countIf(is_open_hold) AS open_hold_count
    FROM
    (
      SELECT service, session, lock_name, lock_id, toString(lock_type) AS of_type, task_id, thread_id, start_ns, end_ns,
        true AS is_hold, false AS is_open_hold
      FROM holds
      UNION ALL
      SELECT service, session, lock_name, lock_id, toString(lock_type), task_id, thread_id, start_ns, end_ns, true, true
      FROM open_holds
      UNION ALL
      SELECT service, session, lock_name, lock_id, toString(lock_type), task_id, thread_id, start_ns, end_ns, false, false
      FROM waits
    )
    GROUP BY service, lock_name
  ),
  worst_waits AS
  (
    SELECT
      service AS in_service, lock_name AS of_name, worst.1 AS in_session, worst.2 AS of_lock,
      toUnixTimestamp64Nano(worst.3) AS asked_ns
    FROM wait_figures
  ),
  -- Holds stream past the few longest waits; the other way round all of them would be kept in memory.
  blockers AS
  (
    SELECT
      h.service AS service,
      h.lock_name AS lock_name,
      argMax((h.task, h.length_ns, h.trace_id, h.span_id), h.start_ns) AS holder
    FROM
    (
      SELECT
        service, session, lock_name, lock_id, start_ns, end_ns, hold_ns AS length_ns, trace_id, span_id,
        if(task_name = '', task_id, toString(task_name)) AS task
      FROM holds
      UNION ALL
      SELECT
        service, session, lock_name, lock_id, start_ns, end_ns, age_ns, trace_id, span_id,
        if(task_name = '', task_id, toString(task_name))
      FROM open_holds
    ) AS h
    INNER JOIN worst_waits AS w
      ON h.service = w.in_service AND h.lock_name = w.of_name AND h.session = w.in_session AND h.lock_id = w.of_lock
    WHERE h.start_ns <= w.asked_ns
      AND h.end_ns > w.asked_ns
    GROUP BY h.service, h.lock_name
  )
SELECT
  a.service AS service,
  a.lock_name AS lock_name,
  a.type AS lock_type,
  a.instance_count AS instances,
  a.session_count AS sessions,
  h.uncontended + w.wait_count AS requests,
  h.hold_count AS holds,
  w.wait_count AS contended,
  if(requests = 0, 0, contended / requests) AS contended_fraction,
  toUInt64(round(w.percentiles[1])) AS wait_p50_ns,
  toUInt64(round(w.percentiles[2])) AS wait_p95_ns,
  toUInt64(round(w.percentiles[3])) AS wait_p99_ns,
  w.longest AS wait_max_ns,
  w.total AS wait_sum_ns,
  toUInt64(w.wall) AS waited_ns,
  least(1, waited_ns / observed_ns) AS waited_share,
  wait_sum_ns / observed_ns AS blocked_mean,
  c.waiters AS waiters_max,
  toUInt64(round(if(h.hold_count = 0, 0, h.average))) AS hold_avg_ns,
  toUInt64(round(ifNotFinite(h.p95, 0))) AS hold_p95_ns,
  h.longest AS hold_max_ns,
  h.total AS hold_sum_ns,
  least(1, a.held_wall / observed_ns) AS utilisation,
  a.task_count AS tasks,
  a.thread_count AS threads,
  w.timeout_count AS timeouts,
  w.cancelled_count AS cancelled,
  w.refused_count AS refused,
  w.waiting_count AS still_waiting,
  w.waiting_longest AS still_waiting_max_ns,
  a.open_hold_count AS still_held,
  greatest(toUInt64(o.ns), waited_ns, toUInt64(1)) AS observed_ns,
  w.worst.2 AS worst_lock_id,
  w.worst.3 AS worst_at,
  if(w.worst.4 = '', w.worst.5, toString(w.worst.4)) AS worst_task,
  w.worst.6 AS worst_trace_id,
  w.worst.7 AS worst_span_id,
  b.holder.1 AS holder_task,
  b.holder.2 AS holder_hold_ns,
  b.holder.3 AS holder_trace_id,
  b.holder.4 AS holder_span_id
FROM actors AS a
LEFT JOIN hold_figures AS h ON h.service = a.service AND h.lock_name = a.lock_name
LEFT JOIN wait_figures AS w ON w.service = a.service AND w.lock_name = a.lock_name
LEFT JOIN crowds AS c ON c.service = a.service AND c.lock_name = a.lock_name
LEFT JOIN observed AS o ON o.of_service = a.service
LEFT JOIN blockers AS b ON b.service = a.service AND b.lock_name = a.lock_name
ORDER BY wait_sum_ns DESC, service, lock_name
