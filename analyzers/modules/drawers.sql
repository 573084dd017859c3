-- Module: In which drawers of lock_drawers holds of a lock may be that are there between two moments.
(lock, met_ns, last_ns) -> arrayConcat(
  [cityHash64(lock, 'open'), cityHash64(lock, 'longer')],
  arrayMap(number -> cityHash64(lock, toInt64(number), 'long'),
    range(intDiv(met_ns, 1000000000000) - 1, intDiv(last_ns, 1000000000000) + 1)),
  arrayMap(number -> cityHash64(lock, toInt64(number)),
    range(intDiv(met_ns, 1000000000) - 1, intDiv(last_ns, 1000000000) + 1)))
