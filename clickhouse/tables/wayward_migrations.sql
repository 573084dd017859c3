-- Which migrations this database has had. Two processes that race may both write a row: the same one.
--
-- ORDER BY      the number is the identity, which is also what replaces.
-- PARTITION BY, TTL: none, a handful of rows that must stay.  CODEC: the default, for the same reason.
CREATE TABLE IF NOT EXISTS wayward_migrations
(
  version UInt32 COMMENT 'Number of the migration, from 1',
  name String COMMENT 'What it is about',
  applied_at DateTime64(3, 'UTC') COMMENT 'When it was applied, UTC'
)
ENGINE = ReplacingMergeTree
ORDER BY version
