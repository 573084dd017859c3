-- Keeps sums of wayward_lock_holds for each half second, where the table was made before: wide pictures are drawn from them.
ALTER TABLE wayward_lock_holds ADD PROJECTION IF NOT EXISTS half_seconds
(
  SELECT service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 500),
    count(), min(granted_at), max(toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))), sum(hold_ns)
  GROUP BY service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 500)
)
