// The SQL that makes OTLP/JSON of rows of the stock tables: ClickHouse writes the text, on all its
// threads, and nothing here looks into it. Attributes are texts there, so they are texts here.
// (OTLP 1.9, "JSON Protobuf Encoding": ids in hexadecimal, 64-bit integers as texts.)

/** What a row becomes. */
export interface ItemSql {
  readonly table: string
  /** Of a metric, the member of OTLP's message that has its points. */
  readonly kind?: string
  readonly signal: 'spans' | 'logs' | 'points'
  /** The time of the row. */
  readonly time: string
  /** The resource, the scope and the item, as JSON. */
  readonly resource: string
  readonly scope: string
  readonly item: string
}

/** Functions that the expressions below use. */
export const functions = `(value) -> toJSONString(toString(value)) AS text,
  (map) -> concat('[', arrayStringConcat(arrayMap((key, value) -> concat('{"key":', toJSONString(toString(key)),
    ',"value":{"stringValue":', toJSONString(value), '}}'), mapKeys(map), mapValues(map)), ','), ']') AS attributes,
  (time) -> concat('"', toString(toUnixTimestamp64Nano(time)), '"') AS nano,
  (value) -> multiIf(isNaN(value), '"NaN"', isInfinite(value) AND value > 0, '"Infinity"',
    isInfinite(value), '"-Infinity"', toString(value)) AS number`

const resource = (schemaUrl: string): string =>
  `concat('{"attributes":', attributes(ResourceAttributes), '}'${schemaUrl})`

const spanKinds = "['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']"

const spans: ItemSql = {
  table: 'otel_traces',
  signal: 'spans',
  time: 'Timestamp',
  resource: resource(''),
  scope: `concat('{"name":', text(ScopeName), ',"version":', text(ScopeVersion), '}')`,
  item: `concat('{"traceId":"', TraceId, '","spanId":"', SpanId, '","parentSpanId":"', ParentSpanId,
    '","traceState":', text(TraceState), ',"name":', text(SpanName),
    ',"kind":', toString(greatest(indexOf(${spanKinds}, toString(SpanKind)), 1) - 1),
    ',"startTimeUnixNano":', nano(Timestamp),
    ',"endTimeUnixNano":"', toString(toUInt64(toUnixTimestamp64Nano(Timestamp)) + Duration),
    '","attributes":', attributes(SpanAttributes),
    ',"events":[', arrayStringConcat(arrayMap((time, name, map) -> concat('{"timeUnixNano":', nano(time), ',"name":', text(name),
      ',"attributes":', attributes(map), '}'), Events.Timestamp, Events.Name, Events.Attributes), ','),
    '],"links":[', arrayStringConcat(arrayMap((trace, span, state, map) -> concat('{"traceId":"', trace, '","spanId":"', span,
      '","traceState":', text(state), ',"attributes":', attributes(map), '}'), Links.TraceId, Links.SpanId, Links.TraceState, Links.Attributes), ','),
    '],"status":{"code":', multiIf(StatusCode = 'Ok', '1', StatusCode = 'Error', '2', '0'), ',"message":', text(StatusMessage), '}}')`,
}

const schemas = `, ',"schemaUrl":', text(ResourceSchemaUrl)`
const scopeWithAttributes = `concat('{"name":', text(ScopeName), ',"version":', text(ScopeVersion), ',"attributes":', attributes(ScopeAttributes),
    '},"schemaUrl":', text(ScopeSchemaUrl))`

const logs: ItemSql = {
  table: 'otel_logs',
  signal: 'logs',
  time: 'Timestamp',
  resource: resource(schemas),
  scope: scopeWithAttributes,
  item: `concat('{"timeUnixNano":', nano(Timestamp), ',"traceId":"', TraceId, '","spanId":"', SpanId, '","flags":', toString(TraceFlags),
    ',"severityNumber":', toString(SeverityNumber), ',"severityText":', text(SeverityText),
    ',"body":{"stringValue":', text(Body), '},"attributes":', attributes(LogAttributes), ',"eventName":', text(EventName), '}')`,
}

const exemplars = `',"exemplars":[', arrayStringConcat(arrayMap((map, time, value, span, trace) -> concat(
      '{"filteredAttributes":', attributes(map), ',"timeUnixNano":', nano(time), ',"asDouble":', number(value),
      ',"spanId":"', span, '","traceId":"', trace, '"}'),
      Exemplars.FilteredAttributes, Exemplars.TimeUnix, Exemplars.Value, Exemplars.SpanId, Exemplars.TraceId), ','), ']'`
const numbers = (array: string): string =>
  `'[', arrayStringConcat(arrayMap(value -> toString(value), ${array}), ','), ']'`
const extremes = `',"sum":', number(Sum), ',"min":', number(Min), ',"max":', number(Max)`

/** A metric with one point. */
function metric(table: string, kind: string, { of = "''", point }: MetricSql): ItemSql {
  return {
    table,
    kind,
    signal: 'points',
    time: 'TimeUnix',
    resource: resource(schemas),
    scope: scopeWithAttributes,
    item: `concat('{"name":', text(MetricName), ',"description":', text(MetricDescription), ',"unit":', text(MetricUnit),
    ',"${kind}":{', ${of}, '"dataPoints":[{"attributes":', attributes(Attributes), ',"startTimeUnixNano":', nano(StartTimeUnix),
    ',"timeUnixNano":', nano(TimeUnix), ',"flags":', toString(Flags), ${point}, '}]}}')`,
  }
}

interface MetricSql {
  /** What stands beside the points. */
  readonly of?: string
  /** What a point has besides its attributes and times. */
  readonly point: string
}

const temporality = `'"aggregationTemporality":', toString(AggregationTemporality), ','`

/** How the rows of each stock table are written. */
export const items: readonly ItemSql[] = [
  spans,
  logs,
  metric('otel_metrics_gauge', 'gauge', { point: `',"asDouble":', number(Value), ${exemplars}` }),
  metric('otel_metrics_sum', 'sum', {
    of: `${temporality}, '"isMonotonic":', if(IsMonotonic, 'true', 'false'), ','`,
    point: `',"asDouble":', number(Value), ${exemplars}`,
  }),
  metric('otel_metrics_histogram', 'histogram', {
    of: temporality,
    point: `',"count":"', toString(Count), '"', ${extremes}, ',"bucketCounts":', ${numbers('BucketCounts')},
      ',"explicitBounds":', ${numbers('ExplicitBounds')}, ${exemplars}`,
  }),
  metric('otel_metrics_exponential_histogram', 'exponentialHistogram', {
    of: temporality,
    point: `',"count":"', toString(Count), '"', ${extremes}, ',"scale":', toString(Scale), ',"zeroCount":"', toString(ZeroCount),
      '","positive":{"offset":', toString(PositiveOffset), ',"bucketCounts":', ${numbers('PositiveBucketCounts')},
      '},"negative":{"offset":', toString(NegativeOffset), ',"bucketCounts":', ${numbers('NegativeBucketCounts')}, '}', ${exemplars}`,
  }),
  metric('otel_metrics_summary', 'summary', {
    point: `',"count":"', toString(Count), '","sum":', number(Sum), ',"quantileValues":[',
      arrayStringConcat(arrayMap((quantile, value) -> concat('{"quantile":', number(quantile), ',"value":', number(value), '}'),
        ValueAtQuantiles.Quantile, ValueAtQuantiles.Value), ','), ']'`,
  }),
]
