-- Module: The largest four of a map from names to nanoseconds, as text: `a 1200 ms, b 30 ms`.
by_name -> arrayStringConcat(
  arrayMap(
    entry -> concat(entry.1, ' ', toString(round(entry.2 / 1e6, 1)), ' ms'),
    arraySlice(arrayReverseSort(entry -> (entry.2, entry.1), arrayZip(mapKeys(by_name), mapValues(by_name))), 1, 4)),
  ', ')
