-- Module: Items of queues that overlap the window, from enqueue to the end of their processing.
--
-- The answer for a window up to a moment is what it would have been at that moment: an item that was taken after the window
-- waits at its end. An item that was stored twice is there once.
--
-- Uses: window_from_ns, window_to_ns, end_of_ns, queue_open, repeated_items
--
-- Columns:
--   queue         the queue, of its session
--   stage         at the end of the window: waiting, processing, done, failed; removed: taken out and not processed;
--                 refused: never let in; lost: its end was lost, it may have come at any time
--   enqueued_ns, dequeued_ns, ended_ns  up to the end of the window, or to when it was last known to wait or be processed
--   wait_ns, work_ns  how long it had waited and been processed by then, also before the window
--   from_ns, out_ns, till_ns  enqueued_ns, dequeued_ns and ended_ns within the window: it waits from the first to the second
--   weight        how many items it stands for: of many that were soon done one in so many is told
--   as_of         until when an open one is known, 1970 for up to now
SELECT
  cityHash64(service, session, queue_name, queue_id) AS queue,
  service, session, queue_name, queue_id, item_id, priority, workers, weight, error_type, trace_id, span_id,
  multiIf(
    result = 'waiting' OR taken_ns >= window_to_ns, if(result = 'lost' AND taken_ns < window_to_ns, 'lost', 'waiting'),
    result = 'processing' OR done_ns >= window_to_ns, 'processing',
    result != 'failed' OR done_ns > taken_ns, result,
    taken_ns > put_ns, 'removed',
    'refused') AS stage,
  put_ns AS enqueued_ns,
  least(taken_ns, window_to_ns) AS dequeued_ns,
  least(done_ns, window_to_ns) AS ended_ns,
  toUInt64(dequeued_ns - enqueued_ns) AS wait_ns,
  toUInt64(ended_ns - dequeued_ns) AS work_ns,
  greatest(enqueued_ns, window_from_ns) AS from_ns,
  greatest(dequeued_ns, window_from_ns) AS out_ns,
  greatest(ended_ns, window_from_ns) AS till_ns,
  if(done_ns >= window_to_ns, {to:DateTime64(9, 'UTC')}, silent_at) AS as_of
FROM
(
  SELECT
    service, session, queue_name, queue_id, item_id, priority, concurrency AS workers, weight, error_type, trace_id, span_id,
    if(result = 'failed', 'failed', 'done') AS result,
    least(toUnixTimestamp64Nano(enqueued_at), taken_ns) AS put_ns,
    toUnixTimestamp64Nano(dequeued_at) AS taken_ns,
    end_of_ns(taken_ns, processing_ns) AS done_ns,
    toDateTime64(0, 9, 'UTC') AS silent_at
  FROM wayward_queue_items
  WHERE enqueued_at < {to:DateTime64(9, 'UTC')}
    AND done_ns >= window_from_ns
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
    -- If repeated_items:
    AND (empty(repeated_items) OR cityHash64(service, session, toDate(dequeued_at)) NOT IN repeated_items)
    -- End
  -- If repeated_items:
  UNION ALL
  SELECT
    service, session, queue_name, queue_id, item_id, priority, concurrency AS workers, weight, error_type, trace_id, span_id,
    if(result = 'failed', 'failed', 'done') AS result,
    least(toUnixTimestamp64Nano(enqueued_at), taken_ns) AS put_ns,
    toUnixTimestamp64Nano(dequeued_at) AS taken_ns,
    end_of_ns(taken_ns, processing_ns) AS done_ns,
    toDateTime64(0, 9, 'UTC') AS silent_at
  FROM wayward_queue_items
  WHERE notEmpty(repeated_items) AND cityHash64(service, session, toDate(dequeued_at)) IN repeated_items
    AND enqueued_at < {to:DateTime64(9, 'UTC')}
    AND done_ns >= window_from_ns
    AND ({service:String} = '' OR service = {service:String})
    AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
  LIMIT 1 BY cityHash64(service, session, queue_id, item_id), taken_ns,
    if(sequence > 0, sequence, cityHash64(trace_id, span_id))
  -- End
  -- If queue_open:
  UNION ALL
  SELECT
    service, session, name, subject_id, item_id, priority, concurrency, 1, '', trace_id, span_id,
    multiIf(state = 'lost', 'lost', kind = 'queue_wait', 'waiting', 'processing'),
    toUnixTimestamp64Nano(started_at) - toInt64(if(kind = 'queue_wait', 0, wait_ns)),
    toUnixTimestamp64Nano(if(kind = 'queue_wait', seen_at, started_at)),
    toUnixTimestamp64Nano(seen_at),
    silent_at
  FROM queue_open
  -- End
)
