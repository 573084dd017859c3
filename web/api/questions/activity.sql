-- Question: How much was reported, how much failed, and how long was waited, over time?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window
--   service  String         only this service, empty for all
--   from_ns  Int64          from, in nanoseconds since 1970
--   step_ns  Int64          length of a bucket in nanoseconds
--
-- Headline, the columns of a table, the last left out first:
--   service, at, spans, span_errors, lock_wait_ns
--
-- Output, one row per service and bucket in which something was reported, in the order of time:
--   service        text         service.name
--   at             time         when the bucket begins
--   spans          count        spans that began in it
--   span_errors    count        of these, with status Error
--   logs           count        log records of it
--   log_errors     count        of these, of severity ERROR or above
--   lock_wait_ns   duration ns  time that was waited for locks, by requests that were made in it
--   lock_waits     count        these requests
--   queue_wait_ns  duration ns  time in queues, of items that were enqueued in it
--   queue_items    count        these items
SELECT
  service,
  fromUnixTimestamp64Nano({from_ns:Int64} + bucket * {step_ns:Int64}, 'UTC') AS at,
  sum(span_count) AS spans,
  sum(error_count) AS span_errors,
  sum(log_count) AS logs,
  sum(log_error_count) AS log_errors,
  sum(waited_ns) AS lock_wait_ns,
  sum(wait_count) AS lock_waits,
  sum(queued_ns) AS queue_wait_ns,
  sum(item_count) AS queue_items
FROM
(
  SELECT
    ServiceName AS service,
    intDiv(toUnixTimestamp64Nano(Timestamp) - {from_ns:Int64}, {step_ns:Int64}) AS bucket,
    count() AS span_count, countIf(StatusCode = 'Error') AS error_count, 0 AS log_count, 0 AS log_error_count,
    toUInt128(0) AS waited_ns, 0 AS wait_count, toUInt128(0) AS queued_ns, 0 AS item_count
  FROM otel_traces
  WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR ServiceName = {service:String})
  GROUP BY service, bucket
  UNION ALL
  SELECT
    ServiceName,
    intDiv(toUnixTimestamp64Nano(Timestamp) - {from_ns:Int64}, {step_ns:Int64}) AS bucket,
    0, 0, count(), countIf(SeverityNumber >= 17), toUInt128(0), 0, toUInt128(0), 0
  FROM otel_logs
  WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR ServiceName = {service:String})
  GROUP BY ServiceName, bucket
  UNION ALL
  SELECT
    service,
    intDiv(toUnixTimestamp64Nano(requested_at) - {from_ns:Int64}, {step_ns:Int64}) AS bucket,
    0, 0, 0, 0, sum(toUInt128(wait_ns)), count(), toUInt128(0), 0
  FROM wayward_lock_waits
  WHERE requested_at >= {from:DateTime64(9, 'UTC')} AND requested_at < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
  GROUP BY service, bucket
  UNION ALL
  SELECT
    service,
    intDiv(toUnixTimestamp64Nano(enqueued_at) - {from_ns:Int64}, {step_ns:Int64}) AS bucket,
    0, 0, 0, 0, toUInt128(0), 0, sum(toUInt128(wait_ns) * weight), sum(weight)
  FROM wayward_queue_items
  WHERE enqueued_at >= {from:DateTime64(9, 'UTC')} AND enqueued_at < {to:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
  GROUP BY service, bucket
)
GROUP BY service, bucket
ORDER BY at, service
