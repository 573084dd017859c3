-- Module: Severity of a single item or run that does not end, by its age and the longest before it. What is no older than three
-- times that, or than 10 s, may still end well. The first of all may be meant to take long: 10 min give 26, 10 h give 50.
--
-- Uses: hang_severity, wait_severity
(age_ns, longest_ns) -> toUInt8(multiIf(
  age_ns < 10000000000 OR age_ns < 3 * longest_ns, 0,
  longest_ns > 0, hang_severity(age_ns),
  greatest(wait_severity(age_ns), 20) - 20))
