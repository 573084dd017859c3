-- What Grafana's ClickHouse plug-in asks, in our own words: its connection test, its schema queries,
-- the query builder for tables, time series, logs and traces, and its dashboards.

-- query: connection test
SELECT 1

-- query: version
SELECT version()

-- query: databases
SHOW DATABASES

-- query: tables
SHOW TABLES FROM "wayward"

-- query: columns
DESC TABLE "wayward"."otel_traces"

-- query: columns with a setting
DESC TABLE "wayward"."otel_logs" SETTINGS describe_include_subcolumns = 0

-- query: functions for the editor
SELECT name, is_aggregate FROM system.functions WHERE is_aggregate = 0 ORDER BY name LIMIT 5000

-- query: columns of one table, for the editor
SELECT name, type, comment FROM system.columns WHERE database = 'wayward' AND table = 'otel_traces' ORDER BY position

-- query: table columns with a backslash in LIKE
SELECT table FROM system.columns WHERE table LIKE 'otel\\_%' AND database NOT IN ('system', 'INFORMATION_SCHEMA') GROUP BY table

-- query: keys of a map
SELECT DISTINCT arrayJoin("SpanAttributes".keys) AS keys FROM "wayward"."otel_traces" LIMIT 1000

-- query: values for an ad hoc filter
SELECT DISTINCT ServiceName FROM wayward.otel_traces ORDER BY ServiceName LIMIT 1000

-- query: ad hoc filter
SELECT count() AS c FROM otel_traces settings additional_table_filters={'otel_traces' : ' ServiceName = \'shop\' AND SpanName IN (\'a\', \'b\') '}

-- query: ad hoc filter of two tables
SELECT (SELECT count() FROM otel_traces) + (SELECT count() FROM otel_logs) AS c settings additional_table_filters={'wayward.otel_traces' : ' Duration > 5 ', 'wayward.otel_logs' : ' Body LIKE \'%file(%\' '}

-- query: table panel
SELECT "Timestamp", "ServiceName", "SpanName", "Duration" FROM "wayward"."otel_traces" WHERE ( "Timestamp" >= fromUnixTimestamp64Milli(1795745000000) AND "Timestamp" <= fromUnixTimestamp64Milli(1795748600000) ) ORDER BY "Timestamp" DESC LIMIT 1000

-- query: time series panel
SELECT toStartOfInterval("Timestamp", INTERVAL 20 second) AS "time", ServiceName, count() AS spans, quantile(0.95)(Duration) / 1000000 AS p95 FROM "wayward"."otel_traces" WHERE Timestamp >= toDateTime64(1795745000000 / 1000, 3) AND Timestamp <= toDateTime64(1795748600000 / 1000, 3) GROUP BY ServiceName, time ORDER BY time ASC LIMIT 10000

-- query: time series with a setting, as provisioned dashboards write it
SELECT toStartOfMinute(Timestamp) AS time, count() AS value FROM otel_traces WHERE Timestamp > now() - 3600 GROUP BY time ORDER BY time SETTINGS max_execution_time = 60, skip_unavailable_shards = 1

-- query: logs
SELECT Timestamp AS "timestamp", Body AS "body", SeverityText AS "level", LogAttributes AS "labels", TraceId AS "traceID" FROM "wayward"."otel_logs" WHERE ( timestamp >= fromUnixTimestamp64Milli(1795745000000) AND timestamp <= fromUnixTimestamp64Milli(1795748600000) ) AND ( body LIKE '%C:\\temp%' OR level NOT ILIKE '%debug%' ) ORDER BY timestamp DESC LIMIT 1000

-- query: volume of logs by level
SELECT toStartOfInterval("Timestamp", INTERVAL 1 minute) AS "time", sum(toInt32(multiSearchAny(lower("SeverityText"), ['critical', 'fatal', 'crit', 'alert', 'emerg']))) AS critical, sum(toInt32(multiSearchAny(lower("SeverityText"), ['error', 'err', 'eror']))) AS error, sum(toInt32(multiSearchAny(lower("SeverityText"), ['warn', 'warning']))) AS warn FROM "wayward"."otel_logs" WHERE Timestamp >= fromUnixTimestamp64Milli(1795745000000) GROUP BY time ORDER BY time ASC

