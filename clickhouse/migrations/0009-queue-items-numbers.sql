-- Lets questions see without reading the rows of wayward_queue_items whether any came twice, where the table was made before.
ALTER TABLE wayward_queue_items ADD PROJECTION IF NOT EXISTS numbers
(
  SELECT service, session, toDate(dequeued_at), count(), groupBitmapIf(sequence, sequence > 0), max(dequeued_at)
  GROUP BY service, session, toDate(dequeued_at)
)
