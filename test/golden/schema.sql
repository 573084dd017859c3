CREATE TABLE otel_logs
(
    `Timestamp` DateTime64(9) COMMENT 'Time of the record, UTC' CODEC(Delta(8), ZSTD(1)),
    `TraceId` String COMMENT 'Trace, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `SpanId` String COMMENT 'Span, 16 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `TraceFlags` UInt8 COMMENT 'W3C trace flags' CODEC(ZSTD(1)),
    `SeverityText` LowCardinality(String) COMMENT 'Severity as the application writes it' CODEC(ZSTD(1)),
    `SeverityNumber` UInt8 COMMENT 'Severity from 1 (trace) to 24 (fatal), 0 unknown' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `Body` String COMMENT 'Text of the record' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` LowCardinality(String) COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` LowCardinality(String) COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
    `ScopeVersion` LowCardinality(String) COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
    `LogAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the record, values as text' CODEC(ZSTD(1)),
    `EventName` String COMMENT 'Name of the event, empty for a plain log record' CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_body lower(Body) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE VIEW otel_metrics_exp_histogram
(
    `ResourceAttributes` Map(LowCardinality(String), String),
    `ResourceSchemaUrl` String,
    `ScopeName` String,
    `ScopeVersion` String,
    `ScopeAttributes` Map(LowCardinality(String), String),
    `ScopeDroppedAttrCount` UInt32,
    `ScopeSchemaUrl` String,
    `ServiceName` LowCardinality(String),
    `MetricName` String,
    `MetricDescription` String,
    `MetricUnit` String,
    `Attributes` Map(LowCardinality(String), String),
    `StartTimeUnix` DateTime64(9),
    `TimeUnix` DateTime64(9),
    `Count` UInt64,
    `Sum` Float64,
    `Scale` Int32,
    `ZeroCount` UInt64,
    `PositiveOffset` Int32,
    `PositiveBucketCounts` Array(UInt64),
    `NegativeOffset` Int32,
    `NegativeBucketCounts` Array(UInt64),
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)),
    `Exemplars.TimeUnix` Array(DateTime64(9)),
    `Exemplars.Value` Array(Float64),
    `Exemplars.SpanId` Array(String),
    `Exemplars.TraceId` Array(String),
    `Flags` UInt32,
    `Min` Float64,
    `Max` Float64,
    `AggregationTemporality` Int32
)
AS SELECT *
FROM otel_metrics_exponential_histogram;

CREATE TABLE otel_metrics_exponential_histogram
(
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` String COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
    `ScopeVersion` String COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
    `ScopeDroppedAttrCount` UInt32 COMMENT 'Attributes of the scope that its process left out' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` String COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `MetricName` String COMMENT 'Name of the metric' CODEC(ZSTD(1)),
    `MetricDescription` String COMMENT 'What the metric measures' CODEC(ZSTD(1)),
    `MetricUnit` String COMMENT 'Unit of the metric, as UCUM writes it' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the data point, which tell the time series of a metric apart' CODEC(ZSTD(1)),
    `StartTimeUnix` DateTime64(9) COMMENT 'Start of the interval that the point covers, UTC, 1970 unknown' CODEC(Delta(8), ZSTD(1)),
    `TimeUnix` DateTime64(9) COMMENT 'Time of the point, UTC' CODEC(Delta(8), ZSTD(1)),
    `Count` UInt64 COMMENT 'Measurements' CODEC(Delta(8), ZSTD(1)),
    `Sum` Float64 COMMENT 'Sum of the measurements, 0 unknown' CODEC(ZSTD(1)),
    `Scale` Int32 COMMENT 'Resolution: the base of the buckets is 2^(2^-Scale)' CODEC(ZSTD(1)),
    `ZeroCount` UInt64 COMMENT 'Measurements that are zero, or too near to it' CODEC(ZSTD(1)),
    `PositiveOffset` Int32 COMMENT 'Index of the first positive bucket' CODEC(ZSTD(1)),
    `PositiveBucketCounts` Array(UInt64) COMMENT 'Measurements per positive bucket' CODEC(ZSTD(1)),
    `NegativeOffset` Int32 COMMENT 'Index of the first negative bucket' CODEC(ZSTD(1)),
    `NegativeBucketCounts` Array(UInt64) COMMENT 'Measurements per negative bucket' CODEC(ZSTD(1)),
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the exemplars that the point does not have' CODEC(ZSTD(1)),
    `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Times of the exemplars, UTC' CODEC(ZSTD(1)),
    `Exemplars.Value` Array(Float64) COMMENT 'Single measurements that went into the point' CODEC(ZSTD(1)),
    `Exemplars.SpanId` Array(String) COMMENT 'Spans within which they were measured, 16 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `Exemplars.TraceId` Array(String) COMMENT 'Traces within which they were measured, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `Flags` UInt32 COMMENT '1: no value was recorded at this time' CODEC(ZSTD(1)),
    `Min` Float64 COMMENT 'Smallest measurement, 0 unknown' CODEC(ZSTD(1)),
    `Max` Float64 COMMENT 'Largest measurement, 0 unknown' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1: since the point before (delta), 2: since StartTimeUnix (cumulative), 0 unknown' CODEC(ZSTD(1)),
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE otel_metrics_gauge
(
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` String COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
    `ScopeVersion` String COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
    `ScopeDroppedAttrCount` UInt32 COMMENT 'Attributes of the scope that its process left out' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` String COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `MetricName` String COMMENT 'Name of the metric' CODEC(ZSTD(1)),
    `MetricDescription` String COMMENT 'What the metric measures' CODEC(ZSTD(1)),
    `MetricUnit` String COMMENT 'Unit of the metric, as UCUM writes it' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the data point, which tell the time series of a metric apart' CODEC(ZSTD(1)),
    `StartTimeUnix` DateTime64(9) COMMENT 'Start of the interval that the point covers, UTC, 1970 unknown' CODEC(Delta(8), ZSTD(1)),
    `TimeUnix` DateTime64(9) COMMENT 'Time of the point, UTC' CODEC(Delta(8), ZSTD(1)),
    `Value` Float64 COMMENT 'Value, whole numbers too' CODEC(ZSTD(1)),
    `Flags` UInt32 COMMENT '1: no value was recorded at this time' CODEC(ZSTD(1)),
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
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE otel_metrics_histogram
(
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` String COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
    `ScopeVersion` String COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
    `ScopeDroppedAttrCount` UInt32 COMMENT 'Attributes of the scope that its process left out' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` String COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `MetricName` String COMMENT 'Name of the metric' CODEC(ZSTD(1)),
    `MetricDescription` String COMMENT 'What the metric measures' CODEC(ZSTD(1)),
    `MetricUnit` String COMMENT 'Unit of the metric, as UCUM writes it' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the data point, which tell the time series of a metric apart' CODEC(ZSTD(1)),
    `StartTimeUnix` DateTime64(9) COMMENT 'Start of the interval that the point covers, UTC, 1970 unknown' CODEC(Delta(8), ZSTD(1)),
    `TimeUnix` DateTime64(9) COMMENT 'Time of the point, UTC' CODEC(Delta(8), ZSTD(1)),
    `Count` UInt64 COMMENT 'Measurements' CODEC(Delta(8), ZSTD(1)),
    `Sum` Float64 COMMENT 'Sum of the measurements, 0 unknown' CODEC(ZSTD(1)),
    `BucketCounts` Array(UInt64) COMMENT 'Measurements per bucket, one more than there are bounds' CODEC(ZSTD(1)),
    `ExplicitBounds` Array(Float64) COMMENT 'Upper bounds of the buckets but the last, which has none' CODEC(ZSTD(1)),
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the exemplars that the point does not have' CODEC(ZSTD(1)),
    `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Times of the exemplars, UTC' CODEC(ZSTD(1)),
    `Exemplars.Value` Array(Float64) COMMENT 'Single measurements that went into the point' CODEC(ZSTD(1)),
    `Exemplars.SpanId` Array(String) COMMENT 'Spans within which they were measured, 16 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `Exemplars.TraceId` Array(String) COMMENT 'Traces within which they were measured, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `Flags` UInt32 COMMENT '1: no value was recorded at this time' CODEC(ZSTD(1)),
    `Min` Float64 COMMENT 'Smallest measurement, 0 unknown' CODEC(ZSTD(1)),
    `Max` Float64 COMMENT 'Largest measurement, 0 unknown' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1: since the point before (delta), 2: since StartTimeUnix (cumulative), 0 unknown' CODEC(ZSTD(1)),
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE otel_metrics_sum
(
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` String COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
    `ScopeVersion` String COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
    `ScopeDroppedAttrCount` UInt32 COMMENT 'Attributes of the scope that its process left out' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` String COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `MetricName` String COMMENT 'Name of the metric' CODEC(ZSTD(1)),
    `MetricDescription` String COMMENT 'What the metric measures' CODEC(ZSTD(1)),
    `MetricUnit` String COMMENT 'Unit of the metric, as UCUM writes it' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the data point, which tell the time series of a metric apart' CODEC(ZSTD(1)),
    `StartTimeUnix` DateTime64(9) COMMENT 'Start of the interval that the point covers, UTC, 1970 unknown' CODEC(Delta(8), ZSTD(1)),
    `TimeUnix` DateTime64(9) COMMENT 'Time of the point, UTC' CODEC(Delta(8), ZSTD(1)),
    `Value` Float64 COMMENT 'Value, whole numbers too' CODEC(ZSTD(1)),
    `Flags` UInt32 COMMENT '1: no value was recorded at this time' CODEC(ZSTD(1)),
    `Exemplars.FilteredAttributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the exemplars that the point does not have' CODEC(ZSTD(1)),
    `Exemplars.TimeUnix` Array(DateTime64(9)) COMMENT 'Times of the exemplars, UTC' CODEC(ZSTD(1)),
    `Exemplars.Value` Array(Float64) COMMENT 'Single measurements that went into the point' CODEC(ZSTD(1)),
    `Exemplars.SpanId` Array(String) COMMENT 'Spans within which they were measured, 16 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `Exemplars.TraceId` Array(String) COMMENT 'Traces within which they were measured, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `AggregationTemporality` Int32 COMMENT '1: since the point before (delta), 2: since StartTimeUnix (cumulative), 0 unknown' CODEC(ZSTD(1)),
    `IsMonotonic` Bool COMMENT 'Whether the sum never falls' CODEC(Delta(1), ZSTD(1)),
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE otel_metrics_summary
(
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(ZSTD(1)),
    `ResourceSchemaUrl` String COMMENT 'Schema of the resource' CODEC(ZSTD(1)),
    `ScopeName` String COMMENT 'Instrumentation scope' CODEC(ZSTD(1)),
    `ScopeVersion` String COMMENT 'Version of the instrumentation scope' CODEC(ZSTD(1)),
    `ScopeAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the scope' CODEC(ZSTD(1)),
    `ScopeDroppedAttrCount` UInt32 COMMENT 'Attributes of the scope that its process left out' CODEC(ZSTD(1)),
    `ScopeSchemaUrl` String COMMENT 'Schema of the scope' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `MetricName` String COMMENT 'Name of the metric' CODEC(ZSTD(1)),
    `MetricDescription` String COMMENT 'What the metric measures' CODEC(ZSTD(1)),
    `MetricUnit` String COMMENT 'Unit of the metric, as UCUM writes it' CODEC(ZSTD(1)),
    `Attributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the data point, which tell the time series of a metric apart' CODEC(ZSTD(1)),
    `StartTimeUnix` DateTime64(9) COMMENT 'Start of the interval that the point covers, UTC, 1970 unknown' CODEC(Delta(8), ZSTD(1)),
    `TimeUnix` DateTime64(9) COMMENT 'Time of the point, UTC' CODEC(Delta(8), ZSTD(1)),
    `Count` UInt64 COMMENT 'Measurements' CODEC(Delta(8), ZSTD(1)),
    `Sum` Float64 COMMENT 'Sum of the measurements' CODEC(ZSTD(1)),
    `ValueAtQuantiles.Quantile` Array(Float64) COMMENT 'Quantiles, from 0 (smallest) to 1 (largest)' CODEC(ZSTD(1)),
    `ValueAtQuantiles.Value` Array(Float64) COMMENT 'Value of each quantile' CODEC(ZSTD(1)),
    `Flags` UInt32 COMMENT '1: no value was recorded at this time' CODEC(ZSTD(1)),
    INDEX idx_attr_key mapKeys(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_attr_value mapValues(Attributes) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(TimeUnix)
ORDER BY (ServiceName, MetricName, Attributes, toUnixTimestamp64Nano(TimeUnix))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE otel_traces
(
    `Timestamp` DateTime64(9) COMMENT 'Start of the span, UTC' CODEC(Delta(8), ZSTD(1)),
    `TraceId` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `SpanId` String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
    `ParentSpanId` String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
    `TraceState` String COMMENT 'W3C trace state' CODEC(ZSTD(1)),
    `SpanName` LowCardinality(String) COMMENT 'Name of the operation' CODEC(ZSTD(1)),
    `SpanKind` LowCardinality(String) COMMENT 'Unspecified, Internal, Server, Client, Producer or Consumer' CODEC(ZSTD(1)),
    `ServiceName` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `ResourceAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the reporting process' CODEC(LZ4),
    `ScopeName` String COMMENT 'Instrumentation scope' CODEC(LZ4),
    `ScopeVersion` String COMMENT 'Version of the instrumentation scope' CODEC(LZ4),
    `SpanAttributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the span, values as text' CODEC(ZSTD(1)),
    `Duration` UInt64 COMMENT 'End minus start, nanoseconds' CODEC(ZSTD(1)),
    `StatusCode` LowCardinality(String) COMMENT 'Unset, Ok or Error' CODEC(ZSTD(1)),
    `StatusMessage` String COMMENT 'Text of an error status' CODEC(ZSTD(1)),
    `Events.Timestamp` Array(DateTime64(9)) COMMENT 'Times of the span events, UTC' CODEC(ZSTD(1)),
    `Events.Name` Array(LowCardinality(String)) COMMENT 'Names of the span events' CODEC(ZSTD(1)),
    `Events.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the span events' CODEC(ZSTD(1)),
    `Links.TraceId` Array(String) COMMENT 'Traces of the linked spans' CODEC(ZSTD(1)),
    `Links.SpanId` Array(String) COMMENT 'Linked spans' CODEC(ZSTD(1)),
    `Links.TraceState` Array(String) COMMENT 'W3C trace states of the linked spans' CODEC(ZSTD(1)),
    `Links.Attributes` Array(Map(LowCardinality(String), String)) COMMENT 'Attributes of the links' CODEC(ZSTD(1)),
    INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX idx_duration Duration TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE TABLE otel_traces_trace_id_ts
(
    `TraceId` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `Start` DateTime COMMENT 'Start of its first span of one insert, UTC' CODEC(Delta(4), ZSTD(1)),
    `End` DateTime COMMENT 'Start of its last span of one insert, UTC' CODEC(Delta(4), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(Start)
ORDER BY (TraceId, Start)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts
(
    `TraceId` String,
    `Start` DateTime64(9),
    `End` DateTime64(9)
)
AS SELECT
    TraceId,
    min(Timestamp) AS Start,
    max(Timestamp) AS End
FROM otel_traces
WHERE TraceId != ''
GROUP BY TraceId;

CREATE TABLE wayward_imports
(
    `service` LowCardinality(String) COMMENT 'service.name of the session' CODEC(ZSTD(1)),
    `session` String COMMENT 'The session; see wayward_sessions' CODEC(ZSTD(1)),
    `collector` String COMMENT 'Id of the data folder of the collector that imports' CODEC(ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Host of that collector' CODEC(ZSTD(1)),
    `state` LowCardinality(String) COMMENT 'begun, or ended: ClickHouse has all that was sent' CODEC(ZSTD(1)),
    `at` DateTime64(9, 'UTC') COMMENT 'Since when, UTC, by the clock of ClickHouse' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (service, session, collector)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000;

CREATE TABLE wayward_incoming
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource',
    `session` String COMMENT 'One run of the reporting process; see wayward_sessions',
    `kind` LowCardinality(String) COMMENT 'wayward.kind',
    `started_at` DateTime64(9, 'UTC') COMMENT 'Start of the span, UTC',
    `duration_ns` UInt64 COMMENT 'End minus start, nanoseconds',
    `trace_id` String COMMENT 'Trace, 32 lower-case hex digits',
    `span_id` String COMMENT 'Span, 16 lower-case hex digits',
    `parent_span_id` String COMMENT 'Parent span, empty for a root',
    `attributes` Map(LowCardinality(String), String) COMMENT 'Attributes of the span, values as text'
)
ENGINE = `Null`;

CREATE MATERIALIZED VIEW wayward_incoming_mv TO wayward_incoming
(
    `service` LowCardinality(String),
    `session` String,
    `kind` String,
    `started_at` DateTime64(9),
    `duration_ns` UInt64,
    `trace_id` String,
    `span_id` String,
    `parent_span_id` String,
    `attributes` Map(LowCardinality(String), String)
)
AS SELECT
    ServiceName AS service,
    multiIf((ResourceAttributes['wayward.session.id']) != '', ResourceAttributes['wayward.session.id'], (ResourceAttributes['service.instance.id']) != '', ResourceAttributes['service.instance.id'], concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])) AS session,
    SpanAttributes['wayward.kind'] AS kind,
    Timestamp AS started_at,
    Duration AS duration_ns,
    TraceId AS trace_id,
    SpanId AS span_id,
    ParentSpanId AS parent_span_id,
    SpanAttributes AS attributes
FROM otel_traces
WHERE (SpanAttributes['wayward.kind']) != '';

CREATE TABLE wayward_job_attempts
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `job_name` LowCardinality(String) COMMENT 'Name of the job (wayward.job.name)' CODEC(ZSTD(1)),
    `run_id` String COMMENT 'The run (wayward.job.run.id)' CODEC(ZSTD(1)),
    `attempt` UInt32 COMMENT 'Number of the try within its run, from 1 (wayward.job.attempt)' CODEC(T64, ZSTD(1)),
    `started_at` DateTime64(9, 'UTC') COMMENT 'When the try started, UTC' CODEC(Delta(8), ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'From start to end, nanoseconds' CODEC(T64, ZSTD(1)),
    `result` LowCardinality(String) COMMENT 'success, failure, error, timeout, cancellation or skip (wayward.job.result)' CODEC(ZSTD(1)),
    `error_type` LowCardinality(String) COMMENT 'Class of the error, empty on success (error.type)' CODEC(ZSTD(1)),
    `exit_code` Int32 COMMENT 'Exit code where the job is a process, else 0 (wayward.job.exit_code)' CODEC(T64, ZSTD(1)),
    `worker_id` LowCardinality(String) COMMENT 'Worker that ran it (wayward.job.worker.id)' CODEC(ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `task_id` String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
    `parent_span_id` String COMMENT 'Parent span: the run' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(started_at)
ORDER BY (service, job_name, started_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_job_attempts_mv TO wayward_job_attempts
(
    `service` LowCardinality(String),
    `session` String,
    `job_name` String,
    `run_id` String,
    `attempt` UInt32,
    `started_at` DateTime64(9, 'UTC'),
    `duration_ns` UInt64,
    `result` String,
    `error_type` String,
    `exit_code` Int32,
    `worker_id` String,
    `thread_id` Int64,
    `thread_name` String,
    `task_id` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String,
    `parent_span_id` String
)
AS SELECT
    service,
    session,
    attributes['wayward.job.name'] AS job_name,
    attributes['wayward.job.run.id'] AS run_id,
    toUInt32OrZero(attributes['wayward.job.attempt']) AS attempt,
    started_at,
    duration_ns,
    attributes['wayward.job.result'] AS result,
    attributes['error.type'] AS error_type,
    toInt32OrZero(attributes['wayward.job.exit_code']) AS exit_code,
    attributes['wayward.job.worker.id'] AS worker_id,
    toInt64OrZero(attributes['thread.id']) AS thread_id,
    attributes['thread.name'] AS thread_name,
    attributes['wayward.task.id'] AS task_id,
    toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
    trace_id,
    span_id,
    parent_span_id
FROM wayward_incoming
WHERE kind = 'job_attempt';

CREATE TABLE wayward_job_changes
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `job_name` LowCardinality(String) COMMENT 'Name of the job (wayward.job.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number of the change, which grows within the job (wayward.job.change.sequence)' CODEC(Delta(8), ZSTD(1)),
    `at` DateTime64(9, 'UTC') COMMENT 'When it happened, UTC' CODEC(Delta(8), ZSTD(1)),
    `received_at` DateTime64(9, 'UTC') COMMENT 'When it was reported or found, UTC' CODEC(Delta(8), ZSTD(1)),
    `change` LowCardinality(String) COMMENT 'defined, run_started, run_noted, run_ended, run_overdue, run_silent, slot_late, slot_missed, status or told (wayward.job.change.type)' CODEC(ZSTD(1)),
    `status` LowCardinality(String) COMMENT 'State of the job since then: new, up, running, late, failing, down or paused (wayward.job.status)' CODEC(ZSTD(1)),
    `status_before` LowCardinality(String) COMMENT 'State of the job before (wayward.job.status.before)' CODEC(ZSTD(1)),
    `run_id` String COMMENT 'The run, or empty (wayward.job.run.id)' CODEC(ZSTD(1)),
    `result` LowCardinality(String) COMMENT 'How the run ended, else empty (wayward.job.result)' CODEC(ZSTD(1)),
    `due_at` DateTime64(9, 'UTC') COMMENT 'When the run was due, UTC, 1970 none (wayward.job.due_time)' CODEC(Delta(8), ZSTD(1)),
    `report_id` String COMMENT 'Identity that the sender gave the report, or empty (wayward.job.report.id)' CODEC(ZSTD(1)),
    `source` LowCardinality(String) COMMENT 'In which words it was reported, or clock (wayward.job.source)' CODEC(ZSTD(1)),
    `flaws` Array(LowCardinality(String)) COMMENT 'What was wrong with the report (wayward.job.flaws)' CODEC(ZSTD(1)),
    `message` String COMMENT 'For people (wayward.job.message)' CODEC(ZSTD(1)),
    `progress` Float64 COMMENT 'How much of the run is done, 0 to 1 (wayward.job.progress)' CODEC(ZSTD(1)),
    `definition` String COMMENT 'What is expected of the job since then, JSON, where that changed (wayward.job.definition)' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(received_at)
ORDER BY (service, job_name, sequence)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_job_changes_mv TO wayward_job_changes
(
    `service` LowCardinality(String),
    `job_name` String,
    `sequence` UInt64,
    `at` DateTime64(9),
    `received_at` DateTime64(9, 'UTC'),
    `change` String,
    `status` String,
    `status_before` String,
    `run_id` String,
    `result` String,
    `due_at` DateTime64(9, 'UTC'),
    `report_id` String,
    `source` String,
    `flaws` Array(LowCardinality(String)),
    `message` String,
    `progress` Float64,
    `definition` String
)
AS SELECT
    ServiceName AS service,
    LogAttributes['wayward.job.name'] AS job_name,
    toUInt64OrZero(LogAttributes['wayward.job.change.sequence']) AS sequence,
    Timestamp AS at,
    parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.received_time'], 9, 'UTC') AS received_at,
    LogAttributes['wayward.job.change.type'] AS change,
    LogAttributes['wayward.job.status'] AS status,
    LogAttributes['wayward.job.status.before'] AS status_before,
    LogAttributes['wayward.job.run.id'] AS run_id,
    LogAttributes['wayward.job.result'] AS result,
    parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.due_time'], 9, 'UTC') AS due_at,
    LogAttributes['wayward.job.report.id'] AS report_id,
    LogAttributes['wayward.job.source'] AS source,
    JSONExtract(LogAttributes['wayward.job.flaws'], 'Array(LowCardinality(String))') AS flaws,
    LogAttributes['wayward.job.message'] AS message,
    toFloat64OrZero(LogAttributes['wayward.job.progress']) AS progress,
    LogAttributes['wayward.job.definition'] AS definition
FROM otel_logs
WHERE EventName = 'wayward.job.change';

CREATE TABLE wayward_job_runs
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `job_name` LowCardinality(String) COMMENT 'Name of the job (wayward.job.name)' CODEC(ZSTD(1)),
    `job_id` String COMMENT 'Definition of the job, where it differs from its name (wayward.job.id)' CODEC(ZSTD(1)),
    `run_id` String COMMENT 'The run (wayward.job.run.id)' CODEC(ZSTD(1)),
    `trigger` LowCardinality(String) COMMENT 'cron, interval, event, manual or retry (wayward.job.trigger)' CODEC(ZSTD(1)),
    `schedule` LowCardinality(String) COMMENT 'The schedule as written (wayward.job.schedule)' CODEC(ZSTD(1)),
    `schedule_timezone` LowCardinality(String) COMMENT 'Time zone of the schedule (wayward.job.schedule.timezone)' CODEC(ZSTD(1)),
    `scheduled_at` DateTime64(9, 'UTC') COMMENT 'When it was put on the schedule, UTC, 1970 unknown (wayward.job.scheduled_time)' CODEC(Delta(8), ZSTD(1)),
    `due_at` DateTime64(9, 'UTC') COMMENT 'When it was due to start, UTC, 1970 unknown (wayward.job.due_time)' CODEC(Delta(8), ZSTD(1)),
    `deadline_at` DateTime64(9, 'UTC') COMMENT 'When it must have ended, UTC, 1970 none (wayward.job.deadline)' CODEC(Delta(8), ZSTD(1)),
    `started_at` DateTime64(9, 'UTC') COMMENT 'When it started, UTC' CODEC(Delta(8), ZSTD(1)),
    `duration_ns` UInt64 COMMENT 'From start to end, nanoseconds' CODEC(T64, ZSTD(1)),
    `result` LowCardinality(String) COMMENT 'success, failure, error, timeout, cancellation or skip (wayward.job.result)' CODEC(ZSTD(1)),
    `error_type` LowCardinality(String) COMMENT 'Class of the error, empty on success (error.type)' CODEC(ZSTD(1)),
    `exit_code` Int32 COMMENT 'Exit code where the job is a process, else 0 (wayward.job.exit_code)' CODEC(T64, ZSTD(1)),
    `attempts` UInt32 COMMENT 'Attempts made (wayward.job.attempt)' CODEC(T64, ZSTD(1)),
    `attempts_max` UInt32 COMMENT 'Largest number of attempts, 0 unknown (wayward.job.attempt.limit)' CODEC(T64, ZSTD(1)),
    `worker_id` LowCardinality(String) COMMENT 'Worker that ran it (wayward.job.worker.id)' CODEC(ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `task_id` String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
    `task_name` LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
    `parent_span_id` String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
    `output` String COMMENT 'What the run wrote, as far as it was kept (wayward.job.output)' CODEC(ZSTD(3)),
    `metrics` Map(LowCardinality(String), Float64) COMMENT 'Numbers that the run reported of itself (wayward.job.metrics)' CODEC(ZSTD(1)),
    `cpu_ns` UInt64 COMMENT 'CPU time, user and system, nanoseconds, 0 unknown (wayward.job.cpu.time)' CODEC(T64, ZSTD(1)),
    `memory_bytes` UInt64 COMMENT 'Most memory resident, bytes, 0 unknown (wayward.job.memory.max)' CODEC(T64, ZSTD(1)),
    `read_bytes` UInt64 COMMENT 'Bytes read from disks, 0 unknown (wayward.job.io.read)' CODEC(T64, ZSTD(1)),
    `written_bytes` UInt64 COMMENT 'Bytes written to disks, 0 unknown (wayward.job.io.written)' CODEC(T64, ZSTD(1)),
    `source` LowCardinality(String) COMMENT 'In which words it was reported over HTTP, else empty (wayward.job.source)' CODEC(ZSTD(1)),
    `flaws` Array(LowCardinality(String)) COMMENT 'What was wrong with its reports (wayward.job.flaws)' CODEC(ZSTD(1)),
    `message` String COMMENT 'Its last note, for people (wayward.job.message)' CODEC(ZSTD(1)),
    `clock_skew_ns` Int64 COMMENT 'Clock of its sender minus ours where its times were put right, nanoseconds (wayward.job.clock.skew)' CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(started_at)
ORDER BY (service, job_name, started_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_job_runs_mv TO wayward_job_runs
(
    `service` LowCardinality(String),
    `session` String,
    `job_name` String,
    `job_id` String,
    `run_id` String,
    `trigger` String,
    `schedule` String,
    `schedule_timezone` String,
    `scheduled_at` DateTime64(9, 'UTC'),
    `due_at` DateTime64(9, 'UTC'),
    `deadline_at` DateTime64(9, 'UTC'),
    `started_at` DateTime64(9, 'UTC'),
    `duration_ns` UInt64,
    `result` String,
    `error_type` String,
    `exit_code` Int32,
    `attempts` UInt32,
    `attempts_max` UInt32,
    `worker_id` String,
    `thread_id` Int64,
    `thread_name` String,
    `task_id` String,
    `task_name` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String,
    `parent_span_id` String,
    `output` String,
    `metrics` Map(LowCardinality(String), Float64),
    `cpu_ns` UInt64,
    `memory_bytes` UInt64,
    `read_bytes` UInt64,
    `written_bytes` UInt64,
    `source` String,
    `flaws` Array(LowCardinality(String)),
    `message` String,
    `clock_skew_ns` Int64
)
AS SELECT
    service,
    session,
    attributes['wayward.job.name'] AS job_name,
    attributes['wayward.job.id'] AS job_id,
    attributes['wayward.job.run.id'] AS run_id,
    attributes['wayward.job.trigger'] AS trigger,
    attributes['wayward.job.schedule'] AS schedule,
    attributes['wayward.job.schedule.timezone'] AS schedule_timezone,
    parseDateTime64BestEffortOrZero(attributes['wayward.job.scheduled_time'], 9, 'UTC') AS scheduled_at,
    parseDateTime64BestEffortOrZero(attributes['wayward.job.due_time'], 9, 'UTC') AS due_at,
    parseDateTime64BestEffortOrZero(attributes['wayward.job.deadline'], 9, 'UTC') AS deadline_at,
    started_at,
    duration_ns,
    attributes['wayward.job.result'] AS result,
    attributes['error.type'] AS error_type,
    toInt32OrZero(attributes['wayward.job.exit_code']) AS exit_code,
    toUInt32OrZero(attributes['wayward.job.attempt']) AS attempts,
    toUInt32OrZero(attributes['wayward.job.attempt.limit']) AS attempts_max,
    attributes['wayward.job.worker.id'] AS worker_id,
    toInt64OrZero(attributes['thread.id']) AS thread_id,
    attributes['thread.name'] AS thread_name,
    attributes['wayward.task.id'] AS task_id,
    attributes['wayward.task.name'] AS task_name,
    toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
    trace_id,
    span_id,
    parent_span_id,
    attributes['wayward.job.output'] AS output,
    JSONExtract(attributes['wayward.job.metrics'], 'Map(LowCardinality(String), Float64)') AS metrics,
    toUInt64OrZero(attributes['wayward.job.cpu.time']) AS cpu_ns,
    toUInt64OrZero(attributes['wayward.job.memory.max']) AS memory_bytes,
    toUInt64OrZero(attributes['wayward.job.io.read']) AS read_bytes,
    toUInt64OrZero(attributes['wayward.job.io.written']) AS written_bytes,
    attributes['wayward.job.source'] AS source,
    JSONExtract(attributes['wayward.job.flaws'], 'Array(LowCardinality(String))') AS flaws,
    attributes['wayward.job.message'] AS message,
    toInt64OrZero(attributes['wayward.job.clock.skew']) AS clock_skew_ns
FROM wayward_incoming
WHERE kind = 'job_run';

CREATE TABLE wayward_job_slots
(
    `service` LowCardinality(String) COMMENT 'service.name of its runs' CODEC(ZSTD(1)),
    `job_name` LowCardinality(String) COMMENT 'Name of the job' CODEC(ZSTD(1)),
    `due_at` DateTime64(9, 'UTC') COMMENT 'When a run was due, UTC' CODEC(Delta(8), ZSTD(1)),
    `outcome` LowCardinality(String) COMMENT 'met, late or missed' CODEC(ZSTD(1)),
    `run_id` String COMMENT 'The run that met it, else empty' CODEC(ZSTD(1)),
    `started_at` DateTime64(9, 'UTC') COMMENT 'When that run started, UTC, 1970 none' CODEC(Delta(8), ZSTD(1)),
    `lateness_ns` UInt64 COMMENT 'Start minus due time, nanoseconds, 0 when early or not met' CODEC(T64, ZSTD(1)),
    `found_at` DateTime64(9, 'UTC') COMMENT 'When that was reported or found, UTC' CODEC(Delta(8), ZSTD(1)),
    `sequence` UInt64 COMMENT 'The change that said so (wayward_job_changes.sequence)' CODEC(ZSTD(1))
)
ENGINE = ReplacingMergeTree(sequence)
PARTITION BY toDate(due_at)
ORDER BY (service, job_name, due_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_job_slots_mv TO wayward_job_slots
(
    `service` LowCardinality(String),
    `job_name` LowCardinality(String),
    `due_at` DateTime64(9, 'UTC'),
    `outcome` String,
    `run_id` String,
    `started_at` DateTime64(9, 'UTC'),
    `lateness_ns` UInt64,
    `found_at` DateTime64(9, 'UTC'),
    `sequence` UInt64
)
AS SELECT
    service,
    job_name,
    due_at,
    multiIf(change = 'slot_late', 'late', change = 'slot_missed', 'missed', 'met') AS outcome,
    run_id,
    if(outcome = 'met', at, toDateTime64(0, 9, 'UTC')) AS started_at,
    if((outcome = 'met') AND (at > due_at), toUInt64(toUnixTimestamp64Nano(at) - toUnixTimestamp64Nano(due_at)), 0) AS lateness_ns,
    received_at AS found_at,
    sequence
FROM wayward_job_changes
WHERE (due_at > toDateTime64(0, 9, 'UTC')) AND ((change IN ('run_started', 'slot_late', 'slot_missed')) OR ((change = 'run_ended') AND has(flaws, 'start_missing')));

CREATE TABLE wayward_job_states
(
    `service` LowCardinality(String) COMMENT 'service.name of its runs' CODEC(ZSTD(1)),
    `job_name` String COMMENT 'Name of the job' CODEC(ZSTD(1)),
    `version` UInt64 COMMENT 'Number of its last change (wayward_job_changes.sequence)' CODEC(ZSTD(1)),
    `changed_at` DateTime64(3, 'UTC') COMMENT 'When it last changed, UTC' CODEC(DoubleDelta, ZSTD(1)),
    `status` LowCardinality(String) COMMENT 'new, up, running, late, failing, down or paused' CODEC(ZSTD(1)),
    `since` DateTime64(3, 'UTC') COMMENT 'Since when, UTC' CODEC(DoubleDelta, ZSTD(1)),
    `next_due_at` DateTime64(3, 'UTC') COMMENT 'When a run is due that has not come, UTC, 1970 none' CODEC(DoubleDelta, ZSTD(1)),
    `state` String COMMENT 'All that is known of it, JSON, for the collector' CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (service, job_name)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000;

CREATE TABLE wayward_ledger
(
    `event` LowCardinality(String) COMMENT 'refused (requests), rejected (items of accepted requests), ignored (requests with parts that were not understood), repeated (stored before, nothing is missing), set_aside (in a file), damaged (bytes in a file), dropped (on purpose), lost' CODEC(ZSTD(1)),
    `reason` LowCardinality(String) COMMENT 'malformed, too_large, overloaded, unavailable, unauthenticated, unsupported, timeout, aborted, item_checks, not_understood, stored_before, ...' CODEC(ZSTD(1)),
    `receiver` LowCardinality(String) COMMENT 'otlp_grpc or otlp_http; empty for rows that were accepted before' CODEC(ZSTD(1)),
    `signal` LowCardinality(String) COMMENT 'traces, logs or metrics; empty where unknown' CODEC(ZSTD(1)),
    `table_name` LowCardinality(String) COMMENT 'Table of the rows; empty for requests' CODEC(ZSTD(1)),
    `address` String COMMENT 'Address of the sender; other: of those who were too many at once' CODEC(ZSTD(1)),
    `agent` String COMMENT 'User-Agent of the sender; other: of those of this address that were too many at once' CODEC(ZSTD(1)),
    `identity` String COMMENT 'Name of the token or client certificate of the sender' CODEC(ZSTD(1)),
    `requests` UInt64 COMMENT 'Requests; 0 for rows that were accepted before' CODEC(ZSTD(1)),
    `items` UInt64 COMMENT 'Spans, log records, data points or rows; 0 unknown, as of requests that were refused unread' CODEC(ZSTD(1)),
    `bytes` UInt64 COMMENT 'Bytes of requests as far as they were received, or of rows; 0 unknown' CODEC(ZSTD(1)),
    `first_at` DateTime64(3, 'UTC') COMMENT 'First time, UTC' CODEC(DoubleDelta, ZSTD(1)),
    `last_at` DateTime64(3, 'UTC') COMMENT 'Last time, UTC' CODEC(DoubleDelta, ZSTD(1)),
    `message` String COMMENT 'What the first of the senders was told, or what the first of the errors said' CODEC(ZSTD(1)),
    `host` LowCardinality(String) COMMENT 'Host of the collector' CODEC(ZSTD(1)),
    `pid` UInt32 COMMENT 'Process of the collector' CODEC(ZSTD(1)),
    `started_at` DateTime64(3, 'UTC') COMMENT 'Start of the collector, UTC' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(last_at)
ORDER BY (toStartOfHour(last_at), event, reason, address)
TTL toDateTime(last_at) + toIntervalDay(90)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000, ttl_only_drop_parts = 1;

CREATE TABLE wayward_lock_holds
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `lock_name` LowCardinality(String) COMMENT 'Class of the lock (wayward.lock.name)' CODEC(ZSTD(1)),
    `lock_id` String COMMENT 'The lock, unique within its scope (wayward.lock.id)' CODEC(ZSTD(1)),
    `lock_type` LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
    `lock_mode` LowCardinality(String) COMMENT 'exclusive or shared (wayward.lock.mode)' CODEC(ZSTD(1)),
    `granted_at` DateTime64(9, 'UTC') COMMENT 'When the lock was granted, UTC' CODEC(Delta(8), ZSTD(1)),
    `hold_ns` UInt64 COMMENT 'From grant to release, nanoseconds' CODEC(T64, ZSTD(1)),
    `wait_ns` UInt64 COMMENT 'From request to grant, nanoseconds, 0 when granted at once (wayward.lock.wait.duration)' CODEC(T64, ZSTD(1)),
    `contended` Bool COMMENT 'Whether the request could not be granted at once (wayward.lock.contended)' CODEC(ZSTD(1)),
    `depth` UInt32 COMMENT 'How often the actor then held this lock (wayward.lock.depth)' CODEC(T64, ZSTD(1)),
    `waiters` UInt32 COMMENT 'Requests waiting when this one was made, itself not counted (wayward.lock.waiter.count)' CODEC(T64, ZSTD(1)),
    `permits` UInt32 COMMENT 'Permits asked for, for a semaphore (wayward.lock.permits)' CODEC(T64, ZSTD(1)),
    `held` Array(String) COMMENT 'Locks that the actor held when it asked (wayward.lock.held)' CODEC(ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `task_id` String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
    `task_name` LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
    `parent_span_id` String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
    `lock_key` UInt64 MATERIALIZED cityHash64(if((lock_type IN ('distributed', 'database', 'file')), '', service), if((lock_type IN ('distributed', 'database', 'file')), '', session), lock_type, lock_name, lock_id) COMMENT 'The lock as a number: of hosts and clusters one for all sessions, others of their session' CODEC(ZSTD(1)),
    `actor_key` UInt64 MATERIALIZED cityHash64(service, session, if(task_id = '', toString(thread_id), task_id)) COMMENT 'Who asked as a number: the task, or the thread where no task is known, of its session' CODEC(ZSTD(1)),
    `weight` UInt32 DEFAULT 1 COMMENT 'How many operations this row stands for (wayward.operation.weight)' CODEC(T64, ZSTD(1)),
    INDEX released (toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1,
    PROJECTION numbers
    (
        SELECT
            service,
            session,
            toDate(granted_at),
            countIf(sequence > 0),
            groupBitmapIf(sequence, sequence > 0),
            max(granted_at)
        GROUP BY
            service,
            session,
            toDate(granted_at)
    ),
    PROJECTION by_half_second
    (
        SELECT
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(granted_at), 500),
            sum(weight),
            min(granted_at),
            max(toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))),
            sum(toFloat64(hold_ns) * weight)
        GROUP BY
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(granted_at), 500)
    ),
    PROJECTION by_minute
    (
        SELECT
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(granted_at), 60000),
            sum(weight),
            min(granted_at),
            max(toUnixTimestamp64Nano(granted_at) + toInt64(least(hold_ns, 6300000000000000000))),
            sum(toFloat64(hold_ns) * weight)
        GROUP BY
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(granted_at), 60000)
    )
)
ENGINE = MergeTree
PARTITION BY toDate(granted_at)
ORDER BY (service, lock_name, granted_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_lock_holds_mv TO wayward_lock_holds
(
    `service` LowCardinality(String),
    `session` String,
    `lock_name` String,
    `lock_id` String,
    `lock_type` String,
    `lock_mode` String,
    `granted_at` DateTime64(9, 'UTC'),
    `hold_ns` UInt64,
    `wait_ns` UInt64,
    `contended` UInt8,
    `depth` UInt32,
    `waiters` UInt32,
    `permits` UInt32,
    `held` Array(String),
    `thread_id` Int64,
    `thread_name` String,
    `task_id` String,
    `task_name` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String,
    `parent_span_id` String,
    `weight` UInt32
)
AS SELECT
    service,
    session,
    attributes['wayward.lock.name'] AS lock_name,
    attributes['wayward.lock.id'] AS lock_id,
    attributes['wayward.lock.type'] AS lock_type,
    attributes['wayward.lock.mode'] AS lock_mode,
    started_at AS granted_at,
    duration_ns AS hold_ns,
    toUInt64OrZero(attributes['wayward.lock.wait.duration']) AS wait_ns,
    (attributes['wayward.lock.contended']) = 'true' AS contended,
    toUInt32OrZero(attributes['wayward.lock.depth']) AS depth,
    toUInt32OrZero(attributes['wayward.lock.waiter.count']) AS waiters,
    toUInt32OrZero(attributes['wayward.lock.permits']) AS permits,
    JSONExtract(attributes['wayward.lock.held'], 'Array(String)') AS held,
    toInt64OrZero(attributes['thread.id']) AS thread_id,
    attributes['thread.name'] AS thread_name,
    attributes['wayward.task.id'] AS task_id,
    attributes['wayward.task.name'] AS task_name,
    toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
    trace_id,
    span_id,
    parent_span_id,
    greatest(toUInt32OrZero(attributes['wayward.operation.weight']), 1) AS weight
FROM wayward_incoming
WHERE kind = 'lock_hold';

CREATE TABLE wayward_lock_misuses
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `lock_name` LowCardinality(String) COMMENT 'Class of the lock (wayward.lock.name)' CODEC(ZSTD(1)),
    `lock_id` String COMMENT 'One of the locks (wayward.lock.id)' CODEC(ZSTD(1)),
    `lock_type` LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
    `rule` LowCardinality(String) COMMENT 'What was done (wayward.lock.misuse.rule)' CODEC(ZSTD(1)),
    `told_at` DateTime64(9, 'UTC') COMMENT 'When that was told, UTC' CODEC(Delta(8), ZSTD(1)),
    `times` UInt64 COMMENT 'How often it was so since it was told before (wayward.lock.misuse.count)' CODEC(T64, ZSTD(1)),
    `owner` String COMMENT 'The task whose hold or request it is, or empty (wayward.lock.misuse.owner)' CODEC(ZSTD(1)),
    `task_id` String COMMENT 'The task that did it, or empty (wayward.task.id)' CODEC(ZSTD(1)),
    `site` LowCardinality(String) COMMENT 'Where it was done (wayward.lock.misuse.site)' CODEC(ZSTD(1)),
    `asked_site` LowCardinality(String) COMMENT 'Where the lock had been asked for (wayward.lock.misuse.asked.site)' CODEC(ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace that it was told in, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Its span, 16 lower-case hex digits, or empty' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(told_at)
ORDER BY (service, lock_name, told_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_lock_misuses_mv TO wayward_lock_misuses
(
    `service` LowCardinality(String),
    `session` String,
    `lock_name` String,
    `lock_id` String,
    `lock_type` String,
    `rule` String,
    `told_at` DateTime64(9, 'UTC'),
    `times` UInt64,
    `owner` String,
    `task_id` String,
    `site` String,
    `asked_site` String,
    `thread_id` Int64,
    `thread_name` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String
)
AS SELECT
    ServiceName AS service,
    multiIf((ResourceAttributes['wayward.session.id']) != '', ResourceAttributes['wayward.session.id'], (ResourceAttributes['service.instance.id']) != '', ResourceAttributes['service.instance.id'], concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])) AS session,
    LogAttributes['wayward.lock.name'] AS lock_name,
    LogAttributes['wayward.lock.id'] AS lock_id,
    LogAttributes['wayward.lock.type'] AS lock_type,
    LogAttributes['wayward.lock.misuse.rule'] AS rule,
    toDateTime64(Timestamp, 9, 'UTC') AS told_at,
    toUInt64OrZero(LogAttributes['wayward.lock.misuse.count']) AS times,
    LogAttributes['wayward.lock.misuse.owner'] AS owner,
    LogAttributes['wayward.task.id'] AS task_id,
    LogAttributes['wayward.lock.misuse.site'] AS site,
    LogAttributes['wayward.lock.misuse.asked.site'] AS asked_site,
    toInt64OrZero(LogAttributes['thread.id']) AS thread_id,
    LogAttributes['thread.name'] AS thread_name,
    toUInt64OrZero(LogAttributes['wayward.event.sequence']) AS sequence,
    TraceId AS trace_id,
    SpanId AS span_id
FROM otel_logs
WHERE EventName = 'wayward.lock.misuse';

CREATE TABLE wayward_lock_orders
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `held_name` LowCardinality(String) COMMENT 'Class of the lock that was held (wayward.lock.order.held.name)' CODEC(ZSTD(1)),
    `held_type` LowCardinality(String) COMMENT 'Its type (wayward.lock.order.held.type)' CODEC(ZSTD(1)),
    `lock_name` LowCardinality(String) COMMENT 'Class of the lock that was asked for meanwhile (wayward.lock.name)' CODEC(ZSTD(1)),
    `lock_type` LowCardinality(String) COMMENT 'Its type (wayward.lock.type)' CODEC(ZSTD(1)),
    `told_at` DateTime64(9, 'UTC') COMMENT 'When that was told, UTC' CODEC(Delta(8), ZSTD(1)),
    `times` UInt64 COMMENT 'How often it was so since it was told before (wayward.lock.order.count)' CODEC(T64, ZSTD(1)),
    `tasks` Array(String) COMMENT 'Tasks that did, two at most (wayward.lock.order.tasks)' CODEC(ZSTD(1)),
    `gates` Array(String) COMMENT 'Classes that were held besides each time (wayward.lock.order.gates)' CODEC(ZSTD(1)),
    `is_shared` Bool COMMENT 'Whether only readers ever asked (wayward.lock.order.shared)' CODEC(ZSTD(1)),
    `is_held_shared` Bool COMMENT 'Whether only readers ever held (wayward.lock.order.held.shared)' CODEC(ZSTD(1)),
    `site` LowCardinality(String) COMMENT 'Where it was asked for (wayward.lock.order.site)' CODEC(ZSTD(1)),
    `held_site` LowCardinality(String) COMMENT 'Where the held one was asked for (wayward.lock.order.held.site)' CODEC(ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace that it was told in, 32 lower-case hex digits, or empty' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Its span, 16 lower-case hex digits, or empty' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(told_at)
ORDER BY (service, held_name, lock_name, told_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_lock_orders_mv TO wayward_lock_orders
(
    `service` LowCardinality(String),
    `session` String,
    `held_name` String,
    `held_type` String,
    `lock_name` String,
    `lock_type` String,
    `told_at` DateTime64(9, 'UTC'),
    `times` UInt64,
    `tasks` Array(String),
    `gates` Array(String),
    `is_shared` UInt8,
    `is_held_shared` UInt8,
    `site` String,
    `held_site` String,
    `thread_id` Int64,
    `thread_name` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String
)
AS SELECT
    ServiceName AS service,
    multiIf((ResourceAttributes['wayward.session.id']) != '', ResourceAttributes['wayward.session.id'], (ResourceAttributes['service.instance.id']) != '', ResourceAttributes['service.instance.id'], concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])) AS session,
    LogAttributes['wayward.lock.order.held.name'] AS held_name,
    LogAttributes['wayward.lock.order.held.type'] AS held_type,
    LogAttributes['wayward.lock.name'] AS lock_name,
    LogAttributes['wayward.lock.type'] AS lock_type,
    toDateTime64(Timestamp, 9, 'UTC') AS told_at,
    toUInt64OrZero(LogAttributes['wayward.lock.order.count']) AS times,
    JSONExtract(LogAttributes['wayward.lock.order.tasks'], 'Array(String)') AS tasks,
    JSONExtract(LogAttributes['wayward.lock.order.gates'], 'Array(String)') AS gates,
    (LogAttributes['wayward.lock.order.shared']) = 'true' AS is_shared,
    (LogAttributes['wayward.lock.order.held.shared']) = 'true' AS is_held_shared,
    LogAttributes['wayward.lock.order.site'] AS site,
    LogAttributes['wayward.lock.order.held.site'] AS held_site,
    toInt64OrZero(LogAttributes['thread.id']) AS thread_id,
    LogAttributes['thread.name'] AS thread_name,
    toUInt64OrZero(LogAttributes['wayward.event.sequence']) AS sequence,
    TraceId AS trace_id,
    SpanId AS span_id
FROM otel_logs
WHERE EventName = 'wayward.lock.order';

CREATE TABLE wayward_lock_waits
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `lock_name` LowCardinality(String) COMMENT 'Class of the lock (wayward.lock.name)' CODEC(ZSTD(1)),
    `lock_id` String COMMENT 'The lock, unique within its scope (wayward.lock.id)' CODEC(ZSTD(1)),
    `lock_type` LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
    `lock_mode` LowCardinality(String) COMMENT 'exclusive or shared (wayward.lock.mode)' CODEC(ZSTD(1)),
    `requested_at` DateTime64(9, 'UTC') COMMENT 'When the lock was asked for, UTC' CODEC(Delta(8), ZSTD(1)),
    `wait_ns` UInt64 COMMENT 'From request to the end of the wait, nanoseconds' CODEC(T64, ZSTD(1)),
    `result` LowCardinality(String) COMMENT 'granted, timeout, cancelled or refused (wayward.lock.wait.result)' CODEC(ZSTD(1)),
    `timeout_ns` UInt64 COMMENT 'Longest wait that the requester accepts, nanoseconds, 0 for any (wayward.lock.timeout)' CODEC(T64, ZSTD(1)),
    `waiters` UInt32 COMMENT 'Requests waiting when this one was made, itself not counted (wayward.lock.waiter.count)' CODEC(T64, ZSTD(1)),
    `permits` UInt32 COMMENT 'Permits asked for, for a semaphore (wayward.lock.permits)' CODEC(T64, ZSTD(1)),
    `holder_task_id` String COMMENT 'Task that held the lock when it was asked for (wayward.lock.holder.task.id)' CODEC(ZSTD(1)),
    `holder_thread_id` Int64 COMMENT 'Thread that held the lock when it was asked for (wayward.lock.holder.thread.id)' CODEC(T64, ZSTD(1)),
    `held` Array(String) COMMENT 'Locks that the actor held when it asked (wayward.lock.held)' CODEC(ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `task_id` String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
    `task_name` LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
    `parent_span_id` String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
    `lock_key` UInt64 MATERIALIZED cityHash64(if((lock_type IN ('distributed', 'database', 'file')), '', service), if((lock_type IN ('distributed', 'database', 'file')), '', session), lock_type, lock_name, lock_id) COMMENT 'The lock as a number: of hosts and clusters one for all sessions, others of their session' CODEC(ZSTD(1)),
    `actor_key` UInt64 MATERIALIZED cityHash64(service, session, if(task_id = '', toString(thread_id), task_id)) COMMENT 'Who asked as a number: the task, or the thread where no task is known, of its session' CODEC(ZSTD(1)),
    INDEX ended (toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1,
    PROJECTION numbers
    (
        SELECT
            service,
            session,
            toDate(requested_at),
            countIf(sequence > 0),
            groupBitmapIf(sequence, sequence > 0),
            max(requested_at)
        GROUP BY
            service,
            session,
            toDate(requested_at)
    ),
    PROJECTION half_seconds
    (
        SELECT
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(requested_at), 500),
            count(),
            min(requested_at),
            max(toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))),
            sum(wait_ns)
        GROUP BY
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(requested_at), 500)
    ),
    PROJECTION minutes
    (
        SELECT
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(requested_at), 60000),
            count(),
            min(requested_at),
            max(toUnixTimestamp64Nano(requested_at) + toInt64(least(wait_ns, 6300000000000000000))),
            sum(wait_ns)
        GROUP BY
            service,
            session,
            lock_name,
            intDiv(toUnixTimestamp64Milli(requested_at), 60000)
    )
)
ENGINE = MergeTree
PARTITION BY toDate(requested_at)
ORDER BY (service, lock_name, requested_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_lock_waits_mv TO wayward_lock_waits
(
    `service` LowCardinality(String),
    `session` String,
    `lock_name` String,
    `lock_id` String,
    `lock_type` String,
    `lock_mode` String,
    `requested_at` DateTime64(9, 'UTC'),
    `wait_ns` UInt64,
    `result` String,
    `timeout_ns` UInt64,
    `waiters` UInt32,
    `permits` UInt32,
    `holder_task_id` String,
    `holder_thread_id` Int64,
    `held` Array(String),
    `thread_id` Int64,
    `thread_name` String,
    `task_id` String,
    `task_name` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String,
    `parent_span_id` String
)
AS SELECT
    service,
    session,
    attributes['wayward.lock.name'] AS lock_name,
    attributes['wayward.lock.id'] AS lock_id,
    attributes['wayward.lock.type'] AS lock_type,
    attributes['wayward.lock.mode'] AS lock_mode,
    started_at AS requested_at,
    duration_ns AS wait_ns,
    attributes['wayward.lock.wait.result'] AS result,
    toUInt64OrZero(attributes['wayward.lock.timeout']) AS timeout_ns,
    toUInt32OrZero(attributes['wayward.lock.waiter.count']) AS waiters,
    toUInt32OrZero(attributes['wayward.lock.permits']) AS permits,
    attributes['wayward.lock.holder.task.id'] AS holder_task_id,
    toInt64OrZero(attributes['wayward.lock.holder.thread.id']) AS holder_thread_id,
    JSONExtract(attributes['wayward.lock.held'], 'Array(String)') AS held,
    toInt64OrZero(attributes['thread.id']) AS thread_id,
    attributes['thread.name'] AS thread_name,
    attributes['wayward.task.id'] AS task_id,
    attributes['wayward.task.name'] AS task_name,
    toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
    trace_id,
    span_id,
    parent_span_id
FROM wayward_incoming
WHERE kind = 'lock_wait';

CREATE TABLE wayward_migrations
(
    `version` UInt32 COMMENT 'Number of the migration, from 1',
    `name` String COMMENT 'What it is about',
    `applied_at` DateTime64(3, 'UTC') COMMENT 'When it was applied, UTC'
)
ENGINE = ReplacingMergeTree
ORDER BY version
SETTINGS index_granularity = 8192;

CREATE VIEW wayward_open_now
(
    `service` LowCardinality(String),
    `session` LowCardinality(String),
    `kind` LowCardinality(String),
    `sequence` UInt64,
    `item_id` String,
    `started_at` DateTime64(9, 'UTC'),
    `seen_at` DateTime64(9, 'UTC'),
    `age_ns` UInt64,
    `wait_ns` UInt64,
    `name` LowCardinality(String),
    `subject_id` String,
    `lock_type` LowCardinality(String),
    `lock_mode` LowCardinality(String),
    `held` Array(String),
    `holder_task_id` String,
    `concurrency` UInt32,
    `due_at` DateTime64(9, 'UTC'),
    `deadline_at` DateTime64(9, 'UTC'),
    `priority` Int64,
    `attempt` UInt32,
    `thread_id` Int64,
    `thread_name` LowCardinality(String),
    `task_id` String,
    `task_name` LowCardinality(String),
    `trace_id` String,
    `span_id` String,
    `quiet_ns` UInt64,
    `state` String,
    `silent_at` DateTime64(9, 'UTC')
)
AS SELECT
    o.service AS service,
    o.session AS session,
    o.kind AS kind,
    o.sequence AS sequence,
    o.item_id AS item_id,
    o.started_at AS started_at,
    o.seen_at AS seen_at,
    o.age_ns AS age_ns,
    o.wait_ns AS wait_ns,
    o.name AS name,
    o.subject_id AS subject_id,
    o.lock_type AS lock_type,
    o.lock_mode AS lock_mode,
    o.held AS held,
    o.holder_task_id AS holder_task_id,
    o.concurrency AS concurrency,
    o.due_at AS due_at,
    o.deadline_at AS deadline_at,
    o.priority AS priority,
    o.attempt AS attempt,
    o.thread_id AS thread_id,
    o.thread_name AS thread_name,
    o.task_id AS task_id,
    o.task_name AS task_name,
    o.trace_id AS trace_id,
    o.span_id AS span_id,
    greatest(5 * o.interval_ns, 15000000000) AS quiet_ns,
    multiIf(t.last_at < subtractNanoseconds(now64(9, 'UTC'), quiet_ns), 'silent', (o.seen_uptime_ns > 0) AND (t.uptime_ns > (o.seen_uptime_ns + quiet_ns)), 'lost', 'open') AS state,
    if(state = 'silent', greatest(t.last_at, o.seen_at), toDateTime64(0, 9, 'UTC')) AS silent_at
FROM
(
    SELECT
        service,
        session,
        kind,
        sequence,
        item_id,
        started_at,
        seen_at,
        age_ns,
        wait_ns,
        name,
        subject_id,
        lock_type,
        lock_mode,
        held,
        holder_task_id,
        concurrency,
        due_at,
        deadline_at,
        priority,
        attempt,
        thread_id,
        thread_name,
        task_id,
        task_name,
        trace_id,
        span_id,
        seen_uptime_ns,
        interval_ns
    FROM wayward_open_operations
    FINAL
    WHERE ended_at = toDateTime64(0, 9, 'UTC')
) AS o
LEFT JOIN
(
    SELECT
        service,
        session,
        last_at,
        uptime_ns
    FROM wayward_session_times
    WHERE (service, session) IN (
        SELECT
            service,
            session
        FROM wayward_open_operations
        FINAL
        WHERE ended_at = toDateTime64(0, 9, 'UTC')
    )
) AS t ON (t.service = o.service) AND (t.session = o.session);

CREATE TABLE wayward_open_operations
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `kind` LowCardinality(String) COMMENT 'lock_wait, lock_hold, queue_wait, queue_item, job_run, ... (wayward.kind)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'wayward.event.sequence that its span will carry (wayward.operation.sequence)' CODEC(Delta(8), ZSTD(1)),
    `item_id` String COMMENT 'Item of a queue (wayward.queue.item.id), run of a job (wayward.job.run.id), else empty' CODEC(ZSTD(1)),
    `started_at` DateTime64(9, 'UTC') COMMENT 'When the operation started, UTC (wayward.operation.start_time)' CODEC(Delta(8), ZSTD(1)),
    `seen_at` DateTime64(9, 'UTC') COMMENT 'When it was last reported as open, UTC' CODEC(Delta(8), ZSTD(1)),
    `age_ns` UInt64 COMMENT 'How long it had been open then, nanoseconds (wayward.operation.age)' CODEC(T64, ZSTD(1)),
    `wait_ns` UInt64 COMMENT 'Wait before an item or a hold began, nanoseconds (wayward.queue.wait.duration, wayward.lock.wait.duration)' CODEC(T64, ZSTD(1)),
    `name` LowCardinality(String) COMMENT 'Name of the lock, queue or job' CODEC(ZSTD(1)),
    `subject_id` String COMMENT 'The lock, queue or job definition (wayward.lock.id, wayward.queue.id, wayward.job.id)' CODEC(ZSTD(1)),
    `lock_type` LowCardinality(String) COMMENT 'mutex, rwlock, semaphore, ... (wayward.lock.type)' CODEC(ZSTD(1)),
    `lock_mode` LowCardinality(String) COMMENT 'exclusive or shared (wayward.lock.mode)' CODEC(ZSTD(1)),
    `held` Array(String) COMMENT 'Locks that the actor held when it asked (wayward.lock.held)' CODEC(ZSTD(1)),
    `holder_task_id` String COMMENT 'Task that held the lock when it was asked for (wayward.lock.holder.task.id)' CODEC(ZSTD(1)),
    `concurrency` UInt32 COMMENT 'Largest number that the queue processes at a time, 0 unknown (wayward.queue.concurrency)' CODEC(T64, ZSTD(1)),
    `due_at` DateTime64(9, 'UTC') COMMENT 'When a job was due to start, UTC, 1970 unknown (wayward.job.due_time)' CODEC(Delta(8), ZSTD(1)),
    `attempt` UInt32 COMMENT 'Attempt of a job (wayward.job.attempt)' CODEC(T64, ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `task_id` String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
    `task_name` LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
    `trace_id` String COMMENT 'Trace of the operation, or empty' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Span of the operation or of its parent, or empty' CODEC(ZSTD(1)),
    `ended_at` DateTime64(9, 'UTC') COMMENT 'When it ended, UTC, 1970 as long as no end was reported' CODEC(Delta(8), ZSTD(1)),
    `end_reason` LowCardinality(String) COMMENT 'Why reports of it ended before itself: shutdown, left_out, abandoned (wayward.operation.end.reason), else empty' CODEC(ZSTD(1)),
    `seen_uptime_ns` UInt64 COMMENT 'Age of the session when it was last reported, monotonic, nanoseconds, 0 unknown (wayward.session.uptime)' CODEC(T64, ZSTD(1)),
    `interval_ns` UInt64 COMMENT 'Time between two reports of it while it is open, nanoseconds, 0 unknown (wayward.operation.snapshot.interval)' CODEC(T64, ZSTD(1)),
    `deadline_at` DateTime64(9, 'UTC') COMMENT 'When a job must have ended, UTC, 1970 none (wayward.job.deadline)' CODEC(Delta(8), ZSTD(1)),
    `priority` Int64 COMMENT 'Priority of an item, larger first (wayward.queue.priority)' CODEC(T64, ZSTD(1)),
    INDEX ended ended_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(seen_at)
PARTITION BY toDate(started_at)
ORDER BY (service, session, kind, sequence, item_id)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_open_operations_mv TO wayward_open_operations
(
    `service` LowCardinality(String),
    `session` String,
    `kind` String,
    `sequence` UInt64,
    `item_id` String,
    `started_at` DateTime64(9, 'UTC'),
    `seen_at` DateTime64(9, 'UTC'),
    `age_ns` UInt64,
    `wait_ns` UInt64,
    `name` String,
    `subject_id` String,
    `lock_type` String,
    `lock_mode` String,
    `held` Array(String),
    `holder_task_id` String,
    `concurrency` UInt32,
    `due_at` DateTime64(9, 'UTC'),
    `attempt` UInt32,
    `thread_id` Int64,
    `thread_name` String,
    `task_id` String,
    `task_name` String,
    `trace_id` String,
    `span_id` String,
    `ended_at` DateTime64(9, 'UTC'),
    `end_reason` String,
    `seen_uptime_ns` UInt64,
    `interval_ns` UInt64,
    `deadline_at` DateTime64(9, 'UTC'),
    `priority` Int64
)
AS SELECT
    ServiceName AS service,
    multiIf((ResourceAttributes['wayward.session.id']) != '', ResourceAttributes['wayward.session.id'], (ResourceAttributes['service.instance.id']) != '', ResourceAttributes['service.instance.id'], concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])) AS session,
    LogAttributes['wayward.kind'] AS kind,
    toUInt64OrZero(LogAttributes['wayward.operation.sequence']) AS sequence,
    concat(LogAttributes['wayward.queue.item.id'], LogAttributes['wayward.job.run.id']) AS item_id,
    parseDateTime64BestEffortOrZero(LogAttributes['wayward.operation.start_time'], 9, 'UTC') AS started_at,
    if(toUnixTimestamp64Nano(started_at) > 0, fromUnixTimestamp64Nano(toUnixTimestamp64Nano(started_at) + toInt64(age_ns), 'UTC'), toDateTime64(Timestamp, 9, 'UTC')) AS seen_at,
    toUInt64OrZero(LogAttributes['wayward.operation.age']) AS age_ns,
    toUInt64OrZero(concat(LogAttributes['wayward.queue.wait.duration'], LogAttributes['wayward.lock.wait.duration'])) AS wait_ns,
    concat(LogAttributes['wayward.lock.name'], LogAttributes['wayward.queue.name'], LogAttributes['wayward.job.name']) AS name,
    concat(LogAttributes['wayward.lock.id'], LogAttributes['wayward.queue.id'], LogAttributes['wayward.job.id']) AS subject_id,
    LogAttributes['wayward.lock.type'] AS lock_type,
    LogAttributes['wayward.lock.mode'] AS lock_mode,
    JSONExtract(LogAttributes['wayward.lock.held'], 'Array(String)') AS held,
    LogAttributes['wayward.lock.holder.task.id'] AS holder_task_id,
    toUInt32OrZero(LogAttributes['wayward.queue.concurrency']) AS concurrency,
    parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.due_time'], 9, 'UTC') AS due_at,
    toUInt32OrZero(LogAttributes['wayward.job.attempt']) AS attempt,
    toInt64OrZero(LogAttributes['thread.id']) AS thread_id,
    LogAttributes['thread.name'] AS thread_name,
    LogAttributes['wayward.task.id'] AS task_id,
    LogAttributes['wayward.task.name'] AS task_name,
    TraceId AS trace_id,
    SpanId AS span_id,
    if(EventName = 'wayward.operation.ended', seen_at, toDateTime64(0, 9, 'UTC')) AS ended_at,
    LogAttributes['wayward.operation.end.reason'] AS end_reason,
    toUInt64OrZero(LogAttributes['wayward.session.uptime']) AS seen_uptime_ns,
    toUInt64OrZero(LogAttributes['wayward.operation.snapshot.interval']) AS interval_ns,
    parseDateTime64BestEffortOrZero(LogAttributes['wayward.job.deadline'], 9, 'UTC') AS deadline_at,
    toInt64OrZero(LogAttributes['wayward.queue.priority']) AS priority
FROM otel_logs
WHERE EventName IN ('wayward.operation.open', 'wayward.operation.ended');

CREATE TABLE wayward_pauses
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `cause` LowCardinality(String) COMMENT 'garbage_collection, eventloop_stall or machine_sleep (wayward.pause.cause)' CODEC(ZSTD(1)),
    `gc_type` LowCardinality(String) COMMENT 'minor, major, incremental or weakcb where garbage was collected, else empty (v8js.gc.type)' CODEC(ZSTD(1)),
    `paused_at` DateTime64(9, 'UTC') COMMENT 'When it began, UTC' CODEC(Delta(8), ZSTD(1)),
    `pause_ns` UInt64 COMMENT 'How long it was, nanoseconds' CODEC(T64, ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id); a machine sleeps with all of them' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toDate(paused_at)
ORDER BY (service, session, paused_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_pauses_mv TO wayward_pauses
(
    `service` LowCardinality(String),
    `session` String,
    `cause` String,
    `gc_type` String,
    `paused_at` DateTime64(9, 'UTC'),
    `pause_ns` UInt64,
    `thread_id` Int64,
    `thread_name` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String
)
AS SELECT
    service,
    session,
    attributes['wayward.pause.cause'] AS cause,
    attributes['v8js.gc.type'] AS gc_type,
    started_at AS paused_at,
    duration_ns AS pause_ns,
    toInt64OrZero(attributes['thread.id']) AS thread_id,
    attributes['thread.name'] AS thread_name,
    toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
    trace_id,
    span_id
FROM wayward_incoming
WHERE kind = 'pause';

CREATE TABLE wayward_queue_items
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` LowCardinality(String) COMMENT 'One run of the reporting process; see wayward_sessions' CODEC(ZSTD(1)),
    `queue_name` LowCardinality(String) COMMENT 'Name of the queue (wayward.queue.name)' CODEC(ZSTD(1)),
    `queue_id` String COMMENT 'The queue, unique within its process (wayward.queue.id)' CODEC(ZSTD(1)),
    `item_id` String COMMENT 'The item, unique within its queue (wayward.queue.item.id)' CODEC(ZSTD(1)),
    `item_name` LowCardinality(String) COMMENT 'Kind of work (wayward.queue.item.name)' CODEC(ZSTD(1)),
    `enqueued_at` DateTime64(9, 'UTC') COMMENT 'When the item was enqueued, UTC: dequeue minus wait' CODEC(Delta(8), ZSTD(1)),
    `dequeued_at` DateTime64(9, 'UTC') COMMENT 'When its processing began, UTC' CODEC(Delta(8), ZSTD(1)),
    `wait_ns` UInt64 COMMENT 'From enqueue to dequeue, nanoseconds (wayward.queue.wait.duration)' CODEC(T64, ZSTD(1)),
    `processing_ns` UInt64 COMMENT 'From dequeue to done, nanoseconds' CODEC(T64, ZSTD(1)),
    `result` LowCardinality(String) COMMENT 'done or failed (wayward.queue.item.result)' CODEC(ZSTD(1)),
    `error_type` LowCardinality(String) COMMENT 'Class of the error, empty on success (error.type)' CODEC(ZSTD(1)),
    `size` UInt32 COMMENT 'Items waiting when this one was enqueued, itself not counted (wayward.queue.size)' CODEC(T64, ZSTD(1)),
    `capacity` UInt32 COMMENT 'Largest number of items that may wait, 0 unknown (wayward.queue.capacity)' CODEC(T64, ZSTD(1)),
    `concurrency` UInt32 COMMENT 'Largest number processed at a time, 0 unknown (wayward.queue.concurrency)' CODEC(T64, ZSTD(1)),
    `priority` Int64 COMMENT 'Priority, larger first (wayward.queue.priority)' CODEC(T64, ZSTD(1)),
    `thread_id` Int64 COMMENT 'The thread (thread.id)' CODEC(T64, ZSTD(1)),
    `thread_name` LowCardinality(String) COMMENT 'Name of the thread (thread.name)' CODEC(ZSTD(1)),
    `task_id` String COMMENT 'The asynchronous task (wayward.task.id)' CODEC(ZSTD(1)),
    `task_name` LowCardinality(String) COMMENT 'Name of the task (wayward.task.name)' CODEC(ZSTD(1)),
    `sequence` UInt64 COMMENT 'Number within the process (wayward.event.sequence)' CODEC(Delta(8), ZSTD(1)),
    `trace_id` String COMMENT 'Trace, 32 lower-case hex digits' CODEC(ZSTD(1)),
    `span_id` String COMMENT 'Span, 16 lower-case hex digits' CODEC(ZSTD(1)),
    `parent_span_id` String COMMENT 'Parent span, empty for a root' CODEC(ZSTD(1)),
    `weight` UInt32 DEFAULT 1 COMMENT 'How many operations this row stands for (wayward.operation.weight)' CODEC(T64, ZSTD(1)),
    INDEX ended (toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))) TYPE minmax GRANULARITY 1,
    PROJECTION numbers
    (
        SELECT
            service,
            session,
            toDate(dequeued_at),
            count(),
            groupBitmapIf(sequence, sequence > 0),
            max(dequeued_at)
        GROUP BY
            service,
            session,
            toDate(dequeued_at)
    ),
    PROJECTION by_half_second
    (
        SELECT
            service,
            session,
            queue_name,
            result = 'failed',
            intDiv(toUnixTimestamp64Milli(dequeued_at), 500),
            sum(weight),
            min(enqueued_at),
            min(dequeued_at),
            max(dequeued_at),
            max(toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))),
            sum(toFloat64(wait_ns) * weight),
            sum(toFloat64(processing_ns) * weight)
        GROUP BY
            service,
            session,
            queue_name,
            result = 'failed',
            intDiv(toUnixTimestamp64Milli(dequeued_at), 500)
    ),
    PROJECTION by_minute
    (
        SELECT
            service,
            session,
            queue_name,
            result = 'failed',
            intDiv(toUnixTimestamp64Milli(dequeued_at), 60000),
            sum(weight),
            min(enqueued_at),
            min(dequeued_at),
            max(dequeued_at),
            max(toUnixTimestamp64Nano(dequeued_at) + toInt64(least(processing_ns, 6300000000000000000))),
            sum(toFloat64(wait_ns) * weight),
            sum(toFloat64(processing_ns) * weight)
        GROUP BY
            service,
            session,
            queue_name,
            result = 'failed',
            intDiv(toUnixTimestamp64Milli(dequeued_at), 60000)
    )
)
ENGINE = MergeTree
PARTITION BY toDate(dequeued_at)
ORDER BY (service, queue_name, dequeued_at)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_queue_items_mv TO wayward_queue_items
(
    `service` LowCardinality(String),
    `session` String,
    `queue_name` String,
    `queue_id` String,
    `item_id` String,
    `item_name` String,
    `enqueued_at` DateTime64(9),
    `dequeued_at` DateTime64(9, 'UTC'),
    `wait_ns` UInt64,
    `processing_ns` UInt64,
    `result` String,
    `error_type` String,
    `size` UInt32,
    `capacity` UInt32,
    `concurrency` UInt32,
    `priority` Int64,
    `thread_id` Int64,
    `thread_name` String,
    `task_id` String,
    `task_name` String,
    `sequence` UInt64,
    `trace_id` String,
    `span_id` String,
    `parent_span_id` String,
    `weight` UInt32
)
AS SELECT
    service,
    session,
    attributes['wayward.queue.name'] AS queue_name,
    attributes['wayward.queue.id'] AS queue_id,
    attributes['wayward.queue.item.id'] AS item_id,
    attributes['wayward.queue.item.name'] AS item_name,
    fromUnixTimestamp64Nano(toUnixTimestamp64Nano(started_at) - toInt64(wait_ns)) AS enqueued_at,
    started_at AS dequeued_at,
    toUInt64OrZero(attributes['wayward.queue.wait.duration']) AS wait_ns,
    duration_ns AS processing_ns,
    attributes['wayward.queue.item.result'] AS result,
    attributes['error.type'] AS error_type,
    toUInt32OrZero(attributes['wayward.queue.size']) AS size,
    toUInt32OrZero(attributes['wayward.queue.capacity']) AS capacity,
    toUInt32OrZero(attributes['wayward.queue.concurrency']) AS concurrency,
    toInt64OrZero(attributes['wayward.queue.priority']) AS priority,
    toInt64OrZero(attributes['thread.id']) AS thread_id,
    attributes['thread.name'] AS thread_name,
    attributes['wayward.task.id'] AS task_id,
    attributes['wayward.task.name'] AS task_name,
    toUInt64OrZero(attributes['wayward.event.sequence']) AS sequence,
    trace_id,
    span_id,
    parent_span_id,
    greatest(toUInt32OrZero(attributes['wayward.operation.weight']), 1) AS weight
FROM wayward_incoming
WHERE kind = 'queue_item';

CREATE VIEW wayward_session_times
(
    `service` LowCardinality(String),
    `session` String,
    `is_clock_set` UInt8,
    `first_at` DateTime64(9, 'UTC'),
    `last_at` DateTime64(9, 'UTC'),
    `uptime_ns` SimpleAggregateFunction(max, UInt64)
)
AS SELECT
    service,
    session,
    clock_ns > 0 AS is_clock_set,
    if(is_clock_set, fromUnixTimestamp64Nano(clock_ns - toInt64(uptime), 'UTC'), earliest_at) AS first_at,
    if(is_clock_set, fromUnixTimestamp64Nano(clock_ns, 'UTC'), latest_at) AS last_at,
    uptime AS uptime_ns
FROM
(
    SELECT
        service,
        session,
        toUnixTimestamp64Nano(max(clock_at)) AS clock_ns,
        min(first_at) AS earliest_at,
        max(last_at) AS latest_at,
        max(uptime_ns) AS uptime
    FROM wayward_sessions
    GROUP BY
        service,
        session
);

CREATE TABLE wayward_sessions
(
    `service` LowCardinality(String) COMMENT 'service.name of the resource' CODEC(ZSTD(1)),
    `session` String COMMENT 'wayward.session.id, else service.instance.id, else service@host:pid' CODEC(ZSTD(1)),
    `session_name` SimpleAggregateFunction(max, String) COMMENT 'Name that a person gave to the run (wayward.session.name)' CODEC(ZSTD(1)),
    `instance_id` SimpleAggregateFunction(max, String) COMMENT 'service.instance.id' CODEC(ZSTD(1)),
    `service_version` SimpleAggregateFunction(max, String) COMMENT 'service.version' CODEC(ZSTD(1)),
    `host_name` SimpleAggregateFunction(max, String) COMMENT 'host.name' CODEC(ZSTD(1)),
    `process_pid` SimpleAggregateFunction(max, UInt64) COMMENT 'process.pid, 0 unknown' CODEC(ZSTD(1)),
    `runtime_name` SimpleAggregateFunction(max, String) COMMENT 'process.runtime.name' CODEC(ZSTD(1)),
    `runtime_version` SimpleAggregateFunction(max, String) COMMENT 'process.runtime.version' CODEC(ZSTD(1)),
    `first_at` SimpleAggregateFunction(min, DateTime64(9, 'UTC')) COMMENT 'Earliest start of a span or time of a log record, UTC' CODEC(ZSTD(1)),
    `last_at` SimpleAggregateFunction(max, DateTime64(9, 'UTC')) COMMENT 'Latest end of a span or time of a log record, UTC' CODEC(ZSTD(1)),
    `spans` SimpleAggregateFunction(sum, UInt64) COMMENT 'Spans stored' CODEC(ZSTD(1)),
    `span_errors` SimpleAggregateFunction(sum, UInt64) COMMENT 'Spans stored whose status is Error' CODEC(ZSTD(1)),
    `logs` SimpleAggregateFunction(sum, UInt64) COMMENT 'Log records and events stored' CODEC(ZSTD(1)),
    `dropped` SimpleAggregateFunction(sum, UInt64) COMMENT 'Spans and events that the process says it dropped (wayward.events.dropped.count)' CODEC(ZSTD(1)),
    `uptime_ns` SimpleAggregateFunction(max, UInt64) COMMENT 'Age of the session by its monotonic clock, nanoseconds, when it last said so, 0 never (wayward.session.uptime)' CODEC(ZSTD(1)),
    `clock_at` SimpleAggregateFunction(max, DateTime64(9, 'UTC')) COMMENT 'Latest event wayward.clock.step, UTC: only where the wall clock was set meanwhile, else 1970' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
ORDER BY (service, session)
SETTINGS index_granularity = 8192, non_replicated_deduplication_window = 10000;

CREATE MATERIALIZED VIEW wayward_sessions_logs_mv TO wayward_sessions
(
    `service` LowCardinality(String),
    `session` String,
    `session_name` String,
    `instance_id` String,
    `service_version` String,
    `host_name` String,
    `process_pid` UInt64,
    `runtime_name` String,
    `runtime_version` String,
    `first_at` DateTime64(9),
    `last_at` DateTime64(9),
    `spans` UInt64,
    `span_errors` UInt64,
    `logs` UInt64,
    `dropped` UInt64,
    `uptime_ns` UInt64,
    `clock_at` DateTime64(9)
)
AS SELECT
    ServiceName AS service,
    multiIf((ResourceAttributes['wayward.session.id']) != '', ResourceAttributes['wayward.session.id'], (ResourceAttributes['service.instance.id']) != '', ResourceAttributes['service.instance.id'], concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])) AS session,
    ResourceAttributes['wayward.session.name'] AS session_name,
    ResourceAttributes['service.instance.id'] AS instance_id,
    ResourceAttributes['service.version'] AS service_version,
    ResourceAttributes['host.name'] AS host_name,
    toUInt64OrZero(ResourceAttributes['process.pid']) AS process_pid,
    ResourceAttributes['process.runtime.name'] AS runtime_name,
    ResourceAttributes['process.runtime.version'] AS runtime_version,
    min(Timestamp) AS first_at,
    max(Timestamp) AS last_at,
    toUInt64(0) AS spans,
    toUInt64(0) AS span_errors,
    count() AS logs,
    sumIf(toUInt64OrZero(LogAttributes['wayward.events.dropped.count']), EventName = 'wayward.events.dropped') AS dropped,
    max(toUInt64OrZero(LogAttributes['wayward.session.uptime'])) AS uptime_ns,
    maxIf(Timestamp, EventName = 'wayward.clock.step') AS clock_at
