// The messages of OTLP as OTLP/JSON writes them: lowerCamelCase names, and what each becomes in
// protobuf. Names that are not here are ignored, as the specification asks.

import type { Signal } from '../consumer.ts'

/** How a field is written in JSON and in protobuf. */
export type JsonFieldKind =
  | 'string'
  | 'hex'
  | 'base64'
  | 'enum'
  | 'uint32'
  | 'fixed32'
  | 'fixed64'
  | 'int64'
  | 'bool'
  | 'double'
  | 'message'

export interface JsonField {
  readonly name: string
  /** The name's bytes, to compare with those of the request. */
  readonly bytes: Uint8Array
  readonly number: number
  readonly kind: JsonFieldKind
  readonly isRepeated: boolean
  readonly message: JsonMessage
}

export interface JsonMessage {
  readonly fields: readonly JsonField[]
}

interface OpenMessage extends JsonMessage {
  fields: JsonField[]
}

/** The request message of a signal. */
export function jsonRequest(signal: Signal): JsonMessage {
  const shared = sharedMessages()
  return signal === 'traces' ? tracesRequest(shared) : logsRequest(shared)
}

interface SharedMessages {
  readonly keyValue: JsonMessage
  readonly anyValue: JsonMessage
  readonly resource: JsonMessage
  readonly scope: JsonMessage
}

function sharedMessages(): SharedMessages {
  // Values hold lists of values: the message is made first and filled afterwards.
  const anyValue: OpenMessage = { fields: [] }
  const keyValue = message([field('key', 1, 'string'), field('value', 2, 'message', anyValue)])
  anyValue.fields = [
    field('stringValue', 1, 'string'),
    field('boolValue', 2, 'bool'),
    field('intValue', 3, 'int64'),
    field('doubleValue', 4, 'double'),
    field('arrayValue', 5, 'message', message([repeated('values', 1, anyValue)])),
    field('kvlistValue', 6, 'message', message([repeated('values', 1, keyValue)])),
    field('bytesValue', 7, 'base64'),
  ]
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
  const status = message([field('message', 2, 'string'), field('code', 3, 'enum')])
  const span = message([
    field('traceId', 1, 'hex'),
    field('spanId', 2, 'hex'),
    field('traceState', 3, 'string'),
    field('parentSpanId', 4, 'hex'),
    field('name', 5, 'string'),
    field('kind', 6, 'enum'),
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
    field('severityNumber', 2, 'enum'),
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

function message(fields: readonly JsonField[]): JsonMessage {
  return { fields }
}

const NO_MESSAGE: JsonMessage = { fields: [] }

function field(
  name: string,
  number: number,
  kind: JsonFieldKind,
  message: JsonMessage = NO_MESSAGE,
): JsonField {
  const bytes = new Uint8Array(Buffer.from(name))
  return { name, bytes, number, kind, isRepeated: false, message }
}

function repeated(name: string, number: number, message: JsonMessage): JsonField {
  return { ...field(name, number, 'message', message), isRepeated: true }
}
