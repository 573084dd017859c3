-- Module: How many items waited and were processed in each minute, on average. Of what lasts for days its last day counts.
--
-- Uses: queue_items
--
-- Columns: of_service, of_queue, minutes (number of the minute since 1970, items that waited, items that were processed)
SELECT service AS of_service, queue_name AS of_queue, groupArray((minute, waiting, working)) AS minutes
FROM
(
  SELECT
    service, queue_name, minute,
    sum(greatest(0, least(out_ns, (minute + 1) * 60000000000) - greatest(from_ns, minute * 60000000000)) * weight) / 6e10 AS waiting,
    sum(greatest(0, least(till_ns, (minute + 1) * 60000000000) - greatest(out_ns, minute * 60000000000)) * weight) / 6e10 AS working
  FROM queue_items
  ARRAY JOIN range(
    intDiv(greatest(from_ns, till_ns - 86400000000000), 60000000000), intDiv(till_ns, 60000000000) + 1) AS minute
  WHERE stage NOT IN ('refused', 'lost')
  GROUP BY service, queue_name, minute
)
GROUP BY service, queue_name
