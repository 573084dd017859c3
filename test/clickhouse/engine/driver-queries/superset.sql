-- What Superset asks over clickhouse-connect and SQLAlchemy, in our own words: the client's start,
-- the dialect's reflection, SQL Lab and charts.

-- query: start of the client
SELECT version(), timezone() FORMAT Native

-- query: settings that the client may send
SELECT name, value, readonly as readonly FROM system.settings LIMIT 10000 FORMAT Native

-- query: probe of the protocol
SELECT 1 AS check FORMAT Native

-- query: test of the connection
SELECT 1

-- query: schemas
SHOW DATABASES

-- query: tables
SHOW TABLES FROM `wayward`

-- query: whether a table is there
EXISTS TABLE `wayward`.`otel_traces`

-- query: columns of a table
DESCRIBE TABLE `wayward`.`otel_traces`

-- query: engine of a table
SELECT engine_full FROM system.tables WHERE database = 'wayward' AND name = 'otel_traces'

-- query: views
SELECT name FROM system.tables WHERE database = 'wayward' AND engine LIKE '%View' ORDER BY name

-- query: functions
SELECT name FROM system.functions ORDER BY name LIMIT 10000

-- query: preview of a table
SELECT `Timestamp` AS `Timestamp`, `TraceId` AS `TraceId`, `ServiceName` AS `ServiceName` FROM `wayward`.`otel_traces` LIMIT 100

-- query: chart with a time grain
SELECT toStartOfHour(toDateTime(`Timestamp`)) AS `__timestamp`, `ServiceName` AS `ServiceName`, count(*) AS `count` FROM `wayward`.`otel_traces` WHERE `Timestamp` >= toDateTime('2026-11-01 00:00:00') AND `Timestamp` < toDateTime('2026-12-01 00:00:00') GROUP BY `ServiceName`, toStartOfHour(toDateTime(`Timestamp`)) ORDER BY `count` DESC LIMIT 10000

-- query: chart over a virtual dataset, with a comment and a semicolon
SELECT avg(`ms`) AS `avg_ms` FROM (SELECT Duration / 1e6 AS ms -- milliseconds
FROM otel_traces) AS `virtual_table` LIMIT 50000;

-- query: filter values with quotes and backslashes
SELECT `SpanName` AS `SpanName` FROM `wayward`.`otel_traces` WHERE `SpanName` IN ('it\'s', 'a\\b', 'per cent %') GROUP BY `SpanName` LIMIT 1000

-- query: estimate
EXPLAIN SELECT count(*) FROM `wayward`.`otel_traces`

-- query: columns of a statement, as the client asks for a command's
SELECT * FROM (SELECT ServiceName, count() AS c FROM otel_traces GROUP BY ServiceName) LIMIT 0
