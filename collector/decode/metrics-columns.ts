import {
  createArrayColumn,
  createBlock,
  createFloat64Column,
  createLowCardinalityColumn,
  createMapColumn,
  createStringColumn,
  createUInt32Column,
  createUInt64Column,
  createUInt8Column,
  type NativeBlock,
  type NativeColumn,
} from '@wayward/clickhouse'

/** The columns that the five stock tables of metrics share. */
export type PointColumns = ReturnType<typeof createPointColumns>

// The return types are the lists themselves; writing them twice would only let the two drift apart.
/**
 * Texts that many points repeat are sent as dictionaries, although the tables have them as String:
 * ClickHouse converts them, and a row costs an index instead of a copy.
 */
export function createPointColumns() {
  return {
    resourceAttributes: createMapColumn(),
    resourceSchemaUrl: createLowCardinalityColumn(),
    scopeName: createLowCardinalityColumn(),
    scopeVersion: createLowCardinalityColumn(),
    scopeAttributes: createMapColumn(),
    scopeDropped: createUInt32Column('UInt32'),
    scopeSchemaUrl: createLowCardinalityColumn(),
    serviceName: createLowCardinalityColumn(),
    metricName: createLowCardinalityColumn(),
    metricDescription: createLowCardinalityColumn(),
    metricUnit: createLowCardinalityColumn(),
    attributes: createMapColumn(),
    startTime: createUInt64Column('DateTime64(9)'),
    time: createUInt64Column('DateTime64(9)'),
    flags: createUInt32Column('UInt32'),
  }
}

/** The nested columns of exemplars, without their arrays. */
export type ExemplarColumns = ReturnType<typeof createExemplarColumns>

export function createExemplarColumns() {
  return {
    ends: createUInt64Column('UInt64'),
    attributes: createMapColumn(),
    time: createUInt64Column('DateTime64(9)'),
    value: createFloat64Column(),
    spanId: createStringColumn(),
    traceId: createStringColumn(),
  }
}

/** The value of a gauge or sum. */
export type NumberColumns = ReturnType<typeof createNumberColumns>

export function createNumberColumns() {
  return { value: createFloat64Column() }
}

/** What a sum has besides. */
export type SumColumns = ReturnType<typeof createSumColumns>

export function createSumColumns() {
  return { temporality: createUInt32Column('Int32'), isMonotonic: createUInt8Column('Bool') }
}

export type HistogramColumns = ReturnType<typeof createHistogramColumns>

export function createHistogramColumns() {
  return {
    count: createUInt64Column('UInt64'),
    sum: createFloat64Column(),
    bucketEnds: createUInt64Column('UInt64'),
    buckets: createUInt64Column('UInt64'),
    boundEnds: createUInt64Column('UInt64'),
    bounds: createFloat64Column(),
    min: createFloat64Column(),
    max: createFloat64Column(),
    temporality: createUInt32Column('Int32'),
  }
}

export type ExponentialHistogramColumns = ReturnType<typeof createExponentialHistogramColumns>

export function createExponentialHistogramColumns() {
  return {
    count: createUInt64Column('UInt64'),
    sum: createFloat64Column(),
    scale: createUInt32Column('Int32'),
    zeroCount: createUInt64Column('UInt64'),
    positiveOffset: createUInt32Column('Int32'),
    positiveEnds: createUInt64Column('UInt64'),
    positive: createUInt64Column('UInt64'),
    negativeOffset: createUInt32Column('Int32'),
    negativeEnds: createUInt64Column('UInt64'),
    negative: createUInt64Column('UInt64'),
    min: createFloat64Column(),
    max: createFloat64Column(),
    temporality: createUInt32Column('Int32'),
  }
}

export type SummaryColumns = ReturnType<typeof createSummaryColumns>

export function createSummaryColumns() {
  return {
    count: createUInt64Column('UInt64'),
    sum: createFloat64Column(),
    quantileEnds: createUInt64Column('UInt64'),
    quantile: createFloat64Column(),
    quantileValue: createFloat64Column(),
  }
}

