-- Question: What was there in a lane at a moment?
--
-- Parameters:
--   kind      String         lock, queue, job, thread, task, span, log or process
--   service   String         service.name
--   sessions  Array(String)  only these sessions, empty for all
--   name      String         name of the lock, queue, job, thread, task or session; of spans and log records empty
--   from_ns   Int64          first moment, in nanoseconds since 1970
--   to_ns     Int64          last moment, in nanoseconds since 1970
--   limit     UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   state, subject, started_at, duration_ns, who
--
-- Output, one row per hold, wait, item, run, span or log record that overlaps the moments, the longest first:
--   state        text         held, waiting, queued, processing, failed, running, span, error, log, log_warning, log_error or alive
--   subject      text         name of the lock, queue or job; the logger of a log record
--   title        text         id of the lock, item or run; name of the span; text of the log record
--   started_at   time         when it began
--   from_ns      text         the same, nanoseconds since 1970
--   duration_ns  duration ns  how long it took
--   who          text         task or thread; of a run the worker
--   holder       text         of a wait, the task that held the lock when it was asked for
--   session      text         run of the process
--   trace_id     text         its trace
--   span_id      text         its span
SELECT
  state, subject, title, started_at, toString(toUnixTimestamp64Nano(started_at)) AS from_ns, duration_ns, who, holder,
  session, trace_id, span_id
FROM
(
  SELECT
    'held' AS state, toString(lock_name) AS subject, toString(lock_id) AS title, granted_at AS started_at, hold_ns AS duration_ns,
    if(task_id = '' AND task_name = '', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), if(task_name = '', concat('task ', task_id), toString(task_name))) AS who, '' AS holder, toString(session) AS session, trace_id, span_id
  FROM wayward_lock_holds
  WHERE service = {service:String}
    AND (({kind:String} = 'lock' AND lock_name = {name:String})
      OR ({kind:String} = 'thread' AND if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)) = {name:String})
      OR ({kind:String} = 'task' AND if(task_name = '', concat('task ', task_id), toString(task_name)) = {name:String}))
    AND granted_at <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC') AND toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  UNION ALL
  SELECT
    'waiting' AS state, toString(lock_name) AS subject, toString(lock_id) AS title, requested_at AS started_at, wait_ns AS duration_ns,
    if(task_id = '' AND task_name = '', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), if(task_name = '', concat('task ', task_id), toString(task_name))) AS who, if(holder_task_id = '', '', concat('task ', holder_task_id)) AS holder, toString(session) AS session, trace_id, span_id
  FROM wayward_lock_waits
  WHERE service = {service:String}
    AND (({kind:String} = 'lock' AND lock_name = {name:String})
      OR ({kind:String} = 'thread' AND if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)) = {name:String})
      OR ({kind:String} = 'task' AND if(task_name = '', concat('task ', task_id), toString(task_name)) = {name:String}))
    AND requested_at <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC') AND toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  UNION ALL
  SELECT
    'queued' AS state, toString(queue_name) AS subject, toString(item_id) AS title, enqueued_at AS started_at, wait_ns AS duration_ns,
    if(task_id = '' AND task_name = '', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), if(task_name = '', concat('task ', task_id), toString(task_name))) AS who, '' AS holder, toString(session) AS session, trace_id, span_id
  FROM wayward_queue_items
  WHERE service = {service:String}
    AND (({kind:String} = 'queue' AND queue_name = {name:String})
      OR ({kind:String} = 'thread' AND if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)) = {name:String})
      OR ({kind:String} = 'task' AND if(task_name = '', concat('task ', task_id), toString(task_name)) = {name:String}))
    AND enqueued_at <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC') AND toUnixTimestamp64Nano(enqueued_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  UNION ALL
  SELECT
    if(result = 'failed', 'failed', 'processing') AS state, toString(queue_name) AS subject, toString(item_id) AS title, dequeued_at AS started_at, processing_ns AS duration_ns,
    if(task_id = '' AND task_name = '', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), if(task_name = '', concat('task ', task_id), toString(task_name))) AS who, '' AS holder, toString(session) AS session, trace_id, span_id
  FROM wayward_queue_items
  WHERE service = {service:String}
    AND (({kind:String} = 'queue' AND queue_name = {name:String})
      OR ({kind:String} = 'thread' AND if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)) = {name:String})
      OR ({kind:String} = 'task' AND if(task_name = '', concat('task ', task_id), toString(task_name)) = {name:String}))
    AND dequeued_at <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC') AND toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  UNION ALL
  SELECT
    if(result IN ('failure', 'error', 'timeout'), 'failed', 'running') AS state, toString(job_name) AS subject, toString(run_id) AS title, started_at AS started_at, duration_ns AS duration_ns,
    toString(worker_id) AS who, '' AS holder, toString(session) AS session, trace_id, span_id
  FROM wayward_job_runs
  WHERE service = {service:String}
    AND (({kind:String} = 'job' AND job_name = {name:String})
      OR ({kind:String} = 'thread' AND if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)) = {name:String})
      OR ({kind:String} = 'task' AND if(task_name = '', concat('task ', task_id), toString(task_name)) = {name:String}))
    AND started_at <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC') AND toUnixTimestamp64Nano(started_at) + toInt64(least(duration_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  UNION ALL
  SELECT
    if(StatusCode = 'Error', 'error', 'span'), '', toString(SpanName), toDateTime64(Timestamp, 9, 'UTC'), Duration, '', '', '', TraceId, SpanId
  FROM otel_traces
  WHERE {kind:String} = 'span' AND ServiceName = {service:String} AND SpanAttributes['wayward.kind'] = ''
    AND Timestamp <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC') AND toUnixTimestamp64Nano(Timestamp) + toInt64(least(Duration, 6300000000000000000)) >= {from_ns:Int64}
  UNION ALL
  SELECT
    multiIf(SeverityNumber >= 17, 'log_error', SeverityNumber >= 13, 'log_warning', 'log'), ScopeName, left(Body, 500),
    toDateTime64(Timestamp, 9, 'UTC'), 0, '', '', '', TraceId, SpanId
  FROM otel_logs
  WHERE {kind:String} = 'log' AND ServiceName = {service:String} AND EventName = ''
    AND Timestamp >= fromUnixTimestamp64Nano({from_ns:Int64}, 'UTC') AND Timestamp <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC')
  UNION ALL
  SELECT
    'alive', '', session, first_at, toUInt64(greatest(0, toUnixTimestamp64Nano(last_at) - toUnixTimestamp64Nano(first_at))), '', '', session, '', ''
  FROM wayward_session_times
  WHERE {kind:String} = 'process' AND service = {service:String} AND session = {name:String}
    AND first_at <= fromUnixTimestamp64Nano({to_ns:Int64}, 'UTC') AND last_at >= fromUnixTimestamp64Nano({from_ns:Int64}, 'UTC')
)
ORDER BY duration_ns DESC, started_at, span_id
LIMIT {limit:UInt64}
