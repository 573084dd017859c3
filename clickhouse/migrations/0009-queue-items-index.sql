-- Lets questions about a window skip what ended before it in wayward_queue_items, where the table was made before.
ALTER TABLE wayward_queue_items ADD INDEX IF NOT EXISTS ended (toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1
