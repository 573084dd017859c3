-- Lets questions see without reading the rows of wayward_lock_waits whether any came twice, where the table was made before.
ALTER TABLE wayward_lock_waits ADD PROJECTION IF NOT EXISTS numbers
(
  SELECT service, session, toDate(requested_at), countIf(sequence > 0), groupBitmapIf(sequence, sequence > 0), max(requested_at)
  GROUP BY service, session, toDate(requested_at)
)
