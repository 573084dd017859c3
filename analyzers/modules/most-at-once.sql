-- Module: The most that there were at one time, of (first moment, moment after the last, how many) each. What ends makes room
-- for what begins at the same moment.
spans -> arrayMax(arrayCumSum(arrayMap(
  change -> change.2,
  arraySort(arrayConcat(arrayMap(s -> (s.1, s.3), spans), arrayMap(s -> (s.2, -s.3), spans))))))
