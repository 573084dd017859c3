-- Module: Severity of failures among so many tries: as failure_severity, but less where most went well. One of one gives 40,
-- half of 200 give 58, one of a hundred 17, ten of a million 21.
--
-- Uses: failure_severity
(failures, tries) -> toUInt8(round(
  failure_severity(failures) * (0.5 + 0.5 * pow(least(1, failures / greatest(tries, 1)), 0.25))
  + 15 * least(1, failures / greatest(tries, 1))))
