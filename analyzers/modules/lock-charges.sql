-- Module: How much of the waiting for locks each holder has to answer for. While several hold a lock (readers, permits), they
-- share it equally; while one does, all is his.
--
-- Names would take some kilobytes for each holder.
--
-- Uses: lock_named_blocks
--
-- Columns, by class of the lock and name of the holder:
--   class, holder  numbers; where memory is short, 0 for all of a class but the heaviest
--   blocked_ns  waiting within the window that is charged to the holder; trouble_ns: weighted by how much it troubles
--   blocks      waits that met a hold of his, counted for each hold; victims: state of the actors that waited
--   by_waiter   numbers of those who waited most for him, with nanoseconds; the rarest are estimates where there are many
--   open        waits that go on while a hold of his does; open_ns: their ages, shared among the holders
--   worst       longest of the blocks: length, from_ns, till_ns, lock, actor and start_ns of the hold
-- If shared_waits:
SELECT
  class, charge.1 AS holder,
  sum(charge.2) AS blocked_ns,
  sum(charge.3) AS trouble_ns,
  sum(charge.4) AS blocks,
  uniqCombinedMergeState(12)(charge.5) AS victims,
  approx_top_sumMerge(4)(charge.9) AS by_waiter,
  sum(charge.6) AS open,
  sum(charge.7) AS open_ns,
  argMax(charge.8, charge.8.1) AS worst
FROM
(
  SELECT
    class,
    arraySort(arrayConcat(arrayMap(m -> (m.2.2, 1), met), arrayMap(m -> (m.2.3, -1), met))) AS steps,
    arrayMap(step -> step.1, steps) AS moments,
    arrayPushFront(arrayPopBack(arrayCumSum(step -> step.2, steps)), 0) AS holders,
    -- Time until each moment, each stretch of it divided by the number of those that hold the lock then.
    arrayCumSum((gap, n) -> if(n = 0, 0, gap / n), arrayDifference(moments), holders) AS shares,
    arrayMap(
      m -> (m.1, shares[indexOf(moments, m.2.3)] - shares[indexOf(moments, m.2.2)] AS share,
        share * m.3, toUInt64(1), initializeAggregation('uniqCombinedState(12)', m.5), toUInt64(m.4 > 0), m.4 / length(met), m.2,
        initializeAggregation('approx_top_sumState(4)', m.6, toUInt64(share))),
      met) AS of_several,
    if(empty(met), [(one, ns, troubling_ns, blocked, actors, going_on, going_on_ns, longest, waiters)], of_several) AS charges
  FROM
  (
    -- By holder, or by wait where several can hold the lock.
    SELECT
      class,
      multiIf(wait != 0, wait, is_named, holder, 0) AS one,
      approx_top_sumState(4)(waiter, toUInt64(till_ns - from_ns)) AS waiters,
      sum(toFloat64(till_ns - from_ns)) AS ns,
      sum(troubling * (till_ns - from_ns)) AS troubling_ns,
      count() AS blocked,
      uniqCombinedState(12)(actor) AS actors,
      countIf(waiting_ns > 0 AND holder_is_open) AS going_on,
      sumIf(toFloat64(waiting_ns), holder_is_open) AS going_on_ns,
      argMax(block, till_ns - from_ns) AS longest,
      groupArrayIf((holder, block, troubling, if(holder_is_open, toFloat64(waiting_ns), 0), actor, waiter), wait != 0) AS met
    FROM lock_named_blocks
    GROUP BY class, one
  )
)
ARRAY JOIN charges AS charge
GROUP BY class, holder
-- Else
SELECT
  class,
  if(is_named, b.holder, 0) AS holder,
  sum(toFloat64(till_ns - from_ns)) AS blocked_ns,
  sum(troubling * (till_ns - from_ns)) AS trouble_ns,
  count() AS blocks,
  uniqCombinedState(12)(actor) AS victims,
  approx_top_sum(4)(waiter, toUInt64(till_ns - from_ns)) AS by_waiter,
  toUInt64(countIf(waiting_ns > 0 AND holder_is_open)) AS open,
  sumIf(toFloat64(waiting_ns), holder_is_open) AS open_ns,
  argMax(block, till_ns - from_ns) AS worst
FROM lock_named_blocks AS b
GROUP BY class, holder
-- End
