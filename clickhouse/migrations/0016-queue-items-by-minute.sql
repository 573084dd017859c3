-- Keeps sums of wayward_queue_items for each minute, of all that its rows stand for: wide pictures are drawn from them.
ALTER TABLE wayward_queue_items ADD PROJECTION IF NOT EXISTS by_minute
(
  SELECT service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 60000),
    sum(weight), min(enqueued_at), min(dequeued_at), max(dequeued_at), max(toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))), sum(toFloat64(wait_ns) * weight), sum(toFloat64(processing_ns) * weight)
  GROUP BY service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 60000)
)
