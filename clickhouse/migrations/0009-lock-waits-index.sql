-- Lets questions about a window skip what ended before it in wayward_lock_waits, where the table was made before.
ALTER TABLE wayward_lock_waits ADD INDEX IF NOT EXISTS ended (toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1
