-- Module: Severity of blocking: how many actors were blocked on average in the worst ten seconds, and in the whole window.
-- Less than one counts by its square: among many stretches of what is well there is always one in which half an actor is blocked.
--
-- Uses: to_severity
(blocked_worst, blocked_mean) -> to_severity(0.5 * blocked_worst * least(blocked_worst, 1) + 1.5 * blocked_mean)
