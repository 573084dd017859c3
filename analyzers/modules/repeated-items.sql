-- Module: Whether queue items of the window were stored twice, as happens when a process sends spans again in other requests.
-- Numbers are counted and collected in bitmaps, of sessions of 100,000 spans and more one number in sixteen: what is sent
-- again is a request's worth of spans. Items without a number may be repeated.
--
-- Uses: window_from_ns, end_of_ns
(
  SELECT max(sent > kept)
  FROM
  (
    SELECT count() AS sent, groupBitmapIf(sequence, sequence > 0) AS kept
    FROM wayward_queue_items
    WHERE enqueued_at < {to:DateTime64(9, 'UTC')}
      AND end_of_ns(toUnixTimestamp64Nano(dequeued_at), processing_ns) >= window_from_ns
      AND
      (
        sequence % 16 = 0
        OR (service, session) NOT IN
        (
          SELECT service, session
          FROM wayward_sessions
          GROUP BY service, session
          HAVING sum(spans) >= 100000
        )
      )
    GROUP BY service, session
  )
)
