-- Module: How long the items of each queue took to process until the end of the window, also before it: what is usual.
--
-- Uses: end_of_ns, window_to_ns
--
-- Columns: of_service, of_queue, known (items), work_usual (mean), work_longest
SELECT
  service AS of_service, queue_name AS of_queue,
  sum(weight) AS known, avgWeighted(toFloat64(processing_ns), weight) AS work_usual, max(processing_ns) AS work_longest
FROM wayward_queue_items
WHERE end_of_ns(toUnixTimestamp64Nano(dequeued_at), processing_ns) < window_to_ns
  AND processing_ns > 0
  AND ({service:String} = '' OR service = {service:String})
GROUP BY service, queue_name
