-- Question: What held, waited and ran when, in boxes that are no finer than a screen shows?
--
-- Parameters:
--   from        DateTime64(9)  first moment of the window
--   to          DateTime64(9)  first moment after the window; what overlaps it counts
--   service     String         only this service, empty for all
--   sessions    Array(String)  only these sessions, empty for all; spans and log records are left out then
--   from_ns     Int64          from, in nanoseconds since 1970
--   to_ns       Int64          to, in nanoseconds since 1970
--   by          String         thread or task: a lane for each of them; empty: for each lock, queue, job, ...
--   find        String         only lanes whose name or service has this, in whatever case; empty for all
--   pixel_ns    Int64          how long a pixel is
--   unit_ns     Int64          in what starts and ends are counted
--   level_ms    UInt16         how long the steps are whose sums are taken, in milliseconds; of no use in a narrow picture
--   first_step  Int64          the step that the window begins in
--   last_step   Int64          the step that it ends in
--   inner_from  DateTime64(9)  when the step after the first begins
--   inner_to    DateTime64(9)  when the last step begins
--   limit       UInt64         boxes at most; lanes in which nobody waited or failed are left out first
--
-- Uses: lane_steps
--
-- Headline, the columns of a table, the last left out first:
--   kind, name, state, counts
--
-- Output, one row per lane and state:
--   kind     text    lock, queue, job, thread, task, span, log or process
--   service  text    service.name
--   name     text    name of the lock, queue, job, thread, task or session; of spans and log records empty
--   state    text    held, waiting, queued, processing, failed, running, span, error, log, log_warning, log_error or alive
--   counts   counts  how many are in each box; a box has all that begin in the same pixel
--   starts   counts  when the first of a box begins, in unit_ns after from; negative where it began before
--   ends     counts  when the last of a box ends
--   length   number  how long they are together, nanoseconds
SELECT
  kind, service, name, state,
  groupArray(count) AS counts, groupArray(start) AS starts, groupArray(end) AS ends,
  sum(length) AS length
FROM
(
  SELECT
    kind, service, name, state,
    toFloat64(sum(s.count)) AS count,
    toFloat64(floor((min(begin_ns) - {from_ns:Int64}) / {unit_ns:Int64})) AS start,
    toFloat64(ceil((max(done_ns) - {from_ns:Int64}) / {unit_ns:Int64})) AS end,
    sum(length_ns) AS length
  FROM lane_steps AS s
  WHERE true
    AND ({find:String} = '' OR positionCaseInsensitiveUTF8(concat(kind, ' ', name, ' ', service), {find:String}) > 0)
  GROUP BY kind, service, name, state, intDiv(greatest(begin_ns, {from_ns:Int64}) - {from_ns:Int64}, {pixel_ns:Int64})
  -- Asked only where there are too many otherwise.
  -- If worst:
  ORDER BY
    sum(length * if(state IN ('waiting', 'queued', 'failed'), 1000., 1.)) OVER (PARTITION BY kind, service, name) DESC,
    kind, service, name, state
  -- End
  LIMIT {limit:UInt64}
)
GROUP BY kind, service, name, state
