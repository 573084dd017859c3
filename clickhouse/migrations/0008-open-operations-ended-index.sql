-- Lets questions skip what has ended in wayward_open_operations, where the table was made before.
ALTER TABLE wayward_open_operations ADD INDEX IF NOT EXISTS ended ended_at TYPE minmax GRANULARITY 1
