// The stock tables as other collectors made them: three forms are in the field (columns from the
// stock exporter's releases, written again), and the JSON variant.

const map = 'Map(LowCardinality(String), String)'
const end = (order: string, partition: string): string =>
  `ENGINE = MergeTree PARTITION BY ${partition} ORDER BY ${order} SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1`

/** The tables of one form of the stock schema, as statements. */
export type Generation = readonly string[]

/** 2022 and 2023: no scope, signed durations, metrics without a service. */
export const oldest: Generation = [
  `CREATE TABLE otel_traces (
     Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)), TraceId String, SpanId String, ParentSpanId String, TraceState String,
     SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
     ResourceAttributes ${map}, SpanAttributes ${map}, Duration Int64, StatusCode LowCardinality(String), StatusMessage String,
     Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${map}),
     Links Nested(TraceId String, SpanId String, TraceState String, Attributes ${map}),
     INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1
   ) ${end('(ServiceName, SpanName, toUnixTimestamp(Timestamp), TraceId)', 'toDate(Timestamp)')}`,
  `CREATE TABLE otel_traces_trace_id_ts (TraceId String, Start DateTime64(9), End DateTime64(9))
   ENGINE = MergeTree ORDER BY (TraceId, toUnixTimestamp(Start))`,
  `CREATE MATERIALIZED VIEW otel_traces_trace_id_ts_mv TO otel_traces_trace_id_ts AS
   SELECT TraceId, min(Timestamp) AS Start, max(Timestamp) AS End FROM otel_traces WHERE TraceId != '' GROUP BY TraceId`,
  `CREATE TABLE otel_logs (
     Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)), TraceId String, SpanId String, TraceFlags UInt32,
     SeverityText LowCardinality(String), SeverityNumber Int32, ServiceName LowCardinality(String), Body String,
     ResourceAttributes ${map}, LogAttributes ${map}
   ) ${end('(ServiceName, SeverityText, toUnixTimestamp(Timestamp), TraceId)', 'toDate(Timestamp)')}`,
  ...metrics({ hasService: false, time: 'DateTime64(9)', name: 'String', temporality: 'AggTemp' }),
]

/** 2024 to v0.162: the released form, logs with TimestampTime and without an event name. */
export const released: Generation = [
  `CREATE TABLE otel_traces (
     Timestamp DateTime64(9) CODEC(Delta, ZSTD(1)), TraceId String, SpanId String, ParentSpanId String, TraceState String,
     SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
     ResourceAttributes ${map}, ScopeName String, ScopeVersion String, SpanAttributes ${map}, Duration UInt64,
     StatusCode LowCardinality(String), StatusMessage String,
     Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${map}),
     Links Nested(TraceId String, SpanId String, TraceState String, Attributes ${map}),
     INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
     INDEX idx_duration Duration TYPE minmax GRANULARITY 1
   ) ${end('(ServiceName, SpanName, toDateTime(Timestamp))', 'toDate(Timestamp)')}`,
  `CREATE TABLE otel_traces_trace_id_ts (TraceId String, Start DateTime, End DateTime,
     INDEX idx_trace_id TraceId TYPE bloom_filter(0.01) GRANULARITY 1)
   ${end('(TraceId, Start)', 'toDate(Start)')}`,
  `CREATE TABLE otel_logs (
     Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TimestampTime DateTime DEFAULT toDateTime(Timestamp),
     TraceId String, SpanId String, TraceFlags UInt8, SeverityText LowCardinality(String), SeverityNumber UInt8,
     ServiceName LowCardinality(String), Body String, ResourceSchemaUrl LowCardinality(String), ResourceAttributes ${map},
     ScopeSchemaUrl LowCardinality(String), ScopeName String, ScopeVersion LowCardinality(String), ScopeAttributes ${map},
     LogAttributes ${map},
     INDEX idx_body Body TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
   ) ENGINE = MergeTree PARTITION BY toDate(TimestampTime) PRIMARY KEY (ServiceName, TimestampTime)
   ORDER BY (ServiceName, TimestampTime, Timestamp)`,
  ...metrics({ hasService: true, time: 'DateTime64(9)', name: 'String' }),
]

/**
 * 2026: alias columns, aggregated trace times, materialized Kubernetes names, seconds in metrics.
 */
