-- Lets questions see without reading the rows of wayward_lock_holds whether any came twice, where the table was made before.
ALTER TABLE wayward_lock_holds ADD PROJECTION IF NOT EXISTS numbers
(
  SELECT service, session, toDate(granted_at), countIf(sequence > 0), groupBitmapIf(sequence, sequence > 0), max(granted_at)
  GROUP BY service, session, toDate(granted_at)
)
