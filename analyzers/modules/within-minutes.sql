-- Module: How much of each of these minutes a time from one nanosecond to another fills, as a fraction.
(minutes, lo_ns, hi_ns) -> arrayMap(
  minute -> greatest(0, least(hi_ns, (minute + 1) * 60000000000) - greatest(lo_ns, minute * 60000000000)) / 6e10,
  minutes)