export const next: Generation = [
  `CREATE TABLE otel_traces (
     Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceId String, SpanId String, ParentSpanId String, TraceState String,
     SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
     ResourceAttributes ${map}, ScopeName String, ScopeVersion String, SpanAttributes ${map},
     Duration UInt64 CODEC(T64, ZSTD(1)), StatusCode LowCardinality(String), StatusMessage String,
     Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes ${map}),
     Links Nested(TraceId String, SpanId String, TraceState String, Attributes ${map}),
     SpanAttributeItems Array(String) ALIAS arrayMap((k, v) -> concat(k, '=', v), mapKeys(SpanAttributes), mapValues(SpanAttributes)),
     INDEX idx_trace_id TraceId TYPE text(tokenizer = 'array') GRANULARITY 1,
     INDEX idx_lower_span_name lower(SpanName) TYPE tokenbf_v1(32768, 3, 0) GRANULARITY 8
   ) ENGINE = MergeTree PARTITION BY toDate(Timestamp) PRIMARY KEY (ServiceName, SpanName, toDateTime(Timestamp))
   ORDER BY (ServiceName, SpanName, toDateTime(Timestamp), Timestamp)`,
  `CREATE TABLE otel_traces_trace_id_ts
   (TraceId String, Start SimpleAggregateFunction(min, DateTime), End SimpleAggregateFunction(max, DateTime))
   ENGINE = AggregatingMergeTree PARTITION BY toStartOfWeek(Start) ORDER BY TraceId SETTINGS allow_nullable_key = 1`,
  `CREATE TABLE otel_logs (
     Timestamp DateTime64(9) CODEC(Delta(8), ZSTD(1)), TraceId String, SpanId String, TraceFlags UInt8,
     SeverityText LowCardinality(String), SeverityNumber UInt8, ServiceName LowCardinality(String), Body String,
     ResourceSchemaUrl LowCardinality(String), ResourceAttributes ${map}, ScopeSchemaUrl LowCardinality(String),
     ScopeName String, ScopeVersion LowCardinality(String), ScopeAttributes ${map}, LogAttributes ${map}, EventName String,
     \`__otel_materialized_k8s.pod.name\` LowCardinality(String) MATERIALIZED ResourceAttributes['k8s.pod.name'],
     INDEX idx_lower_body lower(Body) TYPE text(tokenizer = 'splitByNonAlpha') GRANULARITY 1
   ) ${end('(toStartOfFiveMinutes(Timestamp), ServiceName, Timestamp)', 'toDate(Timestamp)')}`,
  ...metrics({ hasService: true, time: 'DateTime', name: 'LowCardinality(String)' }),
]

/** The exporter's option \`json: true\`. */
export const json: Generation = [
  `CREATE TABLE otel_traces (
     Timestamp DateTime64(9), TraceId String, SpanId String, ParentSpanId String, TraceState String,
     SpanName LowCardinality(String), SpanKind LowCardinality(String), ServiceName LowCardinality(String),
     ResourceAttributes JSON, ResourceAttributesKeys Array(LowCardinality(String)), ScopeName String, ScopeVersion String,
     SpanAttributes JSON, SpanAttributesKeys Array(LowCardinality(String)), Duration UInt64,
     StatusCode LowCardinality(String), StatusMessage String,
     Events Nested(Timestamp DateTime64(9), Name LowCardinality(String), Attributes JSON),
     Links Nested(TraceId String, SpanId String, TraceState String, Attributes JSON)
   ) ${end('(ServiceName, SpanName, toDateTime(Timestamp))', 'toDate(Timestamp)')}`,
]

interface MetricsForm {
  readonly hasService: boolean
  readonly time: string
  readonly name: string
  readonly temporality?: string
}

function metrics({ hasService, time, name, temporality }: MetricsForm): readonly string[] {
  const temporal = `${temporality ?? 'AggregationTemporality'} Int32`
  const point = `ResourceAttributes ${map}, ResourceSchemaUrl String, ScopeName String, ScopeVersion String,
    ScopeAttributes ${map}, ScopeDroppedAttrCount UInt32, ScopeSchemaUrl String,
    ${hasService ? 'ServiceName LowCardinality(String),' : ''} MetricName ${name}, MetricDescription String,
    MetricUnit String, Attributes ${map}, StartTimeUnix ${time}, TimeUnix ${time}`
  const exemplars = `Exemplars Nested(FilteredAttributes ${map}, TimeUnix ${time}, Value Float64, SpanId String, TraceId String)`
  const tail = end(
    `(${hasService ? 'ServiceName, ' : ''}MetricName, Attributes, TimeUnix)`,
    'toDate(TimeUnix)',
  )
  const table = (kind: string, columns: string): string =>
    `CREATE TABLE otel_metrics_${kind} (${point}, ${columns}, Flags UInt32) ${tail}`
  return [
    table('gauge', `Value Float64, ${exemplars}`),
    table('sum', `Value Float64, ${exemplars}, ${temporal}, IsMonotonic Boolean`),
    table(
      'histogram',
      `Count UInt64, Sum Float64, BucketCounts Array(UInt64), ExplicitBounds Array(Float64), ${exemplars}, Min Float64, Max Float64, ${temporal}`,
    ),
    table(
      'exponential_histogram',
      `Count UInt64, Sum Float64, Scale Int32, ZeroCount UInt64, PositiveOffset Int32, PositiveBucketCounts Array(UInt64),
       NegativeOffset Int32, NegativeBucketCounts Array(UInt64), ${exemplars}, Min Float64, Max Float64, ${temporal}`,
    ),
    table(
      'summary',
      'Count UInt64, Sum Float64, ValueAtQuantiles Nested(Quantile Float64, Value Float64)',
    ),
  ]
}
