-- Tables and views of the database, as they are now.
SELECT name, engine, create_table_query AS statement
FROM system.tables
WHERE database = currentDatabase()
ORDER BY name
