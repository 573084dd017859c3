// The messages of OTLP as OTLP/JSON writes them: lowerCamelCase names, and what each becomes in
// protobuf. The snake_case names of protobuf are read, too, as the OpenTelemetry Collector does;
// what is neither is left out, as the specification asks, and its sender is told.

import type { Signal } from '../consumer.ts'

/** How a field is written in JSON and in protobuf. */
export type JsonFieldKind =
  | 'string'
  | 'hex'
  | 'base64'
  | 'enum'
  | 'sint32'
  | 'uint32'
  | 'fixed32'
  | 'uint64'
  | 'fixed64'
  | 'int64'
  | 'sfixed64'
  | 'bool'
  | 'double'
  | 'message'

export interface JsonField {
  readonly name: string
  /** The name's bytes, to compare with those of the request. */
  readonly bytes: Uint8Array
  /** The name with its quotes and the colon behind it. */
  readonly head: Uint8Array
  readonly number: number
  readonly kind: JsonFieldKind
  readonly isRepeated: boolean
  readonly message: JsonMessage
  /**
   * Of an enum; its numbers by their names, which OTLP/JSON does not have but protobuf's own JSON
   * has.
   */
  readonly values: ReadonlyMap<string, number>
}

export interface JsonMessage {
  readonly fields: readonly JsonField[]
  /** Places of the fields by the names that protobuf has for them, where these are others. */
  readonly protoNames: ReadonlyMap<string, number>
  /**
   * The field that came last behind each field, and behind none (first): what comes next time, too,
   * as a sender writes all its messages alike.
   */
  readonly followers: Uint8Array
  /** Whether it is a key with its value. */
  readonly isAttribute: boolean
}

interface OpenMessage extends JsonMessage {
  fields: readonly JsonField[]
  protoNames: ReadonlyMap<string, number>
  followers: Uint8Array
}

/** The request message of a signal. */
export function jsonRequest(signal: Signal): JsonMessage {
  return requests[signal](sharedMessages())
}

const requests: Readonly<Record<Signal, (shared: SharedMessages) => JsonMessage>> = {
  traces: tracesRequest,
  logs: logsRequest,
  metrics: metricsRequest,
}

interface SharedMessages {
  readonly keyValue: JsonMessage
  readonly anyValue: JsonMessage
  readonly resource: JsonMessage
  readonly scope: JsonMessage
}

function sharedMessages(): SharedMessages {
  // Values hold lists of values: the message is made first and filled afterwards.
  const anyValue: OpenMessage = { ...message([]) }
  const keyValue = message(
    [field('key', 1, 'string'), field('value', 2, 'message', anyValue)],
    true,
  )
  const filled = message([
    field('stringValue', 1, 'string'),
    field('boolValue', 2, 'bool'),
    field('intValue', 3, 'int64'),
    field('doubleValue', 4, 'double'),
    field('arrayValue', 5, 'message', message([repeated('values', 1, anyValue)])),
    field('kvlistValue', 6, 'message', message([repeated('values', 1, keyValue)])),
    field('bytesValue', 7, 'base64'),
  ])
  anyValue.fields = filled.fields
  anyValue.protoNames = filled.protoNames
  anyValue.followers = filled.followers
  const resource = message([
    repeated('attributes', 1, keyValue),
    field('droppedAttributesCount', 2, 'uint32'),
  ])
  const scope = message([
    field('name', 1, 'string'),
    field('version', 2, 'string'),
    repeated('attributes', 3, keyValue),
    field('droppedAttributesCount', 4, 'uint32'),
  ])
  return { keyValue, anyValue, resource, scope }
}

