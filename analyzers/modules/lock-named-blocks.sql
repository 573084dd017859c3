-- Module: Blocks of locks with what is kept of the longest, and whether the holder is kept by his name where memory is short.
--
-- Uses: lock_blocks, lock_heavy_holders
--
-- Columns: those of lock_blocks that charges are made of, is_named, and
--   block  length, from_ns, till_ns, lock, actor and start_ns of the hold
SELECT
  class, waiter, actor, holder, from_ns, till_ns, troubling, waiting_ns, wait, holder_is_open,
  (till_ns - from_ns, from_ns, till_ns, lock, holder_actor, holder_start_ns) AS block,
  -- If lock_heavy_holders:
  h.heavy != 0 AS is_named
  -- Else
  true AS is_named
  -- End
FROM lock_blocks AS b
-- If lock_heavy_holders:
LEFT JOIN lock_heavy_holders AS h ON h.heavy = cityHash64(b.class, b.holder)
-- End
