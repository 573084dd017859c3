-- Module: In which sessions on which days holds were stored twice, as happens when a process sends spans again in other
-- requests: hashes of these, in general none. A projection of the table has the numbers of all.
(
  SELECT groupArray(cityHash64(service, session, day))
  FROM
  (
    SELECT service, session, toDate(granted_at) AS day
    FROM wayward_lock_holds
    GROUP BY service, session, day
    HAVING countIf(sequence > 0) > groupBitmapIf(sequence, sequence > 0)
  )
)
