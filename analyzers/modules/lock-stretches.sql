-- Module: How many actors were blocked on average in the ten seconds in which it was worst, waits counted by how much they
-- trouble. Of a wait that lasts for days its last day counts, which is as bad.
--
-- What is in each stretch is summed in sorted lists, a number for the stretch and the nanoseconds of one wait: a table of
-- all stretches would take several times the memory.
--
-- Kept for several questions: a report asks it once.
--
-- Uses: lock_waits, trouble, window_from_ns, window_to_ns
--
-- Columns: class, lock_type, blocked_worst, worst_ns (start of that stretch), blocked_ns (sum over the window)
SELECT
  class, lock_type,
  arrayMax(in_stretch) / 1e10 AS blocked_worst,
  toInt64(arrayFilter((stretch, next) -> stretch != next, stretches, nexts)[indexOf(in_stretch, arrayMax(in_stretch))])
    * 10000000000 AS worst_ns,
  sums[-1] AS blocked_ns
FROM
(
  SELECT
    class, lock_type,
    arraySort(groupArray(bitOr(bitShiftLeft(toUInt64(stretch), 32), toUInt64(reinterpretAsUInt32(toFloat32(
      trouble(length_ns) * (least(till_ns, (stretch + 1) * 10000000000) - greatest(from_ns, stretch * 10000000000))))))))
      AS parts,
    arrayMap(part -> toUInt32(bitShiftRight(part, 32)), parts) AS stretches,
    arrayPushBack(arrayPopFront(stretches), 0) AS nexts,
    arrayCumSum(part -> toFloat64(reinterpretAsFloat32(toUInt32(bitAnd(part, 4294967295)))), parts) AS sums,
    arrayPopFront(arrayDifference(arrayPushFront(
      arrayFilter((sum, stretch, next) -> stretch != next, sums, stretches, nexts), 0))) AS in_stretch
  FROM lock_waits
  ARRAY JOIN range(
    intDiv(greatest(from_ns, till_ns - 86400000000000), 10000000000),
    intDiv(till_ns, 10000000000) + 1) AS stretch
  WHERE outcome NOT IN ('refused', 'lost') AND till_ns > from_ns
  GROUP BY class, lock_type
)
