-- Question: Which log records are like these, the latest first?
--
-- Parameters:
--   from      DateTime64(9)  first moment of the window
--   to        DateTime64(9)  first moment after the window
--   service   String         only this service, empty for all
--   own       String         without leaves out the events of Wayward itself, such as changes of jobs
--   text      String         only records whose body has this in whatever case, empty for all
--   logger    String         only records of this instrumentation scope and those below it, empty for all
--   severity  UInt8          only records of this severity number or above
--   trace_id  String         only records of this trace, empty for all
--   key       String         only records with this attribute, empty for all
--   value     String         of this value
--   limit     UInt64         rows at most
--
-- Headline, the columns of a table, the last left out first:
--   at, service, severity_text, body
--
-- Output, one row per log record or event, the latest first:
--   at             time   time of the record
--   service        text   service.name
--   severity       count  severity number from 1 (trace) to 24 (fatal), 0 unknown
--   severity_text  text   severity as the application writes it
--   body           text   text of the record
--   event_name     text   name of the event, empty for a plain log record
--   logger         text   instrumentation scope
--   trace_id       text   the trace, empty for none
--   span_id        text   the span, empty for none
--   attributes     json   attributes of the record, values as text
SELECT
  toDateTime64(Timestamp, 9, 'UTC') AS at,
  ServiceName AS service,
  SeverityNumber AS severity,
  SeverityText AS severity_text,
  Body AS body,
  EventName AS event_name,
  ScopeName AS logger,
  TraceId AS trace_id,
  SpanId AS span_id,
  LogAttributes AS attributes
FROM otel_logs
-- Before what is sorted: ClickHouse looks for the latest 500 in a way that costs nine times as much where few are found.
-- If text:
PREWHERE positionCaseInsensitiveUTF8(Body, {text:String}) > 0
-- End
WHERE Timestamp >= {from:DateTime64(9, 'UTC')} AND Timestamp < {to:DateTime64(9, 'UTC')}
  AND ({service:String} = '' OR ServiceName = {service:String})
  AND ({own:String} != 'without' OR NOT startsWith(EventName, 'wayward.'))
  AND ({logger:String} = '' OR ScopeName = {logger:String}
    OR startsWith(ScopeName, concat({logger:String}, '.')) OR startsWith(ScopeName, concat({logger:String}, '/')))
  AND SeverityNumber >= {severity:UInt8}
  AND ({trace_id:String} = '' OR TraceId = {trace_id:String})
  AND ({key:String} = '' OR (mapContains(LogAttributes, {key:String}) AND LogAttributes[{key:String}] = {value:String}))
ORDER BY Timestamp DESC
LIMIT {limit:UInt64}
