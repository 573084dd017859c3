-- Module: How much of the time from a moment on is covered by at least one of some stretches, nanoseconds. Each is a pair
-- of from and till.
(stretches, from_ns) -> toUInt64(arrayFold(
  (sum, stretch) -> (greatest(sum.1, stretch.2), sum.2 + greatest(stretch.2 - greatest(sum.1, stretch.1), 0)),
  arraySort(stretches),
  (from_ns, toInt64(0))).2)
