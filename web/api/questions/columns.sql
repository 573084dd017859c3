-- Question: Which tables and columns are there?
--
-- Parameters:
--   database  String  where the tables are
--
-- Headline, the columns of a table, the last left out first:
--   table, name, type
--
-- Output, one row per column, by table and place:
--   table  text  name of the table
--   name   text  name of the column
--   type   text  its type in ClickHouse
--   about  text  what it means
SELECT table, name, type, comment AS about
FROM system.columns
WHERE database = {database:String} AND (startsWith(table, 'otel_') OR startsWith(table, 'wayward_')) AND NOT endsWith(table, '_mv')
ORDER BY table, position
