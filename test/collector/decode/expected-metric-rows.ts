// What a metrics request must become, by table, computed from the oracle's objects in the plainest
// way.

import type { Row } from '../../clickhouse/native/native-reader.ts'
import {
  type Attribute,
  type Group,
  hex,
  type OracleRequest,
  pairs,
  type ScopeGroup,
  serviceName,
} from './expected-rows.ts'

export interface Metric {
  name?: string
  description?: string
  unit?: string
  gauge?: Data
  sum?: Data & { isMonotonic?: boolean }
  histogram?: Data
  exponentialHistogram?: Data
  summary?: Data
}
interface Data {
  dataPoints?: Point[]
  aggregationTemporality?: number
}
interface NumberValue {
  asDouble?: number
  asInt?: string
}
interface Exemplar extends NumberValue {
  timeUnixNano?: string
  spanId?: Uint8Array
  traceId?: Uint8Array
  filteredAttributes?: Attribute[]
}
interface Buckets {
  offset?: number
  bucketCounts?: string[]
}
interface Point extends NumberValue {
  attributes?: Attribute[]
  startTimeUnixNano?: string
  timeUnixNano?: string
  flags?: number
  exemplars?: Exemplar[]
  count?: string
  sum?: number
  min?: number
  max?: number
  bucketCounts?: string[]
  explicitBounds?: number[]
  scale?: number
  zeroCount?: string
  positive?: Buckets
  negative?: Buckets
  quantileValues?: { quantile?: number; value?: number }[]
}

type Kind = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary'

const tableOf: Readonly<Record<Kind, string>> = {
  gauge: 'otel_metrics_gauge',
  sum: 'otel_metrics_sum',
  histogram: 'otel_metrics_histogram',
  exponentialHistogram: 'otel_metrics_exponential_histogram',
  summary: 'otel_metrics_summary',
}

const ownColumns: Readonly<Record<Kind, (point: Point, metric: Metric) => Row>> = {
  gauge: (point) => ({ Value: number(point), Flags: point.flags ?? 0, ...exemplars(point) }),
  sum: (point, { sum }) => ({
    Value: number(point),
    Flags: point.flags ?? 0,
    ...exemplars(point),
    AggregationTemporality: sum?.aggregationTemporality ?? 0,
    IsMonotonic: sum?.isMonotonic === true ? 1 : 0,
  }),
  histogram: (point, { histogram }) => ({
    Count: BigInt(point.count ?? 0),
    Sum: point.sum ?? 0,
    BucketCounts: (point.bucketCounts ?? []).map(BigInt),
    ExplicitBounds: point.explicitBounds ?? [],
    ...exemplars(point),
    Flags: point.flags ?? 0,
    Min: point.min ?? 0,
    Max: point.max ?? 0,
    AggregationTemporality: histogram?.aggregationTemporality ?? 0,
  }),
  exponentialHistogram: (point, { exponentialHistogram }) => ({
    Count: BigInt(point.count ?? 0),
    Sum: point.sum ?? 0,
    Scale: point.scale ?? 0,
    ZeroCount: BigInt(point.zeroCount ?? 0),
    PositiveOffset: point.positive?.offset ?? 0,
    PositiveBucketCounts: (point.positive?.bucketCounts ?? []).map(BigInt),
    NegativeOffset: point.negative?.offset ?? 0,
    NegativeBucketCounts: (point.negative?.bucketCounts ?? []).map(BigInt),
    ...exemplars(point),
    Flags: point.flags ?? 0,
    Min: point.min ?? 0,
    Max: point.max ?? 0,
    AggregationTemporality: exponentialHistogram?.aggregationTemporality ?? 0,
  }),
  summary: (point) => ({
    Count: BigInt(point.count ?? 0),
    Sum: point.sum ?? 0,
    'ValueAtQuantiles.Quantile': (point.quantileValues ?? []).map(({ quantile }) => quantile ?? 0),
    'ValueAtQuantiles.Value': (point.quantileValues ?? []).map(({ value }) => value ?? 0),
    Flags: point.flags ?? 0,
  }),
}

/** The rows of each of the five tables, in the order of the blocks. */
export function expectedMetricRows(request: OracleRequest): Record<string, Row[]> {
  const rows: Record<string, Row[]> = Object.fromEntries(
    Object.values(tableOf).map((table) => [table, []]),
  )
  for (const group of request.resourceMetrics ?? []) {
    for (const scopeGroup of group.scopeMetrics ?? []) {
      for (const metric of scopeGroup.metrics ?? []) {
        for (const kind of Object.keys(tableOf) as Kind[]) {
          for (const point of metric[kind]?.dataPoints ?? []) {
            rows[tableOf[kind]]?.push({
              ...sharedColumns(group, scopeGroup, metric, point),
              ...ownColumns[kind](point, metric),
            })
          }
        }
      }
    }
  }
  return rows
}

function sharedColumns(
  group: Group,
  { scope, schemaUrl }: ScopeGroup,
  metric: Metric,
  point: Point,
): Row {
  return {
    ResourceAttributes: pairs(group.resource?.attributes),
    ResourceSchemaUrl: group.schemaUrl ?? '',
    ScopeName: scope?.name ?? '',
    ScopeVersion: scope?.version ?? '',
    ScopeAttributes: pairs(scope?.attributes),
    ScopeDroppedAttrCount: scope?.droppedAttributesCount ?? 0,
    ScopeSchemaUrl: schemaUrl ?? '',
    ServiceName: serviceName(group),
    MetricName: metric.name ?? '',
    MetricDescription: metric.description ?? '',
    MetricUnit: metric.unit ?? '',
    Attributes: pairs(point.attributes),
    StartTimeUnix: BigInt(point.startTimeUnixNano ?? 0),
    TimeUnix: BigInt(point.timeUnixNano ?? 0),
  }
}

function exemplars({ exemplars: all = [] }: Point): Row {
  return {
    'Exemplars.FilteredAttributes': all.map((one) => pairs(one.filteredAttributes)),
    'Exemplars.TimeUnix': all.map((one) => BigInt(one.timeUnixNano ?? 0)),
    'Exemplars.Value': all.map(number),
    'Exemplars.SpanId': all.map((one) => hex(one.spanId)),
    'Exemplars.TraceId': all.map((one) => hex(one.traceId)),
  }
}

function number({ asDouble, asInt }: NumberValue): number {
  return asDouble ?? Number(BigInt(asInt ?? 0))
}
