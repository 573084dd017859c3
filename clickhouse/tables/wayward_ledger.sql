-- What the collector refused, rejected, set aside, dropped or lost, why, and from whom: sums of ten seconds and more, so that
-- a sender of millions of bad requests is a few rows. Written by the collector itself (collector/ledger/), by the same way
-- as data. docs/self-telemetry.md has useful questions.
--
-- ORDER BY      the hour, then what happened: the question is always "what was lost lately, and from whom".
-- PARTITION BY  day, as otel_traces.
-- CODEC         ZSTD for texts, DoubleDelta for times; the rest is small numbers.
-- TTL           90 days, so that nobody can fill a disk by being refused.
CREATE TABLE IF NOT EXISTS wayward_ledger
(
  event LowCardinality(String) COMMENT 'refused (requests), rejected (items of accepted requests), ignored (requests with parts that were not understood), repeated (stored before, nothing is missing), set_aside (in a file), damaged (bytes in a file), dropped (on purpose), lost' CODEC(ZSTD(1)),
  reason LowCardinality(String) COMMENT 'malformed, too_large, overloaded, unavailable, unauthenticated, unsupported, timeout, aborted, item_checks, not_understood, stored_before, ...' CODEC(ZSTD(1)),
  receiver LowCardinality(String) COMMENT 'otlp_grpc or otlp_http; empty for rows that were accepted before' CODEC(ZSTD(1)),
  signal LowCardinality(String) COMMENT 'traces, logs or metrics; empty where unknown' CODEC(ZSTD(1)),
  table_name LowCardinality(String) COMMENT 'Table of the rows; empty for requests' CODEC(ZSTD(1)),
  address String COMMENT 'Address of the sender; other: of those who were too many at once' CODEC(ZSTD(1)),
  agent String COMMENT 'User-Agent of the sender; other: of those of this address that were too many at once' CODEC(ZSTD(1)),
  identity String COMMENT 'Name of the token or client certificate of the sender' CODEC(ZSTD(1)),
  requests UInt64 COMMENT 'Requests; 0 for rows that were accepted before' CODEC(ZSTD(1)),
  items UInt64 COMMENT 'Spans, log records, data points or rows; 0 unknown, as of requests that were refused unread' CODEC(ZSTD(1)),
  bytes UInt64 COMMENT 'Bytes of requests as far as they were received, or of rows; 0 unknown' CODEC(ZSTD(1)),
  first_at DateTime64(3, 'UTC') COMMENT 'First time, UTC' CODEC(DoubleDelta, ZSTD(1)),
  last_at DateTime64(3, 'UTC') COMMENT 'Last time, UTC' CODEC(DoubleDelta, ZSTD(1)),
  message String COMMENT 'What the first of the senders was told, or what the first of the errors said' CODEC(ZSTD(1)),
  host LowCardinality(String) COMMENT 'Host of the collector' CODEC(ZSTD(1)),
  pid UInt32 COMMENT 'Process of the collector' CODEC(ZSTD(1)),
  started_at DateTime64(3, 'UTC') COMMENT 'Start of the collector, UTC' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(last_at)
ORDER BY (toStartOfHour(last_at), event, reason, address)
TTL toDateTime(last_at) + toIntervalDay(90)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1
