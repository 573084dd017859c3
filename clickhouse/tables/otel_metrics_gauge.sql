-- Gauges, one row per data point: a value as it was at a time.
-- The stock ClickHouse exporter's table (released form), column by column.
--
-- ORDER BY      the stock key: a time series (service, metric, attributes) lies together, in time.
-- PARTITION BY  the stock day: a day is dropped as a whole.
-- CODEC         the stock ones. Delta makes neighbouring times of a series small.
-- INDEX         keys and values of the points' attributes, as stock. Those on resource and scope attributes are left out: they
--               are the same for all rows of a service, so a granule nearly always holds what is asked for, as in otel_traces.
-- TTL           none: what is kept, and how long, is the owner's decision.
-- The deduplication window makes a repeated insert with the same token a no-op.
CREATE TABLE IF NOT EXISTS otel_metrics_gauge
(
  ResourceAttributes Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
  ResourceSchemaUrl String COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
  ScopeName String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
  ScopeVersion String COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
  ScopeAttributes Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
  ScopeDroppedAttrCount UInt32 COMMENT 'Attributes of the scope that its process left out' CODEC(ZSTD(1)),
  ScopeSchemaUrl String COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
  ServiceName LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
  MetricName String COMMENT 'Name of the metric' CODEC(ZSTD(1)),
  MetricDescription String COMMENT 'What the metric measures' CODEC(ZSTD(1)),
  MetricUnit String COMMENT 'Unit of the metric, as UCUM writes it' CODEC(ZSTD(1)),
  Attributes Map(LowCardinality(String), String) COMMENT 'Attributes of the data point, which tell the time series of a metric apart' CODEC(ZSTD(1)),
  StartTimeUnix DateTime64(9) COMMENT 'Start of the interval that the point covers, UTC, 1970 unknown' CODEC(Delta(8), ZSTD(1)),
  TimeUnix DateTime64(9) COMMENT 'Time of the point, UTC' CODEC(Delta(8), ZSTD(1)),
  Value Float64 COMMENT 'Value, whole numbers too' CODEC(ZSTD(1)),
  Flags UInt32 COMMENT '1: no value was recorded at this time' CODEC(ZSTD(1)),
  `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the exemplars that the point does not have' CODEC(ZSTD(1)),
  `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Times of the exemplars, UTC' CODEC(ZSTD(1)),
  `Exemplars.Value` Array(Float64) COMMENT 'Single measurements that went into the point' CODEC(ZSTD(1)),
  `Exemplars.SpanId` Array(String) COMMENT 'Spans within which they were measured, 16 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  `Exemplars.TraceId` Array(String) COMMENT 'Traces within which they were measured, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
