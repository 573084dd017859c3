// How rows of the stock tables become OTLP/JSON (OTLP 1.9, "JSON Protobuf Encoding": ids in
// hexadecimal, 64-bit integers as texts). ClickHouse gives columns in RowBinary, of which
// member-writer.ts makes the members of objects; what few rows have (events, links, points of
// metrics) it writes as JSON itself. Attributes are texts there, so they are texts here.

/**
 * What a column has, and what a member is made of it:
 *
 * - `text`: a String, as a text; left out where it is empty
 * - `value`: a String, as a value of OTLP
 * - `nano`: 64 bits, as a text of digits
 * - `small`: a UInt32, as a number; left out where it is 0
 * - `attributes`: a Map of texts, as a list of attributes; left out where it is empty
 * - `json`: a String, as it is; left out where it is empty
 */
export type MemberKind = 'text' | 'value' | 'nano' | 'small' | 'attributes' | 'json'

/** A member of a JSON object. */
export interface Member {
  readonly name: string
  readonly kind: MemberKind
  readonly sql: string
}

/** What a row becomes. */
export interface ItemSql {
  readonly table: string
  /** Of a metric, the member of OTLP's message that has its points. */
  readonly kind?: string
  readonly signal: 'spans' | 'logs' | 'points'
  /** The time of the row. */
  readonly time: string
  readonly resource: readonly Member[]
  /** Of the group of a resource, besides the resource itself. */
  readonly group: readonly Member[]
  readonly scope: readonly Member[]
  readonly scopeGroup: readonly Member[]
  readonly item: readonly Member[]
}

/** The names of the lists of requests, from the outside to the items. */
export const requestNames = {
  spans: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  points: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const

/** Functions that the expressions below use. */
export const functions = `(value) -> toJSONString(toString(value)) AS text,
  (map) -> concat('[', arrayStringConcat(arrayMap((key, value) -> concat('{"key":', toJSONString(toString(key)),
    ',"value":{"stringValue":', toJSONString(value), '}}'), mapKeys(map), mapValues(map)), ','), ']') AS attributes,
  (time) -> concat('"', toString(toUnixTimestamp64Nano(time)), '"') AS nano,
  (value) -> multiIf(isNaN(value), '"NaN"', isInfinite(value) AND value > 0, '"Infinity"',
    isInfinite(value), '"-Infinity"', toString(value)) AS number`

const text = (name: string, sql: string): Member => ({ name, kind: 'text', sql })
const nano = (name: string, sql: string): Member => ({ name, kind: 'nano', sql })
const small = (name: string, sql: string): Member => ({
  name,
  kind: 'small',
  sql: `toUInt32(${sql})`,
})
const json = (name: string, sql: string): Member => ({ name, kind: 'json', sql })
const attributes = (sql: string): Member => ({ name: 'attributes', kind: 'attributes', sql })

const resource = [attributes('ResourceAttributes')]
const scope = [text('name', 'ScopeName'), text('version', 'ScopeVersion')]

const spanKinds = "['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']"

const spans: ItemSql = {
  table: 'otel_traces',
  signal: 'spans',
  time: 'Timestamp',
  resource,
  group: [],
  scope,
  scopeGroup: [],
  item: [
    text('traceId', 'TraceId'),
    text('spanId', 'SpanId'),
    text('traceState', 'TraceState'),
    text('parentSpanId', 'ParentSpanId'),
    text('name', 'toString(SpanName)'),
    small('kind', `greatest(indexOf(${spanKinds}, toString(SpanKind)), 1) - 1`),
    nano('startTimeUnixNano', 'toUnixTimestamp64Nano(Timestamp)'),
    nano('endTimeUnixNano', 'toUInt64(toUnixTimestamp64Nano(Timestamp)) + toUInt64(Duration)'),
    attributes('SpanAttributes'),
    json(
      'events',
      `if(empty(Events.Timestamp), '', concat('[', arrayStringConcat(arrayMap((time, name, map) -> concat('{"timeUnixNano":', nano(time), ',"name":', text(name),
      ',"attributes":', attributes(map), '}'), Events.Timestamp, Events.Name, Events.Attributes), ','), ']'))`,
    ),
    json(
      'links',
      `if(empty(Links.TraceId), '', concat('[', arrayStringConcat(arrayMap((trace, span, state, map) -> concat('{"traceId":"', trace, '","spanId":"', span,
      '","traceState":', text(state), ',"attributes":', attributes(map), '}'), Links.TraceId, Links.SpanId, Links.TraceState, Links.Attributes), ','), ']'))`,
    ),
    json(
      'status',
      `if(StatusCode NOT IN ('Ok', 'Error') AND StatusMessage = '', '', concat('{"code":', multiIf(StatusCode = 'Ok', '1', StatusCode = 'Error', '2', '0'), ',"message":', text(StatusMessage), '}'))`,
    ),
  ],
}

const schemaGroups = {
  resource,
  group: [text('schemaUrl', 'ResourceSchemaUrl')],
  scope: [...scope, attributes('ScopeAttributes')],
  scopeGroup: [text('schemaUrl', 'ScopeSchemaUrl')],
}

const logs: ItemSql = {
  table: 'otel_logs',
  signal: 'logs',
  time: 'Timestamp',
  ...schemaGroups,
  item: [
    nano('timeUnixNano', 'toUnixTimestamp64Nano(Timestamp)'),
    small('severityNumber', 'SeverityNumber'),
    text('severityText', 'toString(SeverityText)'),
    { name: 'body', kind: 'value', sql: 'Body' },
    attributes('LogAttributes'),
    small('flags', 'TraceFlags'),
    text('traceId', 'TraceId'),
    text('spanId', 'SpanId'),
    text('eventName', 'EventName'),
  ],
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
    ...schemaGroups,
    item: [
      text('name', 'toString(MetricName)'),
      text('description', 'MetricDescription'),
      text('unit', 'MetricUnit'),
      json(
        kind,
        `concat('{', ${of}, '"dataPoints":[{"attributes":', attributes(Attributes), ',"startTimeUnixNano":', nano(StartTimeUnix),
        ',"timeUnixNano":', nano(TimeUnix), ',"flags":', toString(Flags), ${point}, '}]}')`,
      ),
    ],
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
