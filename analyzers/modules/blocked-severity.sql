-- Module: Severity of blocking: how many actors were blocked on average in the worst ten seconds, and in the whole window.
--
-- Uses: to_severity
(blocked_worst, blocked_mean) -> to_severity(0.5 * blocked_worst + 1.5 * blocked_mean)
