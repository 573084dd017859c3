import {
  createArrayColumn,
  createBlock,
  createLowCardinalityColumn,
  createMapColumn,
  createStringColumn,
  createUInt64Column,
  type NativeBlock,
} from '@wayward/clickhouse'

/**
 * pdata's names, by OTLP's number. In the dictionary of the column, each has its number + 1 as id.
 */
export const spanKinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
export const statusCodes = ['Unset', 'Ok', 'Error']

/** The columns of the stock table `otel_traces`, nested ones without their arrays. */
export type TracesColumns = ReturnType<typeof createTracesColumns>

// The return type is the list itself; writing it twice would only let the two drift apart.
export function createTracesColumns() {
  const eventEnds = createUInt64Column('UInt64')
  const linkEnds = createUInt64Column('UInt64')
  return {
    timestamp: createUInt64Column('DateTime64(9)'),
    traceId: createStringColumn(),
    spanId: createStringColumn(),
    parentSpanId: createStringColumn(),
    traceState: createStringColumn(),
    spanName: createLowCardinalityColumn(),
    spanKind: createLowCardinalityColumn(spanKinds),
    serviceName: createLowCardinalityColumn(),
    resourceAttributes: createMapColumn(),
    scopeName: createStringColumn(),
    scopeVersion: createStringColumn(),
    spanAttributes: createMapColumn(),
    duration: createUInt64Column('UInt64'),
    statusCode: createLowCardinalityColumn(statusCodes),
    statusMessage: createStringColumn(),
    eventEnds,
    eventTimestamp: createUInt64Column('DateTime64(9)'),
    eventName: createLowCardinalityColumn(),
    eventAttributes: createMapColumn(),
    linkEnds,
    linkTraceId: createStringColumn(),
    linkSpanId: createStringColumn(),
    linkTraceState: createStringColumn(),
    linkAttributes: createMapColumn(),
  }
}

/** The columns in the order in which the stock exporter names them. */
export function createTracesBlock(columns: TracesColumns): NativeBlock {
  const { eventEnds, linkEnds } = columns
  return createBlock({
    Timestamp: columns.timestamp,
    TraceId: columns.traceId,
    SpanId: columns.spanId,
    ParentSpanId: columns.parentSpanId,
    TraceState: columns.traceState,
    SpanName: columns.spanName,
    SpanKind: columns.spanKind,
    ServiceName: columns.serviceName,
    ResourceAttributes: columns.resourceAttributes,
    ScopeName: columns.scopeName,
    ScopeVersion: columns.scopeVersion,
    SpanAttributes: columns.spanAttributes,
    Duration: columns.duration,
    StatusCode: columns.statusCode,
    StatusMessage: columns.statusMessage,
    'Events.Timestamp': createArrayColumn(eventEnds, columns.eventTimestamp),
    'Events.Name': createArrayColumn(eventEnds, columns.eventName),
    'Events.Attributes': createArrayColumn(eventEnds, columns.eventAttributes),
    'Links.TraceId': createArrayColumn(linkEnds, columns.linkTraceId),
    'Links.SpanId': createArrayColumn(linkEnds, columns.linkSpanId),
    'Links.TraceState': createArrayColumn(linkEnds, columns.linkTraceState),
    'Links.Attributes': createArrayColumn(linkEnds, columns.linkAttributes),
  })
}
