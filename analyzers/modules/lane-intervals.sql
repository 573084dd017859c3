-- Module: What held, waited, ran or was said when, each with the lane of a timeline that it belongs to.
--
-- Parameters besides the window: from_ns and to_ns, the same in nanoseconds, and by, which is thread or task for a lane for each
-- of them, and empty for a lane for each lock, queue, job, service and process. What belongs to no thread is left out then.
--
-- Kinds that nobody asked for are left out: locks, queues, jobs, open (what had not ended), spans, logs, processes.
--
-- Columns:
--   kind, service, name  the lane: lock, queue, job, thread, task, span, log or process; of spans and log records without a name
--   state                held, waiting, queued, processing, failed, running, span, error, log, log_warning, log_error or alive
--   begin_ns, done_ns    when it began and ended, in nanoseconds since 1970, not clipped to the window
-- The names of the columns, and something to begin with where all parts are left out.
SELECT
  '' AS kind, toLowCardinality('') AS service, '' AS name, '' AS state, toInt64(0) AS begin_ns, toInt64(0) AS done_ns, toUInt64(1) AS weight
WHERE false
-- If locks:
UNION ALL
SELECT
  multiIf({by:String} = 'thread', 'thread', {by:String} = 'task', 'task', 'lock') AS kind,
  service,
  multiIf({by:String} = 'thread', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), {by:String} = 'task', if(task_name = '', concat('task ', task_id), toString(task_name)), toString(lock_name)) AS name,
  'held' AS state, toUnixTimestamp64Nano(granted_at) AS begin_ns,
  toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) AS done_ns, weight
FROM wayward_lock_holds
WHERE granted_at < {to:DateTime64(9, 'UTC')}
  AND toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) >= {from_ns:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
UNION ALL
SELECT
  multiIf({by:String} = 'thread', 'thread', {by:String} = 'task', 'task', 'lock') AS kind,
  service,
  multiIf({by:String} = 'thread', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), {by:String} = 'task', if(task_name = '', concat('task ', task_id), toString(task_name)), toString(lock_name)) AS name,
  'waiting' AS state, toUnixTimestamp64Nano(requested_at) AS begin_ns,
  toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) AS done_ns, 1 AS weight
FROM wayward_lock_waits
WHERE requested_at < {to:DateTime64(9, 'UTC')}
  AND toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
-- End
-- If queues:
UNION ALL
SELECT
  multiIf({by:String} = 'thread', 'thread', {by:String} = 'task', 'task', 'queue') AS kind,
  service,
  multiIf({by:String} = 'thread', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), {by:String} = 'task', if(task_name = '', concat('task ', task_id), toString(task_name)), toString(queue_name)) AS name,
  'queued' AS state, toUnixTimestamp64Nano(enqueued_at) AS begin_ns,
  toUnixTimestamp64Nano(dequeued_at) AS done_ns, weight
FROM wayward_queue_items
WHERE enqueued_at < {to:DateTime64(9, 'UTC')} AND dequeued_at >= {from:DateTime64(9, 'UTC')}
  AND {by:String} = ''
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
UNION ALL
SELECT
  multiIf({by:String} = 'thread', 'thread', {by:String} = 'task', 'task', 'queue') AS kind,
  service,
  multiIf({by:String} = 'thread', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), {by:String} = 'task', if(task_name = '', concat('task ', task_id), toString(task_name)), toString(queue_name)) AS name,
  if(result = 'failed', 'failed', 'processing') AS state, toUnixTimestamp64Nano(dequeued_at) AS begin_ns,
  toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) AS done_ns, weight
FROM wayward_queue_items
WHERE dequeued_at < {to:DateTime64(9, 'UTC')}
  AND toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) >= {from_ns:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
-- End
-- If jobs:
UNION ALL
SELECT
  multiIf({by:String} = 'thread', 'thread', {by:String} = 'task', 'task', 'job') AS kind,
  service,
  multiIf({by:String} = 'thread', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), {by:String} = 'task', if(task_name = '', concat('task ', task_id), toString(task_name)), toString(job_name)) AS name,
  if(result IN ('failure', 'error', 'timeout'), 'failed', 'running') AS state, toUnixTimestamp64Nano(started_at) AS begin_ns,
  toUnixTimestamp64Nano(started_at) + toInt64(least(duration_ns, 6300000000000000000)) AS done_ns, 1 AS weight
FROM wayward_job_runs
WHERE started_at < {to:DateTime64(9, 'UTC')}
  AND toUnixTimestamp64Nano(started_at) + toInt64(least(duration_ns, 6300000000000000000)) >= {from_ns:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
-- End
-- If open:
UNION ALL
SELECT
  multiIf({by:String} = 'thread', 'thread', {by:String} = 'task', 'task', splitByChar('_', kind)[1]) AS lane_kind,
  service,
  multiIf({by:String} = 'thread', if(thread_name = '', concat('thread ', toString(thread_id)), toString(thread_name)), {by:String} = 'task', if(task_name = '', concat('task ', task_id), toString(task_name)), toString(name)) AS lane_name,
  multiIf(o.kind = 'lock_wait', 'waiting', o.kind = 'lock_hold', 'held', o.kind = 'queue_wait', 'queued',
    o.kind = 'queue_item', 'processing', 'running') AS state,
  toUnixTimestamp64Nano(started_at) AS begin_ns,
  if(o.state = 'open', {to_ns:Int64}, toUnixTimestamp64Nano(seen_at)) AS done_ns, 1 AS weight
FROM wayward_open_now AS o
WHERE started_at < {to:DateTime64(9, 'UTC')}
  AND (o.state = 'open' OR seen_at >= {from:DateTime64(9, 'UTC')})
  AND o.kind IN ('lock_wait', 'lock_hold', 'queue_wait', 'queue_item', 'job_run')
  AND NOT ({by:String} IN ('thread', 'task') AND o.kind = 'queue_wait')
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
-- End
-- If spans:
UNION ALL
SELECT
  'span' AS kind, ServiceName AS service, '' AS name, if(StatusCode = 'Error', 'error', 'span') AS state,
  toUnixTimestamp64Nano(Timestamp) AS begin_ns,
  toUnixTimestamp64Nano(Timestamp) + toInt64(least(Duration, 6300000000000000000)) AS done_ns, 1 AS weight
FROM otel_traces
WHERE Timestamp < {to:DateTime64(9, 'UTC')}
  AND toUnixTimestamp64Nano(Timestamp) + toInt64(least(Duration, 6300000000000000000)) >= {from_ns:Int64}
  AND SpanAttributes['wayward.kind'] = ''
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND {by:String} = '' AND empty({sessions:Array(String)})
-- End
-- If logs:
UNION ALL
SELECT
  'log' AS kind, ServiceName AS service, '' AS name,
  multiIf(SeverityNumber >= 17, 'log_error', SeverityNumber >= 13, 'log_warning', 'log') AS state,
  toUnixTimestamp64Nano(Timestamp) AS begin_ns, begin_ns AS done_ns, 1 AS weight
FROM otel_logs
WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
  AND EventName = ''
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND {by:String} = '' AND empty({sessions:Array(String)})
-- End
-- If processes:
UNION ALL
SELECT
  'process' AS kind, service, session AS name, 'alive' AS state,
  toUnixTimestamp64Nano(first_at) AS begin_ns, toUnixTimestamp64Nano(last_at) AS done_ns, 1 AS weight
FROM wayward_session_times
WHERE first_at < {to:DateTime64(9, 'UTC')} AND last_at >= {from:DateTime64(9, 'UTC')}
  AND {by:String} = ''
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
-- End
