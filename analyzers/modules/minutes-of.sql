-- Module: Numbers of the minutes, since 1970, that a time from one nanosecond to another touches; of what lasts for days those of
-- its last day.
(lo_ns, hi_ns) -> range(
  toUInt64(intDiv(greatest(lo_ns, hi_ns - 86400000000000), 60000000000)), toUInt64(intDiv(hi_ns, 60000000000) + 1))
