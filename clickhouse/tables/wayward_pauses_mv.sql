-- Fills wayward_pauses from the spans of kind pause.
CREATE MATERIALIZED VIEW IF NOT EXISTS wayward_pauses_mv TO wayward_pauses
AS SELECT
  service,
  session,
  attributes['wayward.pause.cause'] AS cause,
  attributes['v8js.gc.type'] AS gc_type,
  started_at AS paused_at,
  duration_ns AS pause_ns,
  toInt64OrZero(attributes['thread.id']) AS thread_id,
  attributes['thread.name'] AS thread_name,
  toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
  trace_id,
  span_id
FROM wayward_incoming
WHERE kind = 'pause'
