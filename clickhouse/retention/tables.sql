-- The tables of this database that keep rows, and how each is made.
SELECT name, engine_full
FROM system.tables
WHERE database = currentDatabase()
  AND engine LIKE '%MergeTree'
ORDER BY name
