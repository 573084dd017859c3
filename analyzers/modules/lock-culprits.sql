-- Module: Who has to answer for the most waiting, and his hold that blocked longest: the thousand holders of most waiting.
--
-- Kept where small: names and spans are looked up for these few, which is planned sooner for a table.
--
-- Uses: lock_holds, lock_charges, actor_name
--
-- Columns: those of lock_charges, but for the state of victims their number, and
--   rank, known_ns  of the class of lock: 1 for who blocked most; how much is charged to all
--   lock_name, lock_type, holder_name, actor, service, task_id, trace_id, span_id, parent_span_id, start_ns, end_ns, as_of  of the hold
SELECT
  c.class AS class, c.holder AS holder, c.blocked_ns AS blocked_ns, c.trouble_ns AS trouble_ns, c.blocks AS blocks,
  c.victims AS victims, c.by_waiter AS by_waiter, c.open AS open, c.open_ns AS open_ns, c.worst AS worst,
  c.rank AS rank, c.known_ns AS known_ns, h.lock_name AS lock_name, h.lock_type AS lock_type,
  actor_name(h.task_name, h.task_id, h.thread_name) AS holder_name,
  h.actor AS actor, h.service AS service, h.task_id AS task_id, h.trace_id AS trace_id, h.span_id AS span_id,
  h.parent_span_id AS parent_span_id, h.start_ns AS start_ns, h.end_ns AS end_ns, h.as_of AS as_of
FROM lock_holds AS h
INNER JOIN
(
  SELECT
    class, holder, blocked_ns, trouble_ns, blocks, finalizeAggregation(victims) AS victims,
    by_waiter, open, open_ns, worst,
    row_number() OVER (PARTITION BY class ORDER BY holder = 0, blocked_ns DESC, holder) AS rank,
    sum(blocked_ns) OVER (PARTITION BY class) AS known_ns
  FROM lock_charges
  ORDER BY holder = 0, open_ns DESC, blocked_ns DESC
  LIMIT 1000
) AS c ON c.worst.4 = h.lock AND c.worst.5 = h.actor AND c.worst.6 = h.start_ns
WHERE c.holder != 0
LIMIT 1 BY c.class, c.holder
