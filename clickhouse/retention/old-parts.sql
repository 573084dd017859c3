-- Tables of this database with parts that a merge has replaced and that are still on disk.
SELECT DISTINCT table
FROM system.parts
WHERE database = currentDatabase()
  AND NOT active
ORDER BY table
