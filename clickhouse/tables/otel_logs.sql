-- Log records and events, one row each: the stock ClickHouse exporter's table in its form since v0.151.
--
-- ORDER BY      the stock key: five minutes, service, time; logs are read by time first.
-- PARTITION BY  day: a day is dropped as a whole.
-- CODEC         the stock ones.
-- INDEX         trace id, the words of the body, and the keys and values of log attributes, as stock below ClickHouse
--               26.2. Those on resource and scope attributes are left out, see otel_traces.
-- TTL           none: what is kept, and how long, is the owner's decision.
-- The stock form adds eight MATERIALIZED columns with Kubernetes names (__otel_materialized_k8s...). They are no part of an
-- insert or of SELECT *, cost a map look-up each per row, and a query finds the same in ResourceAttributes: left out.
CREATE TABLE IF NOT EXISTS otel_logs
(
  Timestamp DateTime64(9) COMMENT 'Time of the record, UTC' CODEC(Delta(8), ZSTD(1)),
  TraceId String COMMENT 'Trace, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  SpanId String COMMENT 'Span, 16 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  TraceFlags UInt8 COMMENT 'W3C trace flags' CODEC(ZSTD(1)),
  SeverityText LowCardinality(String) COMMENT 'Severity as the application writes it' CODEC(ZSTD(1)),
  SeverityNumber UInt8 COMMENT 'Severity from 1 (trace) to 24 (fatal), 0 unknown' CODEC(ZSTD(1)),
  ServiceName LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  Body String COMMENT 'Text of the record' CODEC(ZSTD(1)),
  ResourceSchemaUrl LowCardinality(String) COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
  ResourceAttributes Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
  ScopeSchemaUrl LowCardinality(String) COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
  ScopeName String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
  ScopeVersion LowCardinality(String) COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
  ScopeAttributes Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
  LogAttributes Map(LowCardinality(String), String) COMMENT 'Attributes of the record, values as text' CODEC(ZSTD(1)),
  EventName String COMMENT 'Name of the event, empty for a plain log record' CODEC(ZSTD(1)),
  INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
