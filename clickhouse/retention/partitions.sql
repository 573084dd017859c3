-- What each day takes in each table, the oldest day first. day: yyyymmdd; bytes: on disk.
SELECT
  table,
  partition_id AS day,
  sum(rows) AS rows,
  sum(bytes_on_disk) AS bytes
FROM system.parts
WHERE database = currentDatabase()
  AND active
  AND match(partition_id, '^\\d{8}$')
  AND match(table, '^(?:otel|wayward)_')
GROUP BY table, partition_id
ORDER BY day, table
