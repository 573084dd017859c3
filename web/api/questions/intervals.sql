-- Question: What was there in a lane at a moment?
--
-- Parameters:
--   kind     String  lock, queue, job or span
--   service  String  service.name
--   name     String  name of the lock, queue or job; of spans empty
--   from_ns  Int64   first moment, in nanoseconds since 1970
--   to_ns    Int64   last moment, in nanoseconds since 1970
--   limit    UInt64  rows at most
--
-- Headline, the columns of a table, the last left out first:
--   state, started_at, duration_ns, who
--
-- Output, one row per hold, wait, item, run or span that overlaps the moments, the longest first:
--   state        text         held, waiting, queued, processing, failed, running, span or error
--   title        text         name of the span, item or run
--   started_at   time         when it began
--   duration_ns  duration ns  how long it took
--   who          text         task or thread
--   holder       text         of a wait, the task that held the lock when it was asked for
--   session      text         run of the process
--   trace_id     text         its trace
--   span_id      text         its span
SELECT state, title, started_at, duration_ns, who, holder, session, trace_id, span_id
FROM
(
  SELECT
    'held' AS state, lock_id AS title, granted_at AS started_at, hold_ns AS duration_ns,
    if(task_name = '', concat('task ', task_id), toString(task_name)) AS who, '' AS holder, toString(session) AS session, trace_id, span_id
  FROM wayward_lock_holds
  WHERE {kind:String} = 'lock' AND service = {service:String} AND lock_name = {name:String}
    AND toUnixTimestamp64Nano(granted_at) <= {to_ns:Int64}
    AND toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) >= {from_ns:Int64}
  UNION ALL
  SELECT
    'waiting', lock_id, requested_at, wait_ns, if(task_name = '', concat('task ', task_id), toString(task_name)),
    if(holder_task_id = '', '', concat('task ', holder_task_id)), toString(session), trace_id, span_id
  FROM wayward_lock_waits
  WHERE {kind:String} = 'lock' AND service = {service:String} AND lock_name = {name:String}
    AND toUnixTimestamp64Nano(requested_at) <= {to_ns:Int64}
    AND toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
  UNION ALL
  SELECT
    if(result = 'failed', 'failed', 'processing'), item_id, dequeued_at, processing_ns, if(task_name = '', concat('task ', task_id), toString(task_name)),
    '', toString(session), trace_id, span_id
  FROM wayward_queue_items
  WHERE {kind:String} = 'queue' AND service = {service:String} AND queue_name = {name:String}
    AND toUnixTimestamp64Nano(enqueued_at) <= {to_ns:Int64}
    AND toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) >= {from_ns:Int64}
  UNION ALL
  SELECT
    if(result IN ('failure', 'error', 'timeout'), 'failed', 'running'), run_id, started_at, duration_ns, toString(worker_id),
    '', toString(session), trace_id, span_id
  FROM wayward_job_runs
  WHERE {kind:String} = 'job' AND service = {service:String} AND job_name = {name:String}
    AND toUnixTimestamp64Nano(started_at) <= {to_ns:Int64}
    AND toUnixTimestamp64Nano(started_at) + toInt64(least(duration_ns, 6300000000000000000)) >= {from_ns:Int64}
  UNION ALL
  SELECT
    if(StatusCode = 'Error', 'error', 'span'), toString(SpanName), toDateTime64(Timestamp, 9, 'UTC'), Duration, '', '', '', TraceId, SpanId
  FROM otel_traces
  WHERE {kind:String} = 'span' AND ServiceName = {service:String} AND SpanAttributes['wayward.kind'] = ''
    AND toUnixTimestamp64Nano(Timestamp) <= {to_ns:Int64}
    AND toUnixTimestamp64Nano(Timestamp) + toInt64(least(Duration, 6300000000000000000)) >= {from_ns:Int64}
)
ORDER BY duration_ns DESC, started_at
LIMIT {limit:UInt64}
