-- Fills wayward_queue_items from the spans of kind queue_item.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_queue_items_mv TO wayward_queue_items
AS SELECT
  service,
  session,
  attributes['wayward.queue.name'] AS queue_name,
  attributes['wayward.queue.id'] AS queue_id,
  attributes['wayward.queue.item.id'] AS item_id,
  attributes['wayward.queue.item.name'] AS item_name,
  fromUnixTimestamp64Nano(toUnixTimestamp64Nano(started_at) - toInt64(wait_ns)) AS enqueued_at,
  started_at AS dequeued_at,
  toUInt64OrZero(attributes['wayward.queue.wait.duration']) AS wait_ns,
  duration_ns AS processing_ns,
  attributes['wayward.queue.item.result'] AS result,
  attributes['error.type'] AS error_type,
  toUInt32OrZero(attributes['wayward.queue.size']) AS size,
  toUInt32OrZero(attributes['wayward.queue.capacity']) AS capacity,
  toUInt32OrZero(attributes['wayward.queue.concurrency']) AS concurrency,
  toInt64OrZero(attributes['wayward.queue.priority']) AS priority,
  toInt64OrZero(attributes['thread.id']) AS thread_id,
  attributes['thread.name'] AS thread_name,
  attributes['wayward.task.id'] AS task_id,
  attributes['wayward.task.name'] AS task_name,
  toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
  trace_id,
  span_id,
  parent_span_id,
  greatest(toUInt32OrZero(attributes['wayward.operation.weight']), 1) AS weight
FROM wayward_incoming
WHERE kind = 'queue_item'