-- query: rows around a log line
SELECT Timestamp AS timestamp, Body AS body FROM wayward.otel_logs WHERE ( timestamp >= toDateTime64('2026-11-27 03:00:00.123456789', 9) ) AND ( ServiceName = 'shop' ) ORDER BY timestamp ASC LIMIT 10

-- query: search for traces
SELECT "TraceId" AS traceID, "ServiceName" AS serviceName, "SpanName" AS operationName, "Timestamp" AS startTime, multiply("Duration", 0.000001) AS duration FROM "wayward"."otel_traces" WHERE ( Timestamp >= fromUnixTimestamp64Milli(1795745000000) AND Timestamp <= fromUnixTimestamp64Milli(1795748600000) ) AND ( ParentSpanId = '' ) AND ( Duration > 0 ) AND ( SpanAttributes['http.method'] != 'GET' ) ORDER BY Timestamp DESC, Duration DESC LIMIT 1000

-- query: one trace
WITH '00112233445566778899aabbccddeeff' AS trace_id, (SELECT min(Start) FROM "wayward"."otel_traces_trace_id_ts" WHERE TraceId = trace_id) AS trace_start, (SELECT max(End) + 1 FROM "wayward"."otel_traces_trace_id_ts" WHERE TraceId = trace_id) AS trace_end SELECT "TraceId" AS traceID, "SpanId" AS spanID, "ParentSpanId" AS parentSpanID, "ServiceName" AS serviceName, "SpanName" AS operationName, multiply(toUnixTimestamp64Nano("Timestamp"), 0.000001) AS startTime, multiply("Duration", 0.000001) AS duration, arrayMap(key -> map('key', key, 'value', "SpanAttributes"[key]), mapKeys("SpanAttributes")) AS tags, arrayMap(key -> map('key', key, 'value', "ResourceAttributes"[key]), mapKeys("ResourceAttributes")) AS serviceTags, if("StatusCode" IN ('Error', 'STATUS_CODE_ERROR'), 2, 0) AS statusCode, arrayMap((name, timestamp, attributes) -> tuple(name, toString(multiply(toFloat64(timestamp), 1000)), arrayMap(key -> map('key', key, 'value', attributes[key]), mapKeys(attributes)))::Tuple(name String, timestamp String, fields Array(Map(String, String))), "Events.Name", "Events.Timestamp", "Events.Attributes") AS logs FROM "wayward"."otel_traces" WHERE traceID = trace_id AND startTime >= 0 AND "Timestamp" >= trace_start AND "Timestamp" <= trace_end LIMIT 1000

-- query: traces with errors, of a dashboard
SELECT ServiceName, countIf(StatusCode = 'Error') AS errors, count() AS total, round(errors / total, 4) AS rate FROM otel_traces WHERE SpanKind = 'Server' GROUP BY ServiceName HAVING total > 0 ORDER BY rate DESC

-- query: sizes of tables, of the data analysis dashboard
SELECT database, table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, sum(data_uncompressed_bytes) AS uncompressed, count() AS parts FROM system.parts WHERE active AND database NOT IN ('system') GROUP BY database, table ORDER BY bytes DESC LIMIT 100 SETTINGS skip_unavailable_shards = 1

-- query: engines and databases, of the data analysis dashboard
SELECT engine, count() AS count FROM system.databases GROUP BY engine ORDER BY count DESC

-- query: merges, mutations and disks, of the cluster dashboard
SELECT (SELECT count() FROM system.merges) AS merges, (SELECT count() FROM system.mutations WHERE NOT is_done) AS mutations, (SELECT sum(free_space) FROM system.disks) AS free

-- query: parts over time
SELECT modification_time AS timestamp, table, rows FROM system.parts WHERE ( modification_time >= now() - INTERVAL 1 HOUR ) ORDER BY modification_time DESC LIMIT 100

-- query: replicas and detached parts
SELECT database, table, reason, count() AS count FROM system.detached_parts GROUP BY database, table, reason

-- query: running queries
SELECT query_id, elapsed, read_rows, memory_usage, query FROM system.processes ORDER BY elapsed DESC

-- query: metrics and uptime
SELECT metric, value FROM system.metrics UNION ALL SELECT event, toInt64(value) FROM system.events UNION ALL SELECT 'Uptime', toInt64(uptime())

-- query: variable of a dashboard
SELECT DISTINCT ServiceName AS __text, ServiceName AS __value FROM otel_traces WHERE ServiceName != '' ORDER BY 1
