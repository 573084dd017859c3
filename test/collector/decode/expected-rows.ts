// What a request must become, computed from the oracle's objects in the plainest way.

import type { Cell, Row } from '../../clickhouse/native/native-reader.ts'
import type { Metric } from './expected-metric-rows.ts'
import { nowMs } from './request-generator.ts'

export interface Attribute {
  key?: string
  value?: Value
}
interface Value {
  stringValue?: string
  boolValue?: boolean
  intValue?: string
  doubleValue?: number
  bytesValue?: Uint8Array
  arrayValue?: { values?: Value[] }
  kvlistValue?: { values?: Attribute[] }
}
interface Scope {
  name?: string
  version?: string
  attributes?: Attribute[]
  droppedAttributesCount?: number
}
export interface ScopeGroup {
  scope?: Scope
  schemaUrl?: string
  spans?: Span[]
  logRecords?: LogRecord[]
  metrics?: Metric[]
}
export interface Group {
  resource?: { attributes?: Attribute[] }
  schemaUrl?: string
  scopeSpans?: ScopeGroup[]
  scopeLogs?: ScopeGroup[]
  scopeMetrics?: ScopeGroup[]
}
interface Span {
  traceId: Uint8Array
  spanId: Uint8Array
  parentSpanId?: Uint8Array
  traceState?: string
  name?: string
  kind?: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes?: Attribute[]
  events?: { timeUnixNano?: string; name?: string; attributes?: Attribute[] }[]
  links?: {
    traceId?: Uint8Array
    spanId?: Uint8Array
    traceState?: string
    attributes?: Attribute[]
  }[]
  status?: { message?: string; code?: number }
}
interface LogRecord {
  timeUnixNano?: string
  observedTimeUnixNano?: string
  severityNumber?: number
  severityText?: string
  body?: Value
  attributes?: Attribute[]
  flags?: number
  traceId?: Uint8Array
  spanId?: Uint8Array
  eventName?: string
}

/** A request as the oracle decodes it. */
export interface OracleRequest {
  resourceSpans?: Group[]
  resourceLogs?: Group[]
  resourceMetrics?: Group[]
}

const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
const codes = ['Unset', 'Ok', 'Error']

export function expectedSpanRows(request: OracleRequest): Row[] {
  return (request.resourceSpans ?? []).flatMap((group) =>
    (group.scopeSpans ?? []).flatMap((scopeGroup) =>
      (scopeGroup.spans ?? []).map((span) => spanRow(group, scopeGroup, span)),
    ),
  )
}

function spanRow(group: Group, { scope }: ScopeGroup, span: Span): Row {
  const start = BigInt(span.startTimeUnixNano)
  const end = BigInt(span.endTimeUnixNano)
  const events = span.events ?? []
  const links = span.links ?? []
  return {
    Timestamp: start,
    TraceId: hex(span.traceId),
    SpanId: hex(span.spanId),
    ParentSpanId: hex(span.parentSpanId),
    TraceState: span.traceState ?? '',
    SpanName: span.name ?? '',
    SpanKind: kinds[span.kind ?? 0] ?? 'Unspecified',
    ServiceName: serviceName(group),
    ResourceAttributes: pairs(group.resource?.attributes),
    ScopeName: scope?.name ?? '',
    ScopeVersion: scope?.version ?? '',
    SpanAttributes: pairs(span.attributes),
    Duration: end < start ? 0n : end - start,
    StatusCode: codes[span.status?.code ?? 0] ?? 'Unset',
    StatusMessage: span.status?.message ?? '',
    'Events.Timestamp': events.map((event) => BigInt(event.timeUnixNano ?? 0)),
    'Events.Name': events.map((event) => event.name ?? ''),
    'Events.Attributes': events.map((event) => pairs(event.attributes)),
    'Links.TraceId': links.map((link) => hex(link.traceId)),
    'Links.SpanId': links.map((link) => hex(link.spanId)),
    'Links.TraceState': links.map((link) => link.traceState ?? ''),
    'Links.Attributes': links.map((link) => pairs(link.attributes)),
  }
}

export function expectedLogRows(request: OracleRequest): Row[] {
  return (request.resourceLogs ?? []).flatMap((group) =>
    (group.scopeLogs ?? []).flatMap((scopeGroup) =>
      (scopeGroup.logRecords ?? []).map((record) => logRow(group, scopeGroup, record)),
    ),
  )
}

function logRow(group: Group, { scope, schemaUrl }: ScopeGroup, record: LogRecord): Row {
  const time = BigInt(record.timeUnixNano ?? 0)
  const observed = BigInt(record.observedTimeUnixNano ?? 0)
  const severity = record.severityNumber ?? 0
  return {
    Timestamp: time || observed || BigInt(nowMs) * 1_000_000n,
    TraceId: hex(record.traceId),
    SpanId: hex(record.spanId),
    TraceFlags: (record.flags ?? 0) & 255,
    SeverityText: record.severityText ?? '',
    SeverityNumber: severity < 0 || severity > 255 ? 0 : severity,
    ServiceName: serviceName(group),
    Body: asText(record.body),
    ResourceSchemaUrl: group.schemaUrl ?? '',
    ResourceAttributes: pairs(group.resource?.attributes),
    ScopeSchemaUrl: schemaUrl ?? '',
    ScopeName: scope?.name ?? '',
    ScopeVersion: scope?.version ?? '',
    ScopeAttributes: pairs(scope?.attributes),
    LogAttributes: pairs(record.attributes),
    EventName: record.eventName ?? '',
  }
}

export function serviceName(group: Group): string {
  const found = group.resource?.attributes?.find(({ key }) => key === 'service.name')
  return asText(found?.value)
}

export function pairs(attributes: readonly Attribute[] = []): Cell[] {
  return attributes
    .map(({ key = '', value }): [string, string] => [key, asText(value)])
    .toSorted((a, b) => Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0])))
}

/** As the stock exporter writes a value: pdata's AsString. */
function asText(value: Value = {}): string {
  if (value.stringValue !== undefined) return value.stringValue
  if (value.doubleValue !== undefined) return numberText(value.doubleValue)
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString('base64')
  const text = asJson(value)
  return text === 'null' ? '' : text
}

function asJson(value: Value = {}): string {
  if (value.stringValue !== undefined) return JSON.stringify(value.stringValue)
  if (value.boolValue !== undefined) return String(value.boolValue)
  if (value.intValue !== undefined) return value.intValue
  if (value.doubleValue !== undefined) {
    const text = numberText(value.doubleValue)
    return Number.isFinite(value.doubleValue) ? text : `"${text}"`
  }
  if (value.bytesValue !== undefined) return `"${asText(value)}"`
  if (value.arrayValue !== undefined) {
    return `[${(value.arrayValue.values ?? []).map(asJson).join(',')}]`
  }
  if (value.kvlistValue !== undefined) {
    const entries = new Map<string, string>()
    for (const { key = '', value: inner } of value.kvlistValue.values ?? []) {
      entries.set(key, asJson(inner))
    }
    const keys = [...entries.keys()].toSorted((a, b) => (a < b ? -1 : 1))
    return `{${keys.map((key) => `${JSON.stringify(key)}:${entries.get(key)}`).join(',')}}`
  }
  return 'null'
}

export function hex(bytes: Uint8Array = new Uint8Array(0)): string {
  const text = Buffer.from(bytes).toString('hex')
  return /^0*$/.test(text) ? '' : text
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}
