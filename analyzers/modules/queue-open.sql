-- Module: Items of queues that were reported as waiting or in processing and whose end is not known, as of open_now. An item
-- keeps its number from the queue to its span; its id may come again, as where it is that of a user, or the item comes back.
-- Only where no number is reported an item is known by its id.
--
-- Uses: open_now
SELECT
  service, session, kind, item_id, started_at, seen_at, wait_ns, name, subject_id, concurrency, priority, trace_id, span_id, state,
  silent_at
FROM open_now
WHERE kind IN ('queue_wait', 'queue_item')
  AND (service, session, sequence, if(sequence > 0, ('', ''), (subject_id, item_id))) NOT IN
  (
    SELECT service, session, sequence, if(sequence > 0, ('', ''), (queue_id, item_id))
    FROM wayward_queue_items
    WHERE dequeued_at >= (SELECT min(started_at) FROM open_now WHERE kind IN ('queue_wait', 'queue_item'))
      AND sequence IN (SELECT sequence FROM open_now WHERE kind IN ('queue_wait', 'queue_item'))
  )
  AND (kind = 'queue_item' OR (service, session, sequence, if(sequence > 0, ('', ''), (subject_id, item_id))) NOT IN
  (
    SELECT service, session, sequence, if(sequence > 0, ('', ''), (subject_id, item_id))
    FROM open_now
    WHERE kind = 'queue_item'
  ))
