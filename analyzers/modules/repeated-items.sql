-- Module: In which sessions on which days queue items were stored twice, as happens when a process sends spans again in other
-- requests: hashes of these, in general none. A projection of the table has the numbers of all. Items without a number may be repeated.
(
  SELECT groupArray(cityHash64(service, session, day))
  FROM
  (
    SELECT service, session, toDate(dequeued_at) AS day
    FROM wayward_queue_items
    GROUP BY service, session, day
    HAVING count() > groupBitmapIf(sequence, sequence > 0)
  )
)
