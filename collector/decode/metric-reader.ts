// A metric is a name and a list of data points of one kind; each kind has its table. The metric is
// walked twice, as the outer levels are: first for what belongs to all its points, then for the
// points.

import {
  exportMetricsRequest,
  gauge,
  type MessageShape,
  metric,
  shapeOf,
  sum,
  type WireReader,
} from '@wayward/otlp'
import {
  createLowCardinalityColumn,
  createMapColumn,
  type Dictionary,
  type MapColumn,
} from '@wayward/clickhouse'
import { AnyValueWriter } from './any-value.ts'
import { AttributeList } from './attributes.ts'
import { ExponentialHistogramValues } from './exponential-histogram-values.ts'
import { HistogramValues } from './histogram-values.ts'
import type { RequestTime } from './item-checks.ts'
import type { DecodeLimits } from './limits.ts'
import {
  createExemplarColumns,
  createExponentialHistogramBlock,
  createExponentialHistogramColumns,
  createGaugeBlock,
  createHistogramBlock,
  createHistogramColumns,
  createNumberColumns,
  createPointColumns,
  createSumBlock,
  createSumColumns,
  createSummaryBlock,
  createSummaryColumns,
} from './metrics-columns.ts'
import { NumberValues } from './number-values.ts'
import { MetricHead } from './metric-head.ts'
import { PointReader } from './point-reader.ts'
import type { PointParts } from './point-values.ts'
import { type ItemReader, RequestReader, setRange } from './request-reader.ts'
import type { TableParts } from './signal-decoder.ts'
import { SummaryValues } from './summary-values.ts'
import type { Tally } from './tally.ts'

const metricShape = shapeOf('', metric)
const dataShape = shapeOf('', gauge)
/** Of a sum, which has all fields that histograms have. */
const aggregatedData = shapeOf('', sum)
/** For the second walk over a level, whose fields the first has checked. */
const anyShape: MessageShape = { place: '', fields: {} }

const tagGauge = 0x2a
const tagSum = 0x3a
const tagHistogram = 0x4a
const tagExponentialHistogram = 0x52
const tagSummary = 0x5a

export class MetricReader implements ItemReader {
  readonly request: RequestReader
  readonly tables: readonly [TableParts, ...TableParts[]]
  readonly dictionaries: readonly Dictionary[]
  /** Resource and scope are read into columns of no block; each table translates what it needs. */
  readonly #resourceSink = createMapColumn()
  readonly #scopeSink = createMapColumn()
  readonly #serviceSink = createLowCardinalityColumn()
  readonly #resource: AttributeList
  readonly #scope: AttributeList
  readonly #wire: WireReader
  readonly #tally: Tally
  readonly #metric = new MetricHead()
  readonly #gauges: PointReader
  readonly #sums: PointReader
  readonly #histograms: PointReader
  readonly #exponentialHistograms: PointReader
  readonly #summaries: PointReader
  readonly #all: readonly PointReader[]

  constructor(wire: WireReader, tally: Tally, time: RequestTime, limits: DecodeLimits) {
    this.#wire = wire
    this.#tally = tally
    const values = new AnyValueWriter(wire, tally, limits)
    const { attributesMax } = limits
    const list = (place: string, map: MapColumn) =>
      new AttributeList({ wire, values, map, attributesMax, place })
    this.#resource = list('resource.attributes', this.#resourceSink)
    this.#scope = list('scope.attributes', this.#scopeSink)
    this.request = new RequestReader({
      wire,
      message: exportMetricsRequest,
      tally,
      limits,
      resource: this.#resource,
      scope: this.#scope,
      serviceName: this.#serviceSink,
    })
    const sources = {
      resource: this.#resourceSink.keys.dictionary,
      scope: this.#scopeSink.keys.dictionary,
      service: this.#serviceSink.dictionary,
    }
    const metric = this.#metric
    const { request } = this
    const parts = { wire, tally, time, limits, request, metric, sources, list }
    this.#gauges = gaugeReader(parts)
    this.#sums = sumReader(parts)
    this.#histograms = histogramReader(parts)
    this.#exponentialHistograms = exponentialHistogramReader(parts)
    this.#summaries = summaryReader(parts)
    const others = [this.#sums, this.#histograms, this.#exponentialHistograms, this.#summaries]
    this.#all = [this.#gauges, ...others]
    this.tables = [this.#gauges, ...others]
    this.dictionaries = [
      ...Object.values(sources),
      ...this.#all.flatMap((reader) => reader.dictionaries),
    ]
  }

  begin(): void {
    this.#resourceSink.clear()
    this.#scopeSink.clear()
    this.#serviceSink.clear()
    this.#resource.reset()
    this.#scope.reset()
  }

  beginScope(): void {
    for (const reader of this.#all) reader.beginScope()
  }

  readItem(start: number, end: number): void {
    const wire = this.#wire
    const metric = this.#metric
    metric.clear()
    let kind = 0
    let kindStart = end
    let p = start
    while (p < end) {
      const fieldStart = p
      const tag = wire.varint32(p, end, metricShape)
      p = wire.next
      if (!isKnown(tag)) {
        p = wire.skip(tag, p, end, metricShape)
        continue
      }
      const at = wire.delimited(p, end, metricShape)
      p = wire.next
      if (tag === 0x0a) setRange(metric.name, at, p)
      else if (tag === 0x12) setRange(metric.description, at, p)
      else if (tag === 0x1a) setRange(metric.unit, at, p)
      else if (tag !== 0x62) {
        // Of several kinds the last one counts; pieces of one kind are merged.
        if (tag !== kind) {
          kind = tag
          kindStart = fieldStart
          metric.clearAggregation()
        }
        this.#readAggregation(at, p, tag)
      }
    }
    if (kind === 0) {
      this.#tally.warn('A metric has no data points of a kind that is known and is left out')
      return
    }
    this.#readKind(kind, kindStart, end)
  }

  #readAggregation(start: number, end: number, kind: number): void {
    const wire = this.#wire
    const metric = this.#metric
    const isAggregated = kind !== tagGauge && kind !== tagSummary
    const shape = isAggregated ? aggregatedData : dataShape
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, shape)
      p = wire.next
      if (tag === 0x0a) {
        wire.delimited(p, end, shape)
        p = wire.next
      } else if (isAggregated && (tag === 0x10 || tag === 0x18)) {
        wire.varint64(p, end, shape)
        p = wire.next
        if (tag === 0x10) metric.temporality = wire.low
        else metric.isMonotonic = (wire.low | wire.high) !== 0
      } else p = wire.skip(tag, p, end, shape)
    }
  }

