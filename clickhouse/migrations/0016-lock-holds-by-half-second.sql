-- Keeps sums of wayward_lock_holds for each half second, of all that its rows stand for: wide pictures are drawn from them.
ALTER TABLE wayward_lock_holds ADD PROJECTION IF NOT EXISTS by_half_second
(
  SELECT service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 500),
    sum(weight), min(granted_at), max(toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))), sum(toFloat64(hold_ns) * weight)
  GROUP BY service, session, lock_name, intDiv(toUnixTimestamp64Milli(granted_at), 500)
)
