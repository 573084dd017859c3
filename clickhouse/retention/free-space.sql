-- Free bytes of the server's fullest disk, as it sees them.
SELECT min(unreserved_space) AS bytes
FROM system.disks
WHERE type IN ('Local', 'local')
