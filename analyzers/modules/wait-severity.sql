-- Module: Severity of work that waits for long and is done in the end, such as a burst that takes long to drain: 10 s give 10,
-- 100 s give 30, 1,000 s give 50; never more than 70. It costs a tenth of what it costs those who stand and wait.
wait_ns -> toUInt8(greatest(0, least(70, round(20 * log10(greatest(toFloat64(wait_ns), 1) / 1e9) - 10))))
