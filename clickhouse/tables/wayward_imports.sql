-- Which collector imports which session of an archive, or has: two that both find nothing of a session there would store it
-- twice. Whoever begins says so here first, and begins only if nobody else has said so and not ended (ask with FINAL).
--
-- ORDER BY      identity of the claim, which is also what replaces.
-- PARTITION BY  none: there are as many rows as sessions that were imported.
-- CODEC         ZSTD; the table is small.
-- TTL           none.
CREATE TABLE IF NOT EXISTS wayward_imports
(
  service LowCardinality(String) COMMENT 'service.name of the session' CODEC(ZSTD(1)),
  session String COMMENT 'The session; see wayward_sessions' CODEC(ZSTD(1)),
  collector String COMMENT 'Id of the data folder of the collector that imports' CODEC(ZSTD(1)),
  host LowCardinality(String) COMMENT 'Host of that collector' CODEC(ZSTD(1)),
  state LowCardinality(String) COMMENT 'begun, or ended: ClickHouse has all that was sent' CODEC(ZSTD(1)),
  at DateTime64(9, 'UTC') COMMENT 'Since when, UTC, by the clock of ClickHouse' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (service, session, collector)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000
