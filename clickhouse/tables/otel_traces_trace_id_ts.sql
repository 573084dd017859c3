-- When each trace began and ended, so that a look-up by trace id reads one stretch of otel_traces. Stock table, stock form.
--
-- ORDER BY      the trace id is what it is asked by.
-- PARTITION BY  day, as otel_traces.
-- CODEC         Delta: neighbouring rows have close times within an insert.
-- INDEX         none: the stock bloom filter on TraceId repeats what the sort key already answers.
-- TTL           none, as otel_traces.
CREATE TABLE IF NOT EXISTS otel_traces_trace_id_ts
(
  TraceId String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
  Start DateTime COMMENT 'Start of its first span of one insert, UTC' CODEC(Delta(4), ZSTD(1)),
  End DateTime COMMENT 'Start of its last span of one insert, UTC' CODEC(Delta(4), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Start)
ORDER BY (TraceId, Start)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
