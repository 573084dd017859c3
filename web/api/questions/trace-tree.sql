-- Question: Which spans has a trace, and when, as little of each as a picture needs?
--
-- Parameters:
--   trace_id  String  the trace
--   limit     UInt64  spans at most
--
-- Headline, the columns of a table, the last left out first:
--   from_ns, spans
--
-- Output, one row; the n-th entries of the arrays are the n-th span, in the order of their starts:
--   from_ns         text    when the first span starts, nanoseconds since 1970
--   spans           count   how many there are here
--   span_ids        json    the spans
--   parent_ids      json    their parents, empty for none
--   names           json    their names, each once
--   services        json    service.name, each once
--   kinds           json    wayward.kind, each once
--   subjects        json    names of locks, queues and jobs, each once
--   name            counts  places in names
--   service         counts  places in services
--   kind            counts  places in kinds
--   subject         counts  places in subjects
--   start_ns        counts  starts, nanoseconds after from_ns
--   duration_ns     counts  from start to end
--   is_error        counts  1 where the status is Error
WITH
  found AS
  (
    SELECT
      SpanId AS span_id, ParentSpanId AS parent_id, toString(SpanName) AS span_name, toString(ServiceName) AS service_name,
      SpanAttributes['wayward.kind'] AS kind_name,
      multiIf(
        kind_name IN ('lock_hold', 'lock_wait'), SpanAttributes['wayward.lock.name'],
        startsWith(kind_name, 'queue'), SpanAttributes['wayward.queue.name'],
        startsWith(kind_name, 'job'), SpanAttributes['wayward.job.name'], '') AS subject_name,
      toUnixTimestamp64Nano(Timestamp) AS begin_ns, Duration AS length_ns, StatusCode = 'Error' AS failed
    FROM otel_traces
    WHERE TraceId = {trace_id:String}
      AND Timestamp >= (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = {trace_id:String})
      AND Timestamp < (SELECT toDateTime64(max(End), 9) + INTERVAL 1 SECOND FROM otel_traces_trace_id_ts WHERE TraceId = {trace_id:String})
    ORDER BY Timestamp, SpanId
    LIMIT {limit:UInt64}
  ),
  gathered AS
  (
    SELECT
      min(begin_ns) AS first_ns,
      arraySort(groupArray((begin_ns, span_id, parent_id, span_name, service_name, kind_name, subject_name, toFloat64(length_ns), toUInt8(failed)))) AS all,
      groupUniqArray(span_name) AS names, groupUniqArray(service_name) AS services,
      groupUniqArray(kind_name) AS kinds, groupUniqArray(subject_name) AS subjects,
      mapFromArrays(names, arrayMap(place -> toUInt32(place), range(length(names)))) AS names_map,
      mapFromArrays(services, arrayMap(place -> toUInt32(place), range(length(services)))) AS services_map,
      mapFromArrays(kinds, arrayMap(place -> toUInt32(place), range(length(kinds)))) AS kinds_map,
      mapFromArrays(subjects, arrayMap(place -> toUInt32(place), range(length(subjects)))) AS subjects_map
    FROM found
  )
SELECT
  toString(first_ns) AS from_ns,
  length(all) AS spans,
  all.2 AS span_ids,
  all.3 AS parent_ids,
  mapKeys(names_map) AS names,
  mapKeys(services_map) AS services,
  mapKeys(kinds_map) AS kinds,
  mapKeys(subjects_map) AS subjects,
  arrayMap(text -> names_map[text], all.4) AS name,
  arrayMap(text -> services_map[text], all.5) AS service,
  arrayMap(text -> kinds_map[text], all.6) AS kind,
  arrayMap(text -> subjects_map[text], all.7) AS subject,
  arrayMap(ns -> toFloat64(ns - first_ns), all.1) AS start_ns,
  all.8 AS duration_ns,
  all.9 AS is_error
FROM gathered
WHERE spans > 0
