-- Question: What do the tables hold, in how many parts, and how much room is left?
--
-- Parameters:
--   database  String  where the tables are
--
-- Headline, the columns of a table, the last left out first:
--   table, rows, bytes, parts
--
-- Output, one row per table with rows, the largest first:
--   table       text   name of the table
--   rows        count  rows
--   bytes       count  bytes on the disk
--   parts       count  parts; merges keep them few
--   oldest      text   first day of which it has rows
--   newest      text   last day
--   disk_free   count  bytes that are free on the disk
--   disk_total  count  bytes that the disk has
SELECT
  table,
  sum(rows) AS rows,
  sum(bytes_on_disk) AS bytes,
  count() AS parts,
  minIf(partition, partition != 'tuple()') AS oldest,
  maxIf(partition, partition != 'tuple()') AS newest,
  (SELECT min(free_space) FROM system.disks) AS disk_free,
  (SELECT min(total_space) FROM system.disks) AS disk_total
FROM system.parts
WHERE active AND database = {database:String}
GROUP BY table
ORDER BY bytes DESC, table
