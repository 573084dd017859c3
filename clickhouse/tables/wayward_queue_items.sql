-- Items that a queue handed out, one row from dequeue to done, with the time in the queue before it.
--
-- ORDER BY      reports ask per service and queue over a time.
-- PARTITION BY  day of the dequeue, so that a time filter skips whole parts and a day is dropped as a whole.
-- CODEC         Delta for times, which grow within a queue; T64 drops the unused high bits of durations and numbers.
-- INDEX         what ended before a window is skipped, whenever it began.
-- PROJECTION    how many numbers came and how many of them differ, a row per session and day: whether any came twice.
--               And sums for each half second and minute, from which wide pictures of a timeline are drawn.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS wayward_queue_items
(
  service LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  session LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
  queue_name LowCardinality(String) COMMENT 'Name of the queue (wayward.queue.name)' CODEC(ZSTD(1)),
  queue_id String COMMENT 'The queue, unique within its process (wayward.queue.id)' CODEC(ZSTD(1)),
  item_id String COMMENT 'The item, unique within its queue (wayward.queue.item.id)' CODEC(ZSTD(1)),
  item_name LowCardinality(String) COMMENT 'Kind of work (wayward.queue.item.name)' CODEC(ZSTD(1)),
  enqueued_at DateTime64(9, 'UTC') COMMENT 'When the item was enqueued, UTC: dequeue minus wait' CODEC(Delta(8), ZSTD(1)),
  dequeued_at DateTime64(9, 'UTC') COMMENT 'When its processing began, UTC' CODEC(Delta(8), ZSTD(1)),
  wait_ns UInt64 COMMENT 'From enqueue to dequeue, nanoseconds (wayward.queue.wait.duration)' CODEC(T64, ZSTD(1)),
  processing_ns UInt64 COMMENT 'From dequeue to done, nanoseconds' CODEC(T64, ZSTD(1)),
  result LowCardinality(String) COMMENT 'done or failed (wayward.queue.item.result)' CODEC(ZSTD(1)),
  error_type LowCardinality(String) COMMENT 'Class of the error, empty on success (error.type)' CODEC(ZSTD(1)),
  size UInt32 COMMENT 'Items waiting when this one was enqueued, itself not counted (wayward.queue.size)' CODEC(T64, ZSTD(1)),
  capacity UInt32 COMMENT 'Largest number of items that may wait, 0 unknown (wayward.queue.capacity)' CODEC(T64, ZSTD(1)),
  concurrency UInt32 COMMENT 'Largest number processed at a time, 0 unknown (wayward.queue.concurrency)' CODEC(T64, ZSTD(1)),
  priority Int64 COMMENT 'Priority, larger first (wayward.queue.priority)' CODEC(T64, ZSTD(1)),
  thread_id Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
  thread_name LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
  task_id String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
  task_name LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
  sequence UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
  trace_id String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
  span_id String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
  parent_span_id String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
  weight UInt32 DEFAULT 1 COMMENT 'How many operations this row stands for (wayward.operation.weight)' CODEC(T64, ZSTD(1)),
  INDEX ended (toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1,
  PROJECTION numbers
  (
    SELECT service, session, toDate(dequeued_at), count(), groupBitmapIf(sequence, sequence > 0), max(dequeued_at)
    GROUP BY service, session, toDate(dequeued_at)
  ),
  PROJECTION by_half_second
  (
    SELECT service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 500),
      sum(weight), min(enqueued_at), min(dequeued_at), max(dequeued_at), max(toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))), sum(toFloat64(wait_ns) * weight), sum(toFloat64(processing_ns) * weight)
    GROUP BY service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 500)
  ),
  PROJECTION by_minute
  (
    SELECT service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 60000),
      sum(weight), min(enqueued_at), min(dequeued_at), max(dequeued_at), max(toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))), sum(toFloat64(wait_ns) * weight), sum(toFloat64(processing_ns) * weight)
    GROUP BY service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 60000)
  )
)
ENGINE = MergeTree
PARTITION BY toDate(dequeued_at)
ORDER BY (service, queue_name, dequeued_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
