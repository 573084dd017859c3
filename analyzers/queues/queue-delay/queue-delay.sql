-- Question: Do items spend their time waiting in the queue or being processed, and does the queue keep up?
--
-- Parameters:
--   from     DateTime64(9)  first moment of the window
--   to       DateTime64(9)  first moment after the window; items that were dequeued in the window count
--   service  String         only this service, empty for all
--   session  String         only this session, empty for all
--
-- Headline, the columns of a table, the last left out first:
--   queue_name, service, state, wait_sum_ns, items, wait_p50_ns, wait_p95_ns, processing_p50_ns,
--   load, backlog_max, backlog_end, failed
--
-- Output, one row per service and queue name, the most waited in first:
--   service                text           service.name
--   queue_name             text           name of the queue
--   state                  text           Idle, Active, At capacity or Backlogged
--   items                  count          items whose processing has ended
--   failed                 count          items whose processing failed
--   failed_fraction        fraction       failed of items
--   arrival_rate           rate items/s   items enqueued per second while items arrived, at least over a mean processing time
--   wait_p50_ns            duration ns    median time in the queue, still waiting items with their age
--   wait_p95_ns            duration ns    95th percentile of the same
--   wait_p99_ns            duration ns    99th percentile of the same
--   wait_max_ns            duration ns    longest of the same
--   wait_sum_ns            duration ns    sum of the same
--   processing_p50_ns      duration ns    median time from dequeue to done
--   processing_p95_ns      duration ns    95th percentile of the same
--   processing_sum_ns      duration ns    sum of the same
--   wait_share             fraction       wait of wait and processing together
--   concurrency            count          items that may be processed at a time; where not reported, the most that were
--   concurrency_used       count          most items that were processed at a time
--   utilisation            fraction       processing_sum_ns of concurrency times active_ns
--   load                   number         arrival rate times mean processing over concurrency; above 1 it cannot keep up
--   length_little          number items   mean number in the queue by Little's law: dequeues per second times mean wait
--   length_area            number items   mean number in the queue, measured, items still waiting included
--   backlog_max            count          most items that waited at a time
--   backlog_end            count          items still waiting when last reported
--   backlog_slope          rate items/s   growth of the backlog while items arrived
--   drain_ns               duration ns    time to process backlog_end if nothing more arrives
--   oldest_age_ns          duration ns    age of the oldest item still waiting
--   oldest_silent_at       time           when its session went silent, 1970 if it has not
--   still_processing       count          items whose processing had not ended when last reported
--   ends_lost              count          items whose end was lost
--   active_ns              duration ns    from the first enqueue to the last sign of the queue
--   worst_item_id          text           item that waited longest
--   worst_at               time           when it was enqueued
--   worst_trace_id         text           its trace
--   worst_span_id          text           its span
WITH
  open_operations AS
  (
    SELECT
      service, session, kind, sequence, item_id, started_at, seen_at, age_ns, wait_ns, name, subject_id, concurrency,
      trace_id, span_id, state, silent_at
    FROM wayward_open_now
    WHERE kind IN ('queue_wait', 'queue_item')
      AND started_at < {to:DateTime64(9, 'UTC')}
      AND seen_at >= {from:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
  ),
  processing_now AS
  (
    SELECT
      service, session, name, subject_id, item_id, started_at, seen_at, age_ns, wait_ns, concurrency, trace_id, span_id,
      if(state = 'lost', 'lost', 'processing') AS stage,
      toUnixTimestamp64Nano(started_at) AS out_ns,
      out_ns - toInt64(wait_ns) AS in_ns
    FROM open_operations
    WHERE kind = 'queue_item'
      AND (service, session, sequence) NOT IN
      (
        SELECT service, session, sequence
        FROM wayward_queue_items
        WHERE toDate(dequeued_at) IN (SELECT toDate(started_at) FROM open_operations)
          AND sequence IN (SELECT sequence FROM open_operations)
      )
  ),
  -- An item is known by its id within its queue; the sequence of a waiting item may not be that of its span.
  waiting_now AS
  (
    SELECT
      service, session, name, subject_id, item_id, started_at, seen_at, age_ns, concurrency, trace_id, span_id, silent_at,
      if(state = 'lost', 'lost', 'waiting') AS stage
    FROM open_operations
    WHERE kind = 'queue_wait'
      AND (service, session, subject_id, item_id) NOT IN
      (
        SELECT service, session, queue_id, item_id
        FROM wayward_queue_items
        WHERE dequeued_at >= (SELECT min(started_at) FROM open_operations)
          AND item_id IN (SELECT item_id FROM open_operations)
      )
      AND (service, session, subject_id, item_id) NOT IN
      (
        SELECT service, session, subject_id, item_id
        FROM processing_now
      )
  ),
  all_items AS
  (
    SELECT
      service, session, queue_name, queue_id, item_id, 'done' AS stage, toString(result) AS outcome, enqueued_at,
      wait_ns, processing_ns, concurrency AS workers, trace_id, span_id, toDateTime64(0, 9, 'UTC') AS silent_at,
      toUnixTimestamp64Nano(enqueued_at) AS in_ns,
      toUnixTimestamp64Nano(dequeued_at) AS out_ns,
      out_ns + toInt64(processing_ns) AS end_ns
    FROM wayward_queue_items
    WHERE dequeued_at >= {from:DateTime64(9, 'UTC')}
      AND dequeued_at < {to:DateTime64(9, 'UTC')}
      AND ({service:String} = '' OR service = {service:String})
      AND ({session:String} = '' OR session = {session:String})
    UNION ALL
    SELECT
      service, session, name, subject_id, item_id, stage, '', started_at, age_ns, 0, concurrency, trace_id, span_id,
      silent_at, toUnixTimestamp64Nano(started_at), toUnixTimestamp64Nano(seen_at), toUnixTimestamp64Nano(seen_at)
    FROM waiting_now
    UNION ALL
    SELECT
      service, session, name, subject_id, item_id, stage, '', fromUnixTimestamp64Nano(in_ns, 'UTC'), wait_ns, age_ns,
      concurrency, trace_id, span_id, toDateTime64(0, 9, 'UTC'), in_ns, out_ns, toUnixTimestamp64Nano(seen_at)
    FROM processing_now
  ),
  workers_of AS
  (
    SELECT service, queue_name, sum(most) AS limit
    FROM
    (
      SELECT service, session, queue_name, queue_id, max(workers) AS most
      FROM all_items
      GROUP BY service, session, queue_name, queue_id
    )
    GROUP BY service, queue_name
  ),
  arrivals AS
  (
    SELECT service, queue_name, min(in_ns) AS first_in, max(in_ns) AS last_in
    FROM all_items
    GROUP BY service, queue_name
  ),
  figures AS
  (
    SELECT
      i.service AS service,
      i.queue_name AS queue_name,
      countIf(i.stage = 'done') AS done_count,
      countIf(i.stage = 'waiting') AS waiting_count,
      countIf(i.stage = 'processing') AS processing_count,
      countIf(i.outcome = 'failed') AS failed_count,
      quantilesExactInclusive(0.5, 0.95, 0.99)(i.wait_ns) AS waits,
      max(i.wait_ns) AS wait_longest,
      sum(toUInt128(i.wait_ns)) AS wait_total,
      sumIf(toUInt128(i.wait_ns), i.stage = 'done') AS wait_total_done,
      quantilesExactInclusiveIf(0.5, 0.95)(i.processing_ns, i.stage = 'done') AS processing,
      sum(toUInt128(i.processing_ns)) AS processing_total,
      avgIf(toFloat64(i.processing_ns), i.stage = 'done') AS processing_mean,
      maxIntersectionsIf(i.out_ns, i.end_ns, i.end_ns > i.out_ns) AS used,
      maxIntersectionsIf(i.in_ns, i.out_ns, i.out_ns > i.in_ns) AS backlog_peak,
      countIf(i.stage = 'lost') AS lost_count,
      maxIf(i.wait_ns, i.stage = 'waiting') AS oldest,
      argMaxIf(i.silent_at, i.wait_ns, i.stage = 'waiting') AS oldest_silent_at,
      countIf(i.in_ns <= a.last_in AND i.out_ns > a.last_in) AS left_at_last_arrival,
      -- A burst has no rate: it is spread over at least the time that one item takes.
      greatest(toFloat64(any(a.last_in - a.first_in)), ifNotFinite(processing_mean, 0), toFloat64(1)) AS arriving_ns,
      max(i.end_ns) - min(i.in_ns) AS active,
      argMax((i.item_id, i.enqueued_at, i.trace_id, i.span_id), i.wait_ns) AS worst
    FROM all_items AS i
    LEFT JOIN arrivals AS a ON a.service = i.service AND a.queue_name = i.queue_name
    GROUP BY i.service, i.queue_name
  )
SELECT
  f.service AS service,
  f.queue_name AS queue_name,
  multiIf(
    backlog_end > concurrency OR (load > 1 AND backlog_max > concurrency), 'Backlogged',
    utilisation >= 0.8 AND backlog_max > 0, 'At capacity',
    utilisation >= 0.01, 'Active',
    'Idle') AS state,
  f.done_count AS items,
  f.failed_count AS failed,
  if(items = 0, 0, failed / items) AS failed_fraction,
  (f.done_count + f.processing_count + f.waiting_count + f.lost_count - 1) / f.arriving_ns * 1e9 AS arrival_rate,
  toUInt64(round(ifNotFinite(f.waits[1], 0))) AS wait_p50_ns,
  toUInt64(round(ifNotFinite(f.waits[2], 0))) AS wait_p95_ns,
  toUInt64(round(ifNotFinite(f.waits[3], 0))) AS wait_p99_ns,
  f.wait_longest AS wait_max_ns,
  f.wait_total AS wait_sum_ns,
  toUInt64(round(ifNotFinite(f.processing[1], 0))) AS processing_p50_ns,
  toUInt64(round(ifNotFinite(f.processing[2], 0))) AS processing_p95_ns,
  f.processing_total AS processing_sum_ns,
  if(wait_sum_ns + processing_sum_ns = 0, 0, wait_sum_ns / (wait_sum_ns + processing_sum_ns)) AS wait_share,
  greatest(if(w.limit = 0, f.used, w.limit), 1) AS concurrency,
  f.used AS concurrency_used,
  least(1, processing_sum_ns / concurrency / active_ns) AS utilisation,
  if(f.done_count = 0, 0, arrival_rate * f.processing_mean / 1e9 / concurrency) AS load,
  f.wait_total_done / active_ns AS length_little,
  f.wait_total / active_ns AS length_area,
  f.backlog_peak AS backlog_max,
  f.waiting_count AS backlog_end,
  f.left_at_last_arrival / f.arriving_ns * 1e9 AS backlog_slope,
  if(f.done_count = 0, 0, toUInt64(round(backlog_end * f.processing_mean / concurrency))) AS drain_ns,
  f.oldest AS oldest_age_ns,
  f.oldest_silent_at AS oldest_silent_at,
  f.processing_count AS still_processing,
  f.lost_count AS ends_lost,
  toUInt64(greatest(f.active, 1)) AS active_ns,
  f.worst.1 AS worst_item_id,
  f.worst.2 AS worst_at,
  f.worst.3 AS worst_trace_id,
  f.worst.4 AS worst_span_id
FROM figures AS f
LEFT JOIN workers_of AS w ON w.service = f.service AND w.queue_name = f.queue_name
ORDER BY wait_sum_ns DESC, service, queue_name