function tracesRequest({ keyValue, resource, scope }: SharedMessages): JsonMessage {
  const event = message([
    field('timeUnixNano', 1, 'fixed64'),
    field('name', 2, 'string'),
    repeated('attributes', 3, keyValue),
    field('droppedAttributesCount', 4, 'uint32'),
  ])
  const link = message([
    field('traceId', 1, 'hex'),
    field('spanId', 2, 'hex'),
    field('traceState', 3, 'string'),
    repeated('attributes', 4, keyValue),
    field('droppedAttributesCount', 5, 'uint32'),
    field('flags', 6, 'fixed32'),
  ])
  const status = message([field('message', 2, 'string'), enumeration('code', 3, statusCodeValues)])
  const span = message([
    field('traceId', 1, 'hex'),
    field('spanId', 2, 'hex'),
    field('traceState', 3, 'string'),
    field('parentSpanId', 4, 'hex'),
    field('name', 5, 'string'),
    enumeration('kind', 6, spanKindValues),
    field('startTimeUnixNano', 7, 'fixed64'),
    field('endTimeUnixNano', 8, 'fixed64'),
    repeated('attributes', 9, keyValue),
    field('droppedAttributesCount', 10, 'uint32'),
    repeated('events', 11, event),
    field('droppedEventsCount', 12, 'uint32'),
    repeated('links', 13, link),
    field('droppedLinksCount', 14, 'uint32'),
    field('status', 15, 'message', status),
    field('flags', 16, 'fixed32'),
  ])
  return groups('resourceSpans', resource, scopeGroups('scopeSpans', scope, 'spans', span))
}

function logsRequest({ keyValue, anyValue, resource, scope }: SharedMessages): JsonMessage {
  const record = message([
    field('timeUnixNano', 1, 'fixed64'),
    enumeration('severityNumber', 2, severities),
    field('severityText', 3, 'string'),
    field('body', 5, 'message', anyValue),
    repeated('attributes', 6, keyValue),
    field('droppedAttributesCount', 7, 'uint32'),
    field('flags', 8, 'fixed32'),
    field('traceId', 9, 'hex'),
    field('spanId', 10, 'hex'),
    field('observedTimeUnixNano', 11, 'fixed64'),
    field('eventName', 12, 'string'),
  ])
  return groups('resourceLogs', resource, scopeGroups('scopeLogs', scope, 'logRecords', record))
}

function metricsRequest({ keyValue, resource, scope }: SharedMessages): JsonMessage {
  const exemplar = message([
    field('timeUnixNano', 2, 'fixed64'),
    field('asDouble', 3, 'double'),
    field('spanId', 4, 'hex'),
    field('traceId', 5, 'hex'),
    field('asInt', 6, 'sfixed64'),
    repeated('filteredAttributes', 7, keyValue),
  ])
  const points = (fields: readonly JsonField[]): JsonField =>
    repeated('dataPoints', 1, message([...pointFields(), ...fields]))
  const temporality = enumeration('aggregationTemporality', 2, temporalities)
  const numbers = points([
    field('asDouble', 4, 'double'),
    repeated('exemplars', 5, exemplar),
    field('asInt', 6, 'sfixed64'),
    repeated('attributes', 7, keyValue),
    field('flags', 8, 'uint32'),
  ])
  const metric = message([
    field('name', 1, 'string'),
    field('description', 2, 'string'),
    field('unit', 3, 'string'),
    field('gauge', 5, 'message', message([numbers])),
    field('sum', 7, 'message', message([numbers, temporality, field('isMonotonic', 3, 'bool')])),
    field(
      'histogram',
      9,
      'message',
      message([points(histogramFields(keyValue, exemplar)), temporality]),
    ),
    field(
      'exponentialHistogram',
      10,
      'message',
      message([points(exponentialHistogramFields(keyValue, exemplar)), temporality]),
    ),
    field('summary', 11, 'message', message([points(summaryFields(keyValue))])),
    repeated('metadata', 12, keyValue),
  ])
  return groups('resourceMetrics', resource, scopeGroups('scopeMetrics', scope, 'metrics', metric))
}

function pointFields(): JsonField[] {
  return [field('startTimeUnixNano', 2, 'fixed64'), field('timeUnixNano', 3, 'fixed64')]
}

function histogramFields(keyValue: JsonMessage, exemplar: JsonMessage): JsonField[] {
  return [
    field('count', 4, 'fixed64'),
    field('sum', 5, 'double'),
    list('bucketCounts', 6, 'fixed64'),
    list('explicitBounds', 7, 'double'),
    repeated('exemplars', 8, exemplar),
    repeated('attributes', 9, keyValue),
    field('flags', 10, 'uint32'),
    field('min', 11, 'double'),
    field('max', 12, 'double'),
  ]
}

