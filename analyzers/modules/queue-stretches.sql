-- Module: How many items waited and were processed in each minute, on average. Of what lasts for days its last day counts.
--
-- Uses: queue_items
--
-- Queues are numbers here: a long name would be there for each minute.
--
-- Columns: of_queue (hash of service and name), minutes (number of the minute since 1970, items that waited, items that were processed)
SELECT of_queue, groupArray((minute, waiting, working)) AS minutes
FROM
(
  SELECT
    of_queue, minute,
    sum(greatest(0, least(out_ns, (minute + 1) * 60000000000) - greatest(from_ns, minute * 60000000000)) * weight) / 6e10 AS waiting,
    sum(greatest(0, least(till_ns, (minute + 1) * 60000000000) - greatest(out_ns, minute * 60000000000)) * weight) / 6e10 AS working
  FROM
  (
    SELECT cityHash64(service, queue_name) AS of_queue, from_ns, out_ns, till_ns, weight
    FROM queue_items
    WHERE stage NOT IN ('refused', 'lost')
  )
  ARRAY JOIN range(
    intDiv(greatest(from_ns, till_ns - 86400000000000), 60000000000), intDiv(till_ns, 60000000000) + 1) AS minute
  GROUP BY of_queue, minute
)
GROUP BY of_queue
