-- Question: What held, waited and ran when, in boxes that are no finer than a screen shows?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window; what overlaps it counts
--   service   String         only this service, empty for all
--   session   String         only this session, empty for all
--   from_ns   Int64          from, in nanoseconds since 1970
--   to_ns     Int64          to, in nanoseconds since 1970
--   pixel_ns  Int64          how long a pixel is
--   limit     UInt64         boxes at most
--
-- Headline, the columns of a table, the last left out first:
--   kind, name, state, count
--
-- Output, one row per lane, state and pixel in which something begins, lanes side by side:
--   kind      text         lock, queue, job or span
--   service   text         service.name
--   name      text         name of the lock, queue, job; of spans empty
--   state     text         held, waiting, queued, processing, failed, running, span or error
--   count     count        how many are in the box
--   start_ns  duration ns  when the first of them begins, after from; negative where it began before
--   end_ns    duration ns  when the last of them ends, after from
SELECT
  kind, service, name, state,
  count() AS count,
  min(begin_ns) - {from_ns:Int64} AS start_ns,
  max(done_ns) - {from_ns:Int64} AS end_ns
FROM
(
  SELECT
    'lock' AS kind, service, lock_name AS name, 'held' AS state,
    toUnixTimestamp64Nano(granted_at) AS begin_ns,
    toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) AS done_ns
  FROM wayward_lock_holds
  WHERE granted_at < {to:DateTime64(9, 'UTC')}
    AND toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND ({service:String} = '' OR service = {service:String})
    AND ({session:String} = '' OR session = {session:String})
  UNION ALL
  SELECT
    'lock', service, lock_name, 'waiting',
    toUnixTimestamp64Nano(requested_at) AS begin_ns,
    toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) AS done_ns
  FROM wayward_lock_waits
  WHERE requested_at < {to:DateTime64(9, 'UTC')}
    AND toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND ({service:String} = '' OR service = {service:String})
    AND ({session:String} = '' OR session = {session:String})
  UNION ALL
  SELECT
    'queue', service, queue_name, 'queued',
    toUnixTimestamp64Nano(enqueued_at) AS begin_ns, toUnixTimestamp64Nano(dequeued_at) AS done_ns
  FROM wayward_queue_items
  WHERE enqueued_at < {to:DateTime64(9, 'UTC')} AND dequeued_at >= {from:DateTime64(9, 'UTC')}
    AND ({service:String} = '' OR service = {service:String})
    AND ({session:String} = '' OR session = {session:String})
  UNION ALL
  SELECT
    'queue', service, queue_name, if(result = 'failed', 'failed', 'processing'),
    toUnixTimestamp64Nano(dequeued_at) AS begin_ns,
    toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) AS done_ns
  FROM wayward_queue_items
  WHERE dequeued_at < {to:DateTime64(9, 'UTC')}
    AND toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND ({service:String} = '' OR service = {service:String})
    AND ({session:String} = '' OR session = {session:String})
  UNION ALL
  SELECT
    'job', service, job_name, if(result IN ('failure', 'error', 'timeout'), 'failed', 'running'),
    toUnixTimestamp64Nano(started_at) AS begin_ns,
    toUnixTimestamp64Nano(started_at) + toInt64(least(duration_ns, 6300000000000000000)) AS done_ns
  FROM wayward_job_runs
  WHERE started_at < {to:DateTime64(9, 'UTC')}
    AND toUnixTimestamp64Nano(started_at) + toInt64(least(duration_ns, 6300000000000000000)) >= {from_ns:Int64}
    AND ({service:String} = '' OR service = {service:String})
    AND ({session:String} = '' OR session = {session:String})
  UNION ALL
  SELECT
    splitByChar('_', kind)[1], service, name,
    multiIf(kind = 'lock_wait', 'waiting', kind = 'lock_hold', 'held', kind = 'queue_wait', 'queued',
      kind = 'queue_item', 'processing', 'running'),
    toUnixTimestamp64Nano(started_at) AS begin_ns,
    if(state = 'open', {to_ns:Int64}, toUnixTimestamp64Nano(seen_at)) AS done_ns
  FROM wayward_open_now
  WHERE started_at < {to:DateTime64(9, 'UTC')}
    AND (state = 'open' OR seen_at >= {from:DateTime64(9, 'UTC')})
    AND kind IN ('lock_wait', 'lock_hold', 'queue_wait', 'queue_item', 'job_run')
    AND ({service:String} = '' OR service = {service:String})
    AND ({session:String} = '' OR session = {session:String})
  UNION ALL
  SELECT
    'span', ServiceName, '', if(StatusCode = 'Error', 'error', 'span'),
    toUnixTimestamp64Nano(Timestamp) AS begin_ns,
    toUnixTimestamp64Nano(Timestamp) + toInt64(least(Duration, 6300000000000000000)) AS done_ns
  FROM otel_traces
  WHERE Timestamp < {to:DateTime64(9, 'UTC')}
    AND toUnixTimestamp64Nano(Timestamp) + toInt64(least(Duration, 6300000000000000000)) >= {from_ns:Int64}
    AND SpanAttributes['wayward.kind'] = ''
    AND ({service:String} = '' OR ServiceName = {service:String})
    AND {session:String} = ''
)
GROUP BY kind, service, name, state, intDiv(greatest(begin_ns, {from_ns:Int64}) - {from_ns:Int64}, {pixel_ns:Int64})
ORDER BY kind, service, name, state, start_ns
LIMIT {limit:UInt64}
