-- Fills wayward_lock_waits from the spans of kind lock_wait.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_lock_waits_mv TO wayward_lock_waits
AS SELECT
  service,
  session,
  attributes['wayward.lock.name'] AS lock_name,
  attributes['wayward.lock.id'] AS lock_id,
  attributes['wayward.lock.type'] AS lock_type,
  attributes['wayward.lock.mode'] AS lock_mode,
  started_at AS requested_at,
  duration_ns AS wait_ns,
  attributes['wayward.lock.wait.result'] AS result,
  toUInt64OrZero(attributes['wayward.lock.timeout']) AS timeout_ns,
  toUInt32OrZero(attributes['wayward.lock.waiter.count']) AS waiters,
  toUInt32OrZero(attributes['wayward.lock.permits']) AS permits,
  attributes['wayward.lock.holder.task.id'] AS holder_task_id,
  toInt64OrZero(attributes['wayward.lock.holder.thread.id']) AS holder_thread_id,
  JSONExtract(attributes['wayward.lock.held'], 'Array(String)') AS held,
  toInt64OrZero(attributes['thread.id']) AS thread_id,
  attributes['thread.name'] AS thread_name,
  attributes['wayward.task.id'] AS task_id,
  attributes['wayward.task.name'] AS task_name,
  toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
  trace_id,
  span_id,
  parent_span_id
FROM wayward_incoming
WHERE kind = 'lock_wait'
