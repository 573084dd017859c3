-- Module: Start plus length, nanoseconds, without running over the end of 64 bits: nothing lasts longer than 200 years.
(start_ns, length_ns) -> start_ns + toInt64(least(length_ns, toUInt64(6300000000000000000)))
