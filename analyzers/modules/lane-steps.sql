-- Module: What the lanes of a timeline have, as sums of whole steps of time where there are many. In a wide picture a pixel has
-- many holds, waits and items, and the tables keep sums of them for each half second and minute (their projections, which
-- ClickHouse takes for the SELECTs with GROUP BY here): only what began in the first or the last step is read by itself.
--
-- Parameters besides those of lane_intervals: pixel_ns, how long a pixel is; level_ms, how long a step is (500 or 60000); first_step
-- and last_step, those that the window begins and ends in; inner_from and inner_to, when the steps between them begin and end.
--
-- Uses: lane_intervals
--
-- Without lock_steps locks come from lane_intervals, without queue_steps queues do, else not.
--
-- Columns:
--   kind, service, name, state  as those of lane_intervals
--   count                       how many
--   begin_ns, done_ns           when the first began and the last ended
--   length_ns                   how long they were together
-- If lock_steps:
SELECT
  'lock' AS kind, service, toString(lock_name) AS name, 'held' AS state,
  sum(weight) AS count, toUnixTimestamp64Nano(min(granted_at)) AS begin_ns,
  max(toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))) AS done_ns, sum(toFloat64(hold_ns) * weight) AS length_ns
FROM wayward_lock_holds
WHERE intDiv(toUnixTimestamp64Milli(granted_at), {level_ms:UInt16}) > {first_step:Int64} AND intDiv(toUnixTimestamp64Milli(granted_at), {level_ms:UInt16}) < {last_step:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
GROUP BY service, lock_name, intDiv(intDiv(toUnixTimestamp64Milli(granted_at), {level_ms:UInt16}) * {level_ms:UInt16} * 1000000 - {from_ns:Int64}, {pixel_ns:Int64})
UNION ALL
SELECT
  'lock' AS kind, service, toString(lock_name) AS name, 'held' AS state,
  weight AS count, toUnixTimestamp64Nano(granted_at) AS begin_ns, toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) AS done_ns, toFloat64(done_ns - begin_ns) * weight AS length_ns
FROM wayward_lock_holds
WHERE granted_at < {to:DateTime64(9, 'UTC')} AND toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) >= {from_ns:Int64}
  AND (granted_at < {inner_from:DateTime64(9, 'UTC')} OR granted_at >= {inner_to:DateTime64(9, 'UTC')})
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
UNION ALL
SELECT
  'lock' AS kind, service, toString(lock_name) AS name, 'waiting' AS state,
  count() AS count, toUnixTimestamp64Nano(min(requested_at)) AS begin_ns,
  max(toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))) AS done_ns, toFloat64(sum(wait_ns)) AS length_ns
FROM wayward_lock_waits
WHERE intDiv(toUnixTimestamp64Milli(requested_at), {level_ms:UInt16}) > {first_step:Int64} AND intDiv(toUnixTimestamp64Milli(requested_at), {level_ms:UInt16}) < {last_step:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
GROUP BY service, lock_name, intDiv(intDiv(toUnixTimestamp64Milli(requested_at), {level_ms:UInt16}) * {level_ms:UInt16} * 1000000 - {from_ns:Int64}, {pixel_ns:Int64})
UNION ALL
SELECT
  'lock' AS kind, service, toString(lock_name) AS name, 'waiting' AS state,
  1 AS count, toUnixTimestamp64Nano(requested_at) AS begin_ns, toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) AS done_ns, toFloat64(done_ns - begin_ns) AS length_ns
FROM wayward_lock_waits
WHERE requested_at < {to:DateTime64(9, 'UTC')} AND toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
  AND (requested_at < {inner_from:DateTime64(9, 'UTC')} OR requested_at >= {inner_to:DateTime64(9, 'UTC')})
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
UNION ALL
-- End
-- If queue_steps:
SELECT
  'queue' AS kind, service, toString(queue_name) AS name, 'queued' AS state,
  sum(weight) AS count, toUnixTimestamp64Nano(min(enqueued_at)) AS begin_ns,
  toUnixTimestamp64Nano(max(dequeued_at)) AS done_ns, sum(toFloat64(wait_ns) * weight) AS length_ns
FROM wayward_queue_items
WHERE intDiv(toUnixTimestamp64Milli(dequeued_at), {level_ms:UInt16}) > {first_step:Int64} AND intDiv(toUnixTimestamp64Milli(dequeued_at), {level_ms:UInt16}) < {last_step:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
GROUP BY service, queue_name, intDiv(intDiv(toUnixTimestamp64Milli(dequeued_at), {level_ms:UInt16}) * {level_ms:UInt16} * 1000000 - {from_ns:Int64}, {pixel_ns:Int64})
UNION ALL
SELECT
  'queue' AS kind, service, toString(queue_name) AS name, 'queued' AS state,
  weight AS count, toUnixTimestamp64Nano(enqueued_at) AS begin_ns, toUnixTimestamp64Nano(dequeued_at) AS done_ns, toFloat64(done_ns - begin_ns) * weight AS length_ns
FROM wayward_queue_items
WHERE enqueued_at < {to:DateTime64(9, 'UTC')} AND dequeued_at >= {from:DateTime64(9, 'UTC')}
  AND (dequeued_at < {inner_from:DateTime64(9, 'UTC')} OR dequeued_at >= {inner_to:DateTime64(9, 'UTC')})
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
UNION ALL
SELECT
  'queue' AS kind, service, toString(queue_name) AS name, if((result = 'failed'), 'failed', 'processing') AS state,
  sum(weight) AS count, toUnixTimestamp64Nano(min(dequeued_at)) AS begin_ns,
  max(toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))) AS done_ns, sum(toFloat64(processing_ns) * weight) AS length_ns
FROM wayward_queue_items
WHERE intDiv(toUnixTimestamp64Milli(dequeued_at), {level_ms:UInt16}) > {first_step:Int64} AND intDiv(toUnixTimestamp64Milli(dequeued_at), {level_ms:UInt16}) < {last_step:Int64}
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
GROUP BY service, queue_name, intDiv(intDiv(toUnixTimestamp64Milli(dequeued_at), {level_ms:UInt16}) * {level_ms:UInt16} * 1000000 - {from_ns:Int64}, {pixel_ns:Int64}), result = 'failed'
UNION ALL
SELECT
  'queue' AS kind, service, toString(queue_name) AS name, if(result = 'failed', 'failed', 'processing') AS state,
  weight AS count, toUnixTimestamp64Nano(dequeued_at) AS begin_ns, toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) AS done_ns, toFloat64(done_ns - begin_ns) * weight AS length_ns
FROM wayward_queue_items
WHERE dequeued_at < {to:DateTime64(9, 'UTC')} AND toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) >= {from_ns:Int64}
  AND (dequeued_at < {inner_from:DateTime64(9, 'UTC')} OR dequeued_at >= {inner_to:DateTime64(9, 'UTC')})
  AND ({service:String} = '' OR service = {service:String})
  AND (empty({sessions:Array(String)}) OR session IN {sessions:Array(String)})
UNION ALL
-- End
SELECT kind, service, name, state, weight AS count, begin_ns, done_ns, toFloat64(done_ns - begin_ns) * weight AS length_ns
FROM lane_intervals
