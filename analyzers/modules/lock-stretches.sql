-- Module: How many actors were blocked on average in the ten seconds in which it was worst, waits counted by how much they
-- trouble. Of a wait that lasts for days its last day counts, which is as bad.
--
-- Uses: lock_waits, trouble, window_from_ns, window_to_ns
--
-- Columns: class, blocked_worst, worst_ns (start of that stretch), blocked_ns (sum over the window)
SELECT
  class,
  max(in_stretch) / 1e10 AS blocked_worst,
  argMax(stretch, in_stretch) * 10000000000 AS worst_ns,
  sum(in_stretch) AS blocked_ns
FROM
(
  SELECT
    class, stretch,
    sum(trouble(length_ns) * (least(till_ns, (stretch + 1) * 10000000000) - greatest(from_ns, stretch * 10000000000)))
      AS in_stretch
  FROM lock_waits
  ARRAY JOIN range(
    intDiv(greatest(from_ns, till_ns - 86400000000000), 10000000000),
    intDiv(till_ns, 10000000000) + 1) AS stretch
  WHERE outcome NOT IN ('refused', 'lost') AND till_ns > from_ns
  GROUP BY class, stretch
)
GROUP BY class
