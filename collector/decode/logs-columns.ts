import {
  createBlock,
  createLowCardinalityColumn,
  createMapColumn,
  createStringColumn,
  createUInt64Column,
  createUInt8Column,
  type NativeBlock,
} from '@wayward/clickhouse'

/** The columns of the stock table `otel_logs` that an insert names (form since v0.151). */
export type LogsColumns = ReturnType<typeof createLogsColumns>

// The return type is the list itself; writing it twice would only let the two drift apart.
export function createLogsColumns() {
  return {
    timestamp: createUInt64Column('DateTime64(9)'),
    traceId: createStringColumn(),
    spanId: createStringColumn(),
    traceFlags: createUInt8Column(),
    severityText: createLowCardinalityColumn(),
    severityNumber: createUInt8Column(),
    serviceName: createLowCardinalityColumn(),
    body: createStringColumn(),
    resourceSchemaUrl: createLowCardinalityColumn(),
    resourceAttributes: createMapColumn(),
    scopeSchemaUrl: createLowCardinalityColumn(),
    scopeName: createStringColumn(),
    scopeVersion: createLowCardinalityColumn(),
    scopeAttributes: createMapColumn(),
    logAttributes: createMapColumn(),
    eventName: createStringColumn(),
  }
}

export function createLogsBlock(columns: LogsColumns): NativeBlock {
  return createBlock({
    Timestamp: columns.timestamp,
    TraceId: columns.traceId,
    SpanId: columns.spanId,
    TraceFlags: columns.traceFlags,
    SeverityText: columns.severityText,
    SeverityNumber: columns.severityNumber,
    ServiceName: columns.serviceName,
    Body: columns.body,
    ResourceSchemaUrl: columns.resourceSchemaUrl,
    ResourceAttributes: columns.resourceAttributes,
    ScopeSchemaUrl: columns.scopeSchemaUrl,
    ScopeName: columns.scopeName,
    ScopeVersion: columns.scopeVersion,
    ScopeAttributes: columns.scopeAttributes,
    LogAttributes: columns.logAttributes,
    EventName: columns.eventName,
  })
}
