-- Module: The thousand who blocked others most, of locks that one holds at a time. Only numbers are kept of each holder, so that
-- millions of them can be looked at.
--
-- Uses: lock_blocks
--
-- Columns: heavy (hash of the class of the lock and the number of the holder's name)
SELECT cityHash64(class, holder) AS heavy
FROM lock_blocks
WHERE wait = 0
GROUP BY heavy
ORDER BY sumIf(toFloat64(waiting_ns), holder_is_open) DESC, sum(toFloat64(till_ns - from_ns)) DESC
LIMIT 1000
