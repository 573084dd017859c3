-- Question: Why did runs of jobs start late or take long?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; runs that overlap it count
--   service   String         only this service, empty for all
--   sessions  Array(String)  only these sessions, empty for all
--   grace_ns  UInt64         a run that starts no later than this after its due time is in time, nanoseconds
--
-- Uses: delayed_runs, job_runs, queue_items, lock_waits, lock_drawers, drawers, pauses, session_of, actor_name, covered_ns,
--   wait_severity
--
-- Headline, the columns of a table, the last left out first:
--   job_name, service, severity, started_at, delay_ns, main_cause, main_name, earlier_run_ns, queue_ns, lock_ns, call_ns, stall_ns, gc_ns, down_ns, asleep_ns, unknown_ns
--
-- Output, one row per late or slow run, the most severe first, at most 200:
--   service         text           service.name
--   job_name        text           name of the job
--   severity        count          what it costs, see docs/analyzers/severity.md
--   started_at      time           when the run started
--   due_at          time           when it was due, 1970 if unknown
--   outcome         text           how it ended, or running
--   lateness_ns     duration ns    start minus due time, 0 if in time
--   length_ns       duration ns    how long the run took, up to the end of the window
--   usual_ns        duration ns    median of the last 30 good runs before it, of the same weekday and hour (UTC) if there are five
--   band_ns         duration ns    above this a run is slow: half as much again as nine of ten of them, 0 where fewer than five are known
--   delay_ns        duration ns    lateness, and for a slow run what it took beyond the usual
--   looked_at_ns    duration ns    from the due time, or the start where it was in time, to the start, or to the end where it was slow
--   down_ns         duration ns    of that: nothing of the service reported: it was down, or its machine asleep
--   asleep_ns       duration ns    the machine slept, as its process says
--   earlier_run_ns  duration ns    an earlier run of the job went on
--   gc_ns           duration ns    its thread stood still for a garbage collection
--   stall_ns        duration ns    the event loop of its thread was blocked, by the run itself or by something else
--   queue_ns        duration ns    its item waited in a queue: no worker was free
--   lock_ns         duration ns    it waited for locks
--   call_ns         duration ns    it waited for databases and other services (spans of kind client)
--   unknown_ns      duration ns    none of these
--   main_cause      text           the largest: down, asleep, earlier run, gc, stall, queue, lock, call or unknown
--   main_name       text           the queue, the lock, the call or the kind of garbage collection of which most of it is
--   main_holder     text           who held that lock for most of it
--   main_fraction   fraction       its part of what was looked at
--   trace_id        text           trace of the run
--   span_id         text           its span
WITH
  -- Found before the rest is planned, which is then planned for these few rows, not for all that they come from.
  (
    SELECT groupArray((
      run, service, session, job_name, outcome, trace_id, span_id, start_ns, end_ns, due_ns, lateness_ns, length_ns, usual_ns, band_ns,
      is_late, is_slow, delay_ns, thread_id))
    FROM delayed_runs
  ) AS found,
  delayed AS
  (
    SELECT
      one.1 AS run, one.2 AS service, one.3 AS session, one.4 AS job_name, one.5 AS outcome, one.6 AS trace_id, one.7 AS span_id,
      one.8 AS start_ns, one.9 AS end_ns, one.10 AS due_ns, one.11 AS lateness_ns, one.12 AS length_ns, one.13 AS usual_ns,
      one.14 AS band_ns, one.17 AS delay_ns, one.18 AS thread_id,
      if(one.15, due_ns, start_ns) AS first_ns,
      if(one.16, end_ns, start_ns) AS last_ns
    FROM (SELECT arrayJoin(found) AS one)
  ),
  -- The first cause that covers a moment has it.
  pieces AS
  (
    SELECT run, 1 AS rank, '' AS name, '' AS holder, first_ns AS from_ns, least(next_ns, start_ns) AS till_ns
    FROM
    (
      SELECT
        run, first_ns, start_ns,
        countIf(toUnixTimestamp64Nano(t.first_at) <= first_ns AND toUnixTimestamp64Nano(t.last_at) >= first_ns) AS alive,
        minIf(toUnixTimestamp64Nano(t.first_at), toUnixTimestamp64Nano(t.first_at) > first_ns) AS next_ns
      FROM delayed AS d
      INNER JOIN wayward_session_times AS t ON t.service = d.service
      -- Runs that are reported over HTTP have no process that could be down.
      WHERE first_ns < start_ns AND d.session != 'jobs-http'
      GROUP BY run, first_ns, start_ns
    )
    WHERE alive = 0 AND next_ns > first_ns
    UNION ALL
    SELECT d.run, 3, '', '', greatest(o.start_ns, d.first_ns), least(o.end_ns, d.start_ns)
    FROM job_runs AS o
    INNER JOIN delayed AS d ON d.service = o.service AND d.job_name = o.job_name
    WHERE o.is_made AND o.outcome != 'lost' AND o.start_ns < d.start_ns AND o.end_ns > d.first_ns
    UNION ALL
    SELECT d.run, 6, toString(q.queue_name), '', greatest(q.enqueued_ns, d.first_ns), least(q.dequeued_ns, d.last_ns)
    FROM queue_items AS q
    INNER JOIN delayed AS d ON d.trace_id = q.trace_id
    WHERE d.trace_id != '' AND q.enqueued_ns < d.last_ns AND q.dequeued_ns > d.first_ns
    UNION ALL
    SELECT
      run, 7, lock_name, argMaxIf(holder, overlap_ns, overlap_ns > 0), from_ns, till_ns
    FROM
    (
      SELECT
        w.run AS run, w.lock_name AS lock_name, w.from_ns AS from_ns, w.till_ns AS till_ns,
        actor_name(h.task_name, h.task_id, h.thread_name) AS holder,
        least(h.end_ns, w.till_ns) - greatest(h.start_ns, w.from_ns) AS overlap_ns
      FROM lock_drawers AS h
      RIGHT JOIN
      (
        SELECT run, lock_name, from_ns, till_ns, arrayJoin(drawers(lock, from_ns, till_ns)) AS drawer
        FROM
        (
          SELECT
            d.run AS run, l.lock AS lock, toString(l.lock_name) AS lock_name,
            greatest(l.start_ns, d.first_ns) AS from_ns, least(l.end_ns, d.last_ns) AS till_ns
          FROM lock_waits AS l
          INNER JOIN delayed AS d ON d.trace_id = l.trace_id
          WHERE d.trace_id != '' AND l.start_ns < d.last_ns AND l.end_ns > d.first_ns
        )
      ) AS w ON w.drawer = h.drawer
    )
    GROUP BY run, lock_name, from_ns, till_ns
    UNION ALL
    SELECT
      d.run, 8, toString(c.name), '', greatest(c.start_ns, d.first_ns), least(c.end_ns, d.last_ns)
    FROM delayed AS d
    INNER JOIN
    (
      SELECT TraceId AS trace_id, SpanName AS name, toUnixTimestamp64Nano(Timestamp) AS start_ns, start_ns + toInt64(Duration) AS end_ns
      FROM otel_traces
      WHERE TraceId IN (SELECT trace_id FROM delayed WHERE trace_id != '')
        AND SpanKind IN ('Client', 'SPAN_KIND_CLIENT')
        AND Timestamp < {to:DateTime64(9, 'UTC')}
    ) AS c ON c.trace_id = d.trace_id
    WHERE c.start_ns < d.last_ns AND c.end_ns > d.first_ns
    UNION ALL
    SELECT
      d.run, multiIf(p.cause = 'machine_sleep', 2, p.cause = 'garbage_collection', 4, 5), p.gc_type, '',
      greatest(p.start_ns, d.first_ns), least(p.end_ns, d.last_ns)
    FROM pauses AS p
    INNER JOIN delayed AS d ON d.service = p.service AND d.session = p.session
    WHERE (p.cause = 'machine_sleep' OR p.thread_id = d.thread_id) AND p.start_ns < d.last_ns AND p.end_ns > d.first_ns
    UNION ALL
    -- A run that is reported over HTTP is made by the processes that have spans in its trace.
    SELECT
      d.run, multiIf(p.cause = 'machine_sleep', 2, p.cause = 'garbage_collection', 4, 5), p.gc_type, '',
      greatest(p.start_ns, d.first_ns), least(p.end_ns, d.last_ns)
    FROM delayed AS d
    INNER JOIN
    (
      SELECT DISTINCT
        TraceId AS trace_id, ServiceName AS service, session_of(ServiceName, ResourceAttributes) AS session,
        toInt64OrZero(SpanAttributes['thread.id']) AS thread_id
      FROM otel_traces
      WHERE TraceId IN (SELECT trace_id FROM delayed WHERE trace_id != '')
        AND Timestamp < {to:DateTime64(9, 'UTC')}
    ) AS s ON s.trace_id = d.trace_id
    INNER JOIN pauses AS p ON p.service = s.service AND p.session = s.session
    WHERE s.session != d.session
      AND (p.cause = 'machine_sleep' OR p.thread_id = s.thread_id) AND p.start_ns < d.last_ns AND p.end_ns > d.first_ns
  ),
  shares AS
  (
    SELECT run AS of_run, groupArrayIf((rank, from_ns, till_ns, name, holder), till_ns > from_ns) AS stretches
    FROM pieces
    GROUP BY run
  ),
  parted AS
  (
    SELECT
      d.run AS run, d.service AS service, d.job_name AS job_name, outcome, trace_id, span_id, start_ns, due_ns, lateness_ns, length_ns,
      usual_ns, band_ns, delay_ns, first_ns, toUInt64(last_ns - first_ns) AS looked_at_ns, s.stretches AS stretches,
      arrayMap(top -> covered_ns(
        arrayMap(one -> (one.2, one.3), arrayFilter(one -> one.1 <= top, stretches)), first_ns), [1, 2, 3, 4, 5, 6, 7, 8]) AS covered,
      arrayDifference(arrayPushFront(covered, toUInt64(0))) AS parts,
      arrayPushBack(arrayMap(part -> toUInt64(part), arrayPopFront(parts)), toUInt64(looked_at_ns - least(looked_at_ns, covered[8]))) AS spans,
      indexOf(spans, arrayMax(spans)) AS main,
      arrayReverseSort(one -> one.3 - one.2, arrayFilter(one -> one.1 = main, stretches))[1] AS longest
    FROM delayed AS d
    LEFT JOIN shares AS s ON s.of_run = d.run
  )
