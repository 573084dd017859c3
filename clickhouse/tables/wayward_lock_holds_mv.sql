-- Fills wayward_lock_holds from the spans of kind lock_hold.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_lock_holds_mv TO wayward_lock_holds
AS SELECT
  service,
  session,
  attributes['wayward.lock.name'] AS lock_name,
  attributes['wayward.lock.id'] AS lock_id,
  attributes['wayward.lock.type'] AS lock_type,
  attributes['wayward.lock.mode'] AS lock_mode,
  started_at AS granted_at,
  duration_ns AS hold_ns,
  toUInt64OrZero(attributes['wayward.lock.wait.duration']) AS wait_ns,
  attributes['wayward.lock.contended'] = 'true' AS contended,
  toUInt32OrZero(attributes['wayward.lock.depth']) AS depth,
  toUInt32OrZero(attributes['wayward.lock.waiter.count']) AS waiters,
  toUInt32OrZero(attributes['wayward.lock.permits']) AS permits,
  JSONExtract(attributes['wayward.lock.held'], 'Array(String)') AS held,
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
WHERE kind = 'lock_hold'
