-- Lets questions about a window skip what ended before it in wayward_lock_holds, where the table was made before.
ALTER TABLE wayward_lock_holds ADD INDEX IF NOT EXISTS released (toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1