FROM otel_logs
GROUP BY
    ServiceName,
    ResourceAttributes;

CREATE MATERIALIZED VIEW wayward_sessions_traces_mv TO wayward_sessions
(
    `service` LowCardinality(String),
    `session` String,
    `session_name` String,
    `instance_id` String,
    `service_version` String,
    `host_name` String,
    `process_pid` UInt64,
    `runtime_name` String,
    `runtime_version` String,
    `first_at` DateTime64(9),
    `last_at` DateTime64(9),
    `spans` UInt64,
    `span_errors` UInt64,
    `logs` UInt64,
    `dropped` UInt64
)
AS SELECT
    ServiceName AS service,
    multiIf((ResourceAttributes['wayward.session.id']) != '', ResourceAttributes['wayward.session.id'], (ResourceAttributes['service.instance.id']) != '', ResourceAttributes['service.instance.id'], concat(ServiceName, '@', ResourceAttributes['host.name'], ':', ResourceAttributes['process.pid'])) AS session,
    ResourceAttributes['wayward.session.name'] AS session_name,
    ResourceAttributes['service.instance.id'] AS instance_id,
    ResourceAttributes['service.version'] AS service_version,
    ResourceAttributes['host.name'] AS host_name,
    toUInt64OrZero(ResourceAttributes['process.pid']) AS process_pid,
    ResourceAttributes['process.runtime.name'] AS runtime_name,
    ResourceAttributes['process.runtime.version'] AS runtime_version,
    min(Timestamp) AS first_at,
    fromUnixTimestamp64Nano(max(toUnixTimestamp64Nano(Timestamp) + toInt64(Duration))) AS last_at,
    count() AS spans,
    countIf(StatusCode = 'Error') AS span_errors,
    toUInt64(0) AS logs,
    toUInt64(0) AS dropped
FROM otel_traces
GROUP BY
    ServiceName,
    ResourceAttributes;
