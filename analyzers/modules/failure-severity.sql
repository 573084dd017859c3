-- Module: Severity of requests or runs that were given up: each is a failure that somebody saw. 1 gives 25, 10 give 40,
-- 100 give 55; never more than 70.
failures -> toUInt8(if(failures = 0, 0, least(70, round(25 + 15 * log10(greatest(failures, 1))))))
