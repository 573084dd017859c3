-- Keeps sums of wayward_lock_waits for each minute, where the table was made before: wide pictures are drawn from them.
ALTER TABLE wayward_lock_waits ADD PROJECTION IF NOT EXISTS minutes
(
  SELECT service, session, lock_name, intDiv(toUnixTimestamp64Milli(requested_at), 60000),
    count(), min(requested_at), max(toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))), sum(wait_ns)
  GROUP BY service, session, lock_name, intDiv(toUnixTimestamp64Milli(requested_at), 60000)
)
