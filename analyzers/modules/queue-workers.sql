-- Module: From when to when a queue had how many workers. The only queue of its name in a session is there as long as the
-- session is observed, one of several from its first item to its last: one that is made for each request is full when its
-- worker is busy.
--
-- Uses: window_from_ns, window_to_ns
(first_ns, last_ns, is_brief, session_from, session_till, workers) -> (
  if(is_brief, first_ns, least(first_ns, greatest(toUnixTimestamp64Nano(session_from), window_from_ns))),
  if(is_brief, last_ns, greatest(last_ns, least(toUnixTimestamp64Nano(session_till), window_to_ns))),
  toInt64(greatest(workers, 1)))
