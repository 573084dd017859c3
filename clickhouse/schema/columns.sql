-- Columns of the tables that Wayward inserts into, and how a column without a value gets one.
SELECT table, name, type, default_kind
FROM system.columns
WHERE database = currentDatabase() AND (table LIKE 'otel\_%' OR table LIKE 'wayward\_%')
ORDER BY table, position
