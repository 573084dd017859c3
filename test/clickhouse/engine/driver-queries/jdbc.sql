-- What Metabase and DBeaver ask over JDBC, in our own words: the driver's start, its catalog
-- (schemas, tables, columns, keys, types), and questions as Metabase writes them.

-- query: start of the driver
SELECT currentUser() AS user, timezone() AS timezone, version() AS version LIMIT 1

-- query: is the connection alive
SELECT 1

-- query: schemas
SELECT name AS TABLE_SCHEM, null AS TABLE_CATALOG FROM system.databases WHERE name LIKE '%' ORDER BY name

-- query: tables
SELECT null AS TABLE_CAT, t.database AS TABLE_SCHEM, t.name AS TABLE_NAME, CASE WHEN t.engine LIKE '%Log' THEN 'LOG TABLE' WHEN t.engine IN ('Buffer', 'Memory', 'Set') THEN 'MEMORY TABLE' WHEN t.is_temporary != 0 THEN 'TEMPORARY TABLE' WHEN t.engine LIKE '%View' THEN 'VIEW' WHEN t.engine LIKE 'System%' THEN 'SYSTEM TABLE' ELSE 'TABLE' END AS TABLE_TYPE, t.comment AS REMARKS FROM system.tables AS t WHERE t.database LIKE 'wayward' AND t.name LIKE 'otel\_%' ORDER BY t.database, t.name

-- query: columns
SELECT null AS TABLE_CAT, database AS TABLE_SCHEM, table AS TABLE_NAME, name AS COLUMN_NAME, toInt32(if(startsWith(type, 'Nullable('), 1, 0)) AS NULLABLE, type AS TYPE_NAME, toInt32(coalesce(character_octet_length, numeric_precision, 0)) AS COLUMN_SIZE, numeric_scale AS DECIMAL_DIGITS, comment AS REMARKS, default_expression AS COLUMN_DEF, position AS ORDINAL_POSITION FROM system.columns WHERE database LIKE '%' AND table LIKE 'otel\_traces' AND name LIKE '%' ORDER BY TABLE_SCHEM, TABLE_NAME, ORDINAL_POSITION

-- query: primary keys
SELECT null AS TABLE_CAT, database AS TABLE_SCHEM, table AS TABLE_NAME, name AS COLUMN_NAME, toInt16(row_number() OVER (PARTITION BY database, table ORDER BY position)) AS KEY_SEQ, null AS PK_NAME FROM system.columns WHERE is_in_primary_key = 1 AND database = 'wayward' ORDER BY COLUMN_NAME

-- query: indices
SELECT null AS TABLE_CAT, database AS TABLE_SCHEM, table AS TABLE_NAME, toInt32(0) AS NON_UNIQUE, name AS INDEX_NAME, expr AS FILTER_CONDITION FROM system.data_skipping_indices WHERE database LIKE 'wayward' AND table LIKE '%'

-- query: functions
SELECT name AS FUNCTION_NAME, if(is_aggregate, 'aggregate', 'ordinary') AS REMARKS, origin FROM system.functions WHERE name LIKE '%' ORDER BY name LIMIT 5000

-- query: types
SELECT name AS TYPE_NAME, case_insensitive, alias_to FROM system.data_type_families ORDER BY name

-- query: table engines
SELECT DISTINCT name FROM system.table_engines ORDER BY name

-- query: definition of a table
SHOW CREATE TABLE `wayward`.`otel_traces`

-- query: definition of a table from the catalog
SELECT create_table_query, engine, partition_key, sorting_key, total_rows, total_bytes FROM system.tables WHERE database = 'wayward' AND name = 'otel_traces'

-- query: columns of a prepared statement
DESC (SELECT ServiceName, count() AS c FROM otel_traces GROUP BY ServiceName)

-- query: information schema
SELECT table_schema, table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'wayward' ORDER BY table_name, ordinal_position

-- query: tables of the information schema
SELECT table_catalog, table_schema, table_name, table_type FROM INFORMATION_SCHEMA.TABLES WHERE table_schema NOT IN ('system') ORDER BY table_name

-- query: foreign keys, of which there are none
SELECT constraint_name FROM information_schema.referential_constraints WHERE 1 = 0

-- query: rows for the grid of DBeaver
SELECT t.* FROM wayward.otel_traces t ORDER BY Timestamp DESC LIMIT 0, 200

-- query: number of rows for the grid of DBeaver
SELECT count(*) FROM (SELECT t.* FROM wayward.otel_traces t) AS dbvrcnt

-- query: plan for DBeaver
EXPLAIN PLAN header = 1, actions = 1 SELECT count() FROM wayward.otel_traces

-- query: fingerprint of a column by Metabase
-- Metabase
SELECT `source`.`substring1` AS `substring1`, `source`.`Duration` AS `Duration` FROM (SELECT substring(`wayward`.`otel_traces`.`SpanName`, 1, 1234) AS `substring1`, `wayward`.`otel_traces`.`Duration` AS `Duration` FROM `wayward`.`otel_traces`) AS `source` LIMIT 10000

-- query: question of Metabase
-- Metabase:: userID: 1 queryType: MBQL queryHash: 0a1b2c
SELECT toStartOfMonth(`wayward`.`otel_traces`.`Timestamp`) AS `Timestamp`, COUNT(*) AS `count`, SUM(CASE WHEN `wayward`.`otel_traces`.`StatusCode` = 'Error' THEN 1 ELSE 0.0 END) AS `errors` FROM `wayward`.`otel_traces` WHERE (`wayward`.`otel_traces`.`Timestamp` >= parseDateTimeBestEffort('2026-01-01 00:00:00Z')) AND (`wayward`.`otel_traces`.`Timestamp` < parseDateTimeBestEffort('2027-01-01 00:00:00Z')) GROUP BY toStartOfMonth(`wayward`.`otel_traces`.`Timestamp`) ORDER BY toStartOfMonth(`wayward`.`otel_traces`.`Timestamp`) ASC

-- query: question of Metabase with settings
SELECT count() FROM `wayward`.`otel_logs` SETTINGS log_comment = 'Metabase', join_use_nulls = 1, distributed_product_mode = 'local'
