// opentelemetry/proto/metrics/v1/metrics.proto and collector/metrics/v1/metrics_service.proto
// (OTLP 1.10).
import {
  bool,
  double,
  enumeration,
  fixed64,
  id,
  int64,
  list,
  message,
  nested,
  repeated,
  sfixed64,
  sint32,
  string,
  uint32,
  uint64,
} from '../message.ts'
import { keyValue, resource, scope } from './attributes.ts'

/** `metrics.v1.Exemplar`: a measurement behind a data point. */
export const exemplar = message('Exemplar', {
  timeUnixNano: fixed64(2),
  asDouble: double(3),
  spanId: id(4),
  traceId: id(5),
  asInt: sfixed64(6),
  filteredAttributes: repeated(7, keyValue),
})

/** `metrics.v1.NumberDataPoint`: a point of a gauge or a sum. */
export const numberDataPoint = message('NumberDataPoint', {
  startTimeUnixNano: fixed64(2),
  timeUnixNano: fixed64(3),
  asDouble: double(4),
  exemplars: repeated(5, exemplar),
  asInt: sfixed64(6),
  attributes: repeated(7, keyValue),
  flags: uint32(8),
})

/** `metrics.v1.HistogramDataPoint`: a point of a histogram with explicit bounds. */
export const histogramDataPoint = message('HistogramDataPoint', {
  startTimeUnixNano: fixed64(2),
  timeUnixNano: fixed64(3),
  count: fixed64(4),
  sum: double(5),
  bucketCounts: list(fixed64(6)),
  explicitBounds: list(double(7)),
  exemplars: repeated(8, exemplar),
  attributes: repeated(9, keyValue),
  flags: uint32(10),
  min: double(11),
  max: double(12),
})

/** `metrics.v1.ExponentialHistogramDataPoint.Buckets`: its counts on one side of zero. */
export const exponentialBuckets = message('ExponentialHistogramDataPoint.Buckets', {
  offset: sint32(1),
  bucketCounts: list(uint64(2)),
})

/** `metrics.v1.ExponentialHistogramDataPoint`: a point of an exponential histogram. */
export const exponentialHistogramDataPoint = message('ExponentialHistogramDataPoint', {
  attributes: repeated(1, keyValue),
  startTimeUnixNano: fixed64(2),
  timeUnixNano: fixed64(3),
  count: fixed64(4),
  sum: double(5),
  scale: sint32(6),
  zeroCount: fixed64(7),
  positive: nested(8, exponentialBuckets),
  negative: nested(9, exponentialBuckets),
  flags: uint32(10),
  exemplars: repeated(11, exemplar),
  min: double(12),
  max: double(13),
  zeroThreshold: double(14),
})

/** `metrics.v1.SummaryDataPoint.ValueAtQuantile`: a quantile of a summary. */
export const quantileValue = message('SummaryDataPoint.ValueAtQuantile', {
  quantile: double(1),
  value: double(2),
})

/** `metrics.v1.SummaryDataPoint`: a point of a summary. */
export const summaryDataPoint = message('SummaryDataPoint', {
  startTimeUnixNano: fixed64(2),
  timeUnixNano: fixed64(3),
  count: fixed64(4),
  sum: double(5),
  quantileValues: repeated(6, quantileValue),
  attributes: repeated(7, keyValue),
  flags: uint32(8),
})

/** `metrics.v1.Gauge`: a value that goes up and down. */
export const gauge = message('Gauge', { dataPoints: repeated(1, numberDataPoint) })

/** `metrics.v1.Sum`: a value that adds up. */
export const sum = message('Sum', {
  dataPoints: repeated(1, numberDataPoint),
  aggregationTemporality: enumeration(2),
  isMonotonic: bool(3),
})

const histogram = message('Histogram', {
  dataPoints: repeated(1, histogramDataPoint),
  aggregationTemporality: enumeration(2),
})

const exponentialHistogram = message('ExponentialHistogram', {
  dataPoints: repeated(1, exponentialHistogramDataPoint),
  aggregationTemporality: enumeration(2),
})

const summary = message('Summary', { dataPoints: repeated(1, summaryDataPoint) })

/** `metrics.v1.Metric`: a metric with its data points. */
export const metric = message('Metric', {
  name: string(1),
  description: string(2),
  unit: string(3),
  gauge: nested(5, gauge),
  sum: nested(7, sum),
  histogram: nested(9, histogram),
  exponentialHistogram: nested(10, exponentialHistogram),
  summary: nested(11, summary),
  metadata: repeated(12, keyValue),
})

const scopeMetrics = message('ScopeMetrics', {
  scope: nested(1, scope),
  metrics: repeated(2, metric),
  schemaUrl: string(3),
})

const resourceMetrics = message('ResourceMetrics', {
  resource: nested(1, resource),
  scopeMetrics: repeated(2, scopeMetrics),
  schemaUrl: string(3),
})

/** `ExportMetricsServiceRequest`: what a sender of metrics sends. */
export const exportMetricsRequest = message('ExportMetricsServiceRequest', {
  resourceMetrics: repeated(1, resourceMetrics),
})

/** `ExportMetricsServiceResponse`: what it is answered. */
export const exportMetricsResponse = message('ExportMetricsServiceResponse', {
  partialSuccess: nested(
    1,
    message('ExportMetricsPartialSuccess', {
      rejectedDataPoints: int64(1),
      errorMessage: string(2),
    }),
  ),
})