export function createGaugeBlock(
  point: PointColumns,
  { value }: NumberColumns,
  exemplars: ExemplarColumns,
): NativeBlock {
  return createBlock({
    ...repeatedColumns(point),
    Value: value,
    Flags: point.flags,
    ...nestedExemplars(exemplars),
  })
}

export function createSumBlock(
  point: PointColumns,
  { value }: NumberColumns,
  exemplars: ExemplarColumns,
  sum: SumColumns,
): NativeBlock {
  return createBlock({
    ...repeatedColumns(point),
    Value: value,
    Flags: point.flags,
    ...nestedExemplars(exemplars),
    AggregationTemporality: sum.temporality,
    IsMonotonic: sum.isMonotonic,
  })
}

export function createHistogramBlock(
  point: PointColumns,
  own: HistogramColumns,
  exemplars: ExemplarColumns,
): NativeBlock {
  return createBlock({
    ...repeatedColumns(point),
    Count: own.count,
    Sum: own.sum,
    BucketCounts: createArrayColumn(own.bucketEnds, own.buckets),
    ExplicitBounds: createArrayColumn(own.boundEnds, own.bounds),
    ...nestedExemplars(exemplars),
    Flags: point.flags,
    Min: own.min,
    Max: own.max,
    AggregationTemporality: own.temporality,
  })
}

export function createExponentialHistogramBlock(
  point: PointColumns,
  own: ExponentialHistogramColumns,
  exemplars: ExemplarColumns,
): NativeBlock {
  return createBlock({
    ...repeatedColumns(point),
    Count: own.count,
    Sum: own.sum,
    Scale: own.scale,
    ZeroCount: own.zeroCount,
    PositiveOffset: own.positiveOffset,
    PositiveBucketCounts: createArrayColumn(own.positiveEnds, own.positive),
    NegativeOffset: own.negativeOffset,
    NegativeBucketCounts: createArrayColumn(own.negativeEnds, own.negative),
    ...nestedExemplars(exemplars),
    Flags: point.flags,
    Min: own.min,
    Max: own.max,
    AggregationTemporality: own.temporality,
  })
}

export function createSummaryBlock(point: PointColumns, own: SummaryColumns): NativeBlock {
  return createBlock({
    ...repeatedColumns(point),
    Count: own.count,
    Sum: own.sum,
    'ValueAtQuantiles.Quantile': createArrayColumn(own.quantileEnds, own.quantile),
    'ValueAtQuantiles.Value': createArrayColumn(own.quantileEnds, own.quantileValue),
    Flags: point.flags,
  })
}

/**
 * The columns with which every table begins, in the order in which the stock exporter names them.
 */
function repeatedColumns(point: PointColumns): Readonly<Record<string, NativeColumn>> {
  return {
    ResourceAttributes: point.resourceAttributes,
    ResourceSchemaUrl: point.resourceSchemaUrl,
    ScopeName: point.scopeName,
    ScopeVersion: point.scopeVersion,
    ScopeAttributes: point.scopeAttributes,
    ScopeDroppedAttrCount: point.scopeDropped,
    ScopeSchemaUrl: point.scopeSchemaUrl,
    ServiceName: point.serviceName,
    MetricName: point.metricName,
    MetricDescription: point.metricDescription,
    MetricUnit: point.metricUnit,
    Attributes: point.attributes,
    StartTimeUnix: point.startTime,
    TimeUnix: point.time,
  }
}

function nestedExemplars(exemplars: ExemplarColumns): Readonly<Record<string, NativeColumn>> {
  const { ends } = exemplars
  return {
    'Exemplars.FilteredAttributes': createArrayColumn(ends, exemplars.attributes),
    'Exemplars.TimeUnix': createArrayColumn(ends, exemplars.time),
    'Exemplars.Value': createArrayColumn(ends, exemplars.value),
    'Exemplars.SpanId': createArrayColumn(ends, exemplars.spanId),
    'Exemplars.TraceId': createArrayColumn(ends, exemplars.traceId),
  }
}
