-- Module: Stretches in which nothing went on in a thread, or in the whole machine, up to the end of the window; also those of a week
-- before it, as a run that was due then may still be late in it.
--
-- Uses: end_of_ns
--
-- Columns:
--   cause          garbage_collection, eventloop_stall or machine_sleep
--   gc_type        major, minor, incremental or weakcb, else empty
--   thread_id      the thread that it stopped; all of them where the machine slept
--   start_ns, end_ns
SELECT
  service, session, toString(cause) AS cause, toString(gc_type) AS gc_type, thread_id,
  toUnixTimestamp64Nano(paused_at) AS start_ns,
  end_of_ns(start_ns, pause_ns) AS end_ns
FROM wayward_pauses
WHERE paused_at < {to:DateTime64(9, 'UTC')}
  AND paused_at >= toDateTime64({from:DateTime64(9, 'UTC')}, 3, 'UTC') - INTERVAL 7 DAY
  AND ({service:String} = '' OR service = {service:String})
