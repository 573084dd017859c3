-- Versions that this database has.
SELECT DISTINCT version
FROM wayward_migrations
ORDER BY version
