-- Exponential histograms, one row per data point: bucket i reaches from base^i to base^(i+1), base = 2^(2^-Scale).
-- The stock ClickHouse exporter's table (released form), column by column.
--
-- ORDER BY      the stock key: a time series lies together, in time.
-- PARTITION BY  the stock day, as otel_metrics_gauge.
-- CODEC         the stock ones, as otel_metrics_gauge.
-- INDEX         keys and values of the points' attributes, as otel_metrics_gauge.
-- TTL           none, as otel_metrics_gauge.
CREATE TABLE IF NOT EXISTS otel_metrics_exponential_histogram
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
  Count UInt64 COMMENT 'Measurements' CODEC(Delta(8), ZSTD(1)),
  Sum Float64 COMMENT 'Sum of the measurements, 0 unknown' CODEC(ZSTD(1)),
  Scale Int32 COMMENT 'Resolution: the base of the buckets is 2^(2^-Scale)' CODEC(ZSTD(1)),
  ZeroCount UInt64 COMMENT 'Measurements that are zero, or too near to it' CODEC(ZSTD(1)),
  PositiveOffset Int32 COMMENT 'Index of the first positive bucket' CODEC(ZSTD(1)),
  PositiveBucketCounts Array(UInt64) COMMENT 'Measurements per positive bucket' CODEC(ZSTD(1)),
  NegativeOffset Int32 COMMENT 'Index of the first negative bucket' CODEC(ZSTD(1)),
  NegativeBucketCounts Array(UInt64) COMMENT 'Measurements per negative bucket' CODEC(ZSTD(1)),
  `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the exemplars that the point does not have' CODEC(ZSTD(1)),
  `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Times of the exemplars, UTC' CODEC(ZSTD(1)),
  `Exemplars.Value` Array(Float64) COMMENT 'Single measurements that went into the point' CODEC(ZSTD(1)),
  `Exemplars.SpanId` Array(String) COMMENT 'Spans within which they were measured, 16 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  `Exemplars.TraceId` Array(String) COMMENT 'Traces within which they were measured, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
  Flags UInt32 COMMENT '1: no value was recorded at this time' CODEC(ZSTD(1)),
  Min Float64 COMMENT 'Smallest measurement, 0 unknown' CODEC(ZSTD(1)),
  Max Float64 COMMENT 'Largest measurement, 0 unknown' CODEC(ZSTD(1)),
  AggregationTemporality Int32 COMMENT '1: since the point before (delta), 2: since StartTimeUnix (cumulative), 0 unknown' CODEC(ZSTD(1)),
  INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000
