-- Module: Items of queues that were reported as waiting or in processing and whose end is not known, as of open_now. An item
-- is known by its id within its queue, as the number of its span may be another; one that came back has the same id.
--
-- Uses: open_now
SELECT
  o.service AS service, o.session AS session, kind, item_id, started_at, seen_at, wait_ns, name, subject_id, concurrency,
  trace_id, span_id, state, silent_at
FROM
(
  SELECT
    service, session, kind, item_id, started_at, seen_at, wait_ns, name, subject_id, concurrency, trace_id, span_id, state,
    silent_at,
    maxIf(started_at, kind = 'queue_item') OVER (PARTITION BY service, session, subject_id, item_id) AS begun_at
  FROM open_now
  WHERE kind IN ('queue_wait', 'queue_item')
) AS o
LEFT JOIN
(
  SELECT service, session, queue_id, item_id, max(dequeued_at) AS taken_at
  FROM wayward_queue_items
  WHERE dequeued_at >= (SELECT min(started_at) - 1 FROM open_now WHERE kind IN ('queue_wait', 'queue_item'))
    AND item_id IN (SELECT item_id FROM open_now WHERE kind IN ('queue_wait', 'queue_item'))
  GROUP BY service, session, queue_id, item_id
) AS i ON i.service = o.service AND i.session = o.session AND i.queue_id = o.subject_id AND i.item_id = o.item_id
WHERE addMilliseconds(i.taken_at, kind = 'queue_item') < started_at
  AND (kind = 'queue_item' OR begun_at < started_at)