function exponentialHistogramFields(keyValue: JsonMessage, exemplar: JsonMessage): JsonField[] {
  const buckets = message([field('offset', 1, 'sint32'), list('bucketCounts', 2, 'uint64')])
  return [
    repeated('attributes', 1, keyValue),
    field('count', 4, 'fixed64'),
    field('sum', 5, 'double'),
    field('scale', 6, 'sint32'),
    field('zeroCount', 7, 'fixed64'),
    field('positive', 8, 'message', buckets),
    field('negative', 9, 'message', buckets),
    field('flags', 10, 'uint32'),
    repeated('exemplars', 11, exemplar),
    field('min', 12, 'double'),
    field('max', 13, 'double'),
    field('zeroThreshold', 14, 'double'),
  ]
}

function summaryFields(keyValue: JsonMessage): JsonField[] {
  const quantile = message([field('quantile', 1, 'double'), field('value', 2, 'double')])
  return [
    field('count', 4, 'fixed64'),
    field('sum', 5, 'double'),
    repeated('quantileValues', 6, quantile),
    repeated('attributes', 7, keyValue),
    field('flags', 8, 'uint32'),
  ]
}

function groups(name: string, resource: JsonMessage, scopes: JsonField): JsonMessage {
  const group = message([
    field('resource', 1, 'message', resource),
    scopes,
    field('schemaUrl', 3, 'string'),
  ])
  return message([repeated(name, 1, group)])
}

function scopeGroups(
  name: string,
  scope: JsonMessage,
  itemName: string,
  item: JsonMessage,
): JsonField {
  const group = message([
    field('scope', 1, 'message', scope),
    repeated(itemName, 2, item),
    field('schemaUrl', 3, 'string'),
  ])
  return repeated(name, 2, group)
}

function message(fields: readonly JsonField[], isAttribute = false): JsonMessage {
  const names = fields.map(({ name }, index): [string, number] => [toProtoName(name), index])
  const protoNames = new Map(names.filter(([name]) => name.includes('_')))
  // At first as they are listed.
  const followers = Uint8Array.from({ length: fields.length + 1 }, (_, index) => index)
  return { fields, protoNames, followers, isAttribute }
}

function toProtoName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** One class for all fields: the reader meets objects of one shape, which V8 reads fastest. */
class Field implements JsonField {
  readonly name: string
  readonly bytes: Uint8Array
  readonly head: Uint8Array
  readonly number: number
  readonly kind: JsonFieldKind
  readonly isRepeated: boolean
  readonly message: JsonMessage
  readonly values: ReadonlyMap<string, number>

  constructor(given: Pick<JsonField, 'name' | 'number' | 'kind'> & Partial<JsonField>) {
    this.name = given.name
    this.bytes = new Uint8Array(Buffer.from(given.name))
    this.head = new Uint8Array(Buffer.from(`"${given.name}":`))
    this.number = given.number
    this.kind = given.kind
    this.isRepeated = given.isRepeated ?? false
    this.message = given.message ?? noMessage
    this.values = given.values ?? noValues
  }
}

const noMessage: JsonMessage = message([])
const noValues: ReadonlyMap<string, number> = new Map()

const spanKindValues = enumValues(
  'SPAN_KIND_',
  'UNSPECIFIED INTERNAL SERVER CLIENT PRODUCER CONSUMER'.split(' '),
)
const statusCodeValues = enumValues('STATUS_CODE_', ['UNSET', 'OK', 'ERROR'])
const severities = enumValues('SEVERITY_NUMBER_', [
  'UNSPECIFIED',
  ...'TRACE DEBUG INFO WARN ERROR FATAL'
    .split(' ')
    .flatMap((name) => [name, `${name}2`, `${name}3`, `${name}4`]),
])
const temporalities = enumValues('AGGREGATION_TEMPORALITY_', ['UNSPECIFIED', 'DELTA', 'CUMULATIVE'])

/** @param names in the order of their numbers, from 0 on */
function enumValues(prefix: string, names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, number) => [prefix + name, number]))
}

function enumeration(name: string, number: number, values: ReadonlyMap<string, number>): JsonField {
  return new Field({ name, number, kind: 'enum', values })
}

function field(
  name: string,
  number: number,
  kind: JsonFieldKind,
  message: JsonMessage = noMessage,
): JsonField {
  return new Field({ name, number, kind, message })
}

function repeated(name: string, number: number, message: JsonMessage): JsonField {
  return new Field({ name, number, kind: 'message', message, isRepeated: true })
}

/** A repeated field of numbers. It becomes one tag for each, which protobuf's readers take, too. */
function list(name: string, number: number, kind: JsonFieldKind): JsonField {
  return new Field({ name, number, kind, isRepeated: true })
}