SELECT
  service,
  job_name,
  -- A run that took longer than it usually does, and began in time, costs as much only where it took four times as long.
  toUInt8(round(wait_severity(delay_ns) * if(lateness_ns > {grace_ns:UInt64} OR usual_ns = 0, 1, least(1, (length_ns / usual_ns - 1) / 3)))) AS severity,
  fromUnixTimestamp64Nano(start_ns, 'UTC') AS started_at,
  fromUnixTimestamp64Nano(due_ns, 'UTC') AS due_at,
  outcome,
  lateness_ns,
  length_ns,
  usual_ns,
  band_ns,
  toUInt64(delay_ns) AS delay_ns,
  looked_at_ns,
  spans[1] AS down_ns,
  spans[2] AS asleep_ns,
  spans[3] AS earlier_run_ns,
  spans[4] AS gc_ns,
  spans[5] AS stall_ns,
  spans[6] AS queue_ns,
  spans[7] AS lock_ns,
  spans[8] AS call_ns,
  spans[9] AS unknown_ns,
  ['down', 'asleep', 'earlier run', 'gc', 'stall', 'queue', 'lock', 'call', 'unknown'][main] AS main_cause,
  longest.4 AS main_name,
  longest.5 AS main_holder,
  if(looked_at_ns = 0, 0, spans[main] / looked_at_ns) AS main_fraction,
  trace_id,
  span_id
FROM parted
ORDER BY severity DESC, delay_ns DESC, service, job_name, started_at
