-- Keeps sums of wayward_queue_items for each half second, where the table was made before: wide pictures are drawn from them.
ALTER TABLE wayward_queue_items ADD PROJECTION IF NOT EXISTS half_seconds
(
  SELECT service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 500),
    count(), min(enqueued_at), min(dequeued_at), max(dequeued_at), max(toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))), sum(wait_ns), sum(processing_ns)
  GROUP BY service, session, queue_name, result = 'failed', intDiv(toUnixTimestamp64Milli(dequeued_at), 500)
)