  #readKind(kind: number, start: number, end: number): void {
    const wire = this.#wire
    const metric = this.#metric
    const reader = this.#readerOf(kind)
    reader.beginMetric()
    const bytes = metric.bytes
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, anyShape)
      p = wire.next
      if (tag !== kind) {
        p = wire.skip(tag, p, end, anyShape)
        continue
      }
      const at = wire.delimited(p, end, anyShape)
      p = wire.next
      this.#readPoints(reader, at, p, bytes)
    }
    wire.indexes[3] = -1
  }

  #readPoints(reader: PointReader, start: number, end: number, metricBytes: number): void {
    const wire = this.#wire
    const { request } = this
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, anyShape)
      p = wire.next
      if (tag !== 0x0a) {
        p = wire.skip(tag, p, end, anyShape)
        continue
      }
      wire.indexes[3]++
      const at = wire.delimited(p, end, anyShape)
      p = wire.next
      request.readRow(reader, at, p, metricBytes)
    }
  }

  #readerOf(kind: number): PointReader {
    switch (kind) {
      case tagGauge:
        return this.#gauges
      case tagSum:
        return this.#sums
      case tagHistogram:
        return this.#histograms
      case tagExponentialHistogram:
        return this.#exponentialHistograms
      default:
        return this.#summaries
    }
  }
}

/** Whether a field of a metric is one that is read: its number is known, and it has a length. */
function isKnown(tag: number): boolean {
  return (tag & 7) === 2 && metricShape.fields[tag >>> 3] !== undefined
}

function gaugeReader(parts: PointParts): PointReader {
  const columns = createPointColumns()
  const numbers = createNumberColumns()
  const exemplars = createExemplarColumns()
  return new PointReader(parts, {
    table: 'otel_metrics_gauge',
    columns,
    exemplars,
    block: createGaugeBlock(columns, numbers, exemplars),
    values: new NumberValues(parts, numbers, undefined),
  })
}

function sumReader(parts: PointParts): PointReader {
  const columns = createPointColumns()
  const numbers = createNumberColumns()
  const sums = createSumColumns()
  const exemplars = createExemplarColumns()
  return new PointReader(parts, {
    table: 'otel_metrics_sum',
    columns,
    exemplars,
    block: createSumBlock(columns, numbers, exemplars, sums),
    values: new NumberValues(parts, numbers, sums),
  })
}

function histogramReader(parts: PointParts): PointReader {
  const columns = createPointColumns()
  const own = createHistogramColumns()
  const exemplars = createExemplarColumns()
  return new PointReader(parts, {
    table: 'otel_metrics_histogram',
    columns,
    exemplars,
    block: createHistogramBlock(columns, own, exemplars),
    values: new HistogramValues(parts, own),
  })
}

function exponentialHistogramReader(parts: PointParts): PointReader {
  const columns = createPointColumns()
  const own = createExponentialHistogramColumns()
  const exemplars = createExemplarColumns()
  return new PointReader(parts, {
    table: 'otel_metrics_exponential_histogram',
    columns,
    exemplars,
    block: createExponentialHistogramBlock(columns, own, exemplars),
    values: new ExponentialHistogramValues(parts, own),
  })
}

function summaryReader(parts: PointParts): PointReader {
  const columns = createPointColumns()
  const own = createSummaryColumns()
  return new PointReader(parts, {
    table: 'otel_metrics_summary',
    columns,
    exemplars: undefined,
    block: createSummaryBlock(columns, own),
    values: new SummaryValues(parts, own),
  })
}
