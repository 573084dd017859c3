-- Module: Severity of what does not end: by the time that it has cost those who wait for it, all of them together, whatever
-- came before. 10 s give 40, 100 s give 60, 1,000 s give 80; what is shorter is no hang.
blocked_ns -> toUInt8(if(blocked_ns < 10000000000, 0, least(95, round(20 + 20 * log10(blocked_ns / 1e9)))))
