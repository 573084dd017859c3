-- Module: Items of queues that were reported as waiting or in processing and whose end is not known, as of open_now.
--
-- Evaluated once, as waiting items are looked for among those that were taken since.
--
-- Uses: open_now
SELECT
  service, session, kind, sequence, item_id, started_at, seen_at, wait_ns, name, subject_id, concurrency, trace_id,
  span_id, state, silent_at
FROM open_now
WHERE kind IN ('queue_wait', 'queue_item')
