-- Operations whose end was not reported, each with what is known of it now, its state:
--
--   open    its session gives signs of life: it may still go on.
--   silent  its session has given none (no span, log or snapshot) for five times the interval of snapshots, at least for
--           15 s: it was open when the session went silent, at silent_at, which is never before
--           seen_at: where the wall clock was set back in between, times of before it go on.
--   lost    its session reports, and has not said since seen_at that it is open: its end was lost, or its thread is
--           blocked.
--
-- An operation whose span has come has ended; spans are in the table of their kind.
CREATE VIEW IF NOT EXISTS wayward_open_now
AS SELECT
  o.service AS service,
  o.session AS session,
  o.kind AS kind,
  o.sequence AS sequence,
  o.item_id AS item_id,
  o.started_at AS started_at,
  o.seen_at AS seen_at,
  o.age_ns AS age_ns,
  o.wait_ns AS wait_ns,
  o.name AS name,
  o.subject_id AS subject_id,
  o.lock_type AS lock_type,
  o.lock_mode AS lock_mode,
  o.held AS held,
  o.holder_task_id AS holder_task_id,
  o.concurrency AS concurrency,
  o.due_at AS due_at,
  o.deadline_at AS deadline_at,
  o.priority AS priority,
  o.attempt AS attempt,
  o.thread_id AS thread_id,
  o.thread_name AS thread_name,
  o.task_id AS task_id,
  o.task_name AS task_name,
  o.trace_id AS trace_id,
  o.span_id AS span_id,
  greatest(5 * o.interval_ns, 15000000000) AS quiet_ns,
  multiIf(
    t.last_at < subtractNanoseconds(now64(9, 'UTC'), quiet_ns), 'silent',
    o.seen_uptime_ns > 0 AND t.uptime_ns > o.seen_uptime_ns + quiet_ns, 'lost',
    'open') AS state,
  if(state = 'silent', greatest(t.last_at, o.seen_at), toDateTime64(0, 9, 'UTC')) AS silent_at
FROM
(
  SELECT
    service, session, kind, sequence, item_id, started_at, seen_at, age_ns, wait_ns, name, subject_id, lock_type,
    lock_mode, held, holder_task_id, concurrency, due_at, deadline_at, priority, attempt, thread_id, thread_name, task_id, task_name,
    trace_id, span_id, seen_uptime_ns, interval_ns
  FROM wayward_open_operations FINAL
  WHERE ended_at = toDateTime64(0, 9, 'UTC')
) AS o
LEFT JOIN
(
  SELECT service, session, last_at, uptime_ns
  FROM wayward_session_times
  WHERE (service, session) IN
  (
    SELECT service, session
    FROM wayward_open_operations FINAL
    WHERE ended_at = toDateTime64(0, 9, 'UTC')
  )
) AS t ON t.service = o.service AND t.session = o.session
