// Plain values become protobuf, by the tables of the messages.
//
//   encode(exportLogsRequest, { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: … }] }] }] })

import type { Field, Integer, Message, NamedField } from './message.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/** Most of what is written one by one is an answer of a few bytes. */
const bytesAtFirst = 256

/**
 * Writes a message.
 *
 * @param message its table
 * @param value its fields by JSON name; what is undefined is not written, what is there is written,
 * also where it is the default
 * @returns the protobuf bytes
 * @throws TypeError a field has a value of another type
 * @example
 * import { encode, exportTraceRequest } from '@wayward/otlp'
 * const bytes = encode(exportTraceRequest, {
 *   resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'GET /', kind: 2 }] }] }],
 * })
 */
export function encode<Value>(message: Message<Value>, value: Value): Uint8Array {
  const writer = new ProtobufWriter('compact', bytesAtFirst)
  writeMessage(writer, message, value)
  return writer.toBytes()
}

/** Writes a message's fields into a writer, for those who keep one. */
export function writeMessage<Value>(
  writer: ProtobufWriter,
  message: Message<Value>,
  value: Value,
): void {
  const values = value as Readonly<Record<string, unknown>>
  for (const field of message.fields) {
    const content = values[field.jsonName]
    if (content === undefined) continue
    if (field.isRepeated) writeMany(writer, field, content)
    else writeOne(writer, field, content)
    if (message.isOneof) return
  }
}

function writeMany(writer: ProtobufWriter, field: NamedField, values: unknown): void {
  if (!isList(values)) wrong(field, 'an array', values)
  if (field.kind === 'message') {
    for (const value of values) writeOne(writer, field, value)
    return
  }
  if (values.length === 0) return
  const start = writer.begin(field.number)
  for (const value of values) writeNumber(writer, field, value)
  writer.end(start)
}

function writeOne(writer: ProtobufWriter, field: NamedField, value: unknown): void {
  const { number } = field
  switch (field.kind) {
    case 'message': {
      if (typeof value !== 'object' || value === null) wrong(field, 'an object', value)
      const start = writer.begin(number)
      writeMessage(writer, field.message as Message, value)
      return writer.end(start)
    }
    case 'string':
      if (typeof value !== 'string') wrong(field, 'a string', value)
      return writer.string(number, value)
    case 'bytes':
    case 'id':
      if (!(value instanceof Uint8Array)) wrong(field, 'a Uint8Array', value)
      return writer.content(number, value)
    case 'bool':
      if (typeof value !== 'boolean') wrong(field, 'true or false', value)
      return writer.bool(number, value)
    case 'double':
    case 'fixed32':
    case 'fixed64':
    case 'sfixed64':
    case 'sint32':
    case 'int32':
    case 'enum':
    case 'uint32':
    case 'int64':
    case 'uint64':
      writer.tag(number, field.wireType)
      return writeNumber(writer, field, value)
  }
}

/** A number without its tag. */
function writeNumber(writer: ProtobufWriter, field: NamedField, value: unknown): void {
  switch (field.kind) {
    case 'double':
      if (typeof value !== 'number') wrong(field, 'a number', value)
      return writer.doubleOnly(value)
    case 'fixed32':
      return writer.fixed32Only(whole(field, value, 0, 0xffffffff))
    case 'sint32':
      return writer.zigzagOnly(whole(field, value, -0x80000000, 0x7fffffff))
    case 'int32':
    case 'enum':
      return writer.integerOnly(whole(field, value, -0x80000000, 0x7fffffff))
    case 'uint32':
      return writer.varint(whole(field, value, 0, 0xffffffff))
    case 'fixed64':
    case 'sfixed64':
      return writer.fixed64Only(wide(field, value))
    case 'int64':
    case 'uint64':
      return writer.integerOnly(wide(field, value))
    case 'message':
    case 'string':
    case 'bytes':
    case 'id':
    case 'bool':
      throw new Error(`Field '${field.jsonName}' is declared as a list of ${field.kind}`)
  }
}

function whole(field: NamedField, value: unknown, from: number, to: number): number {
  const isGood = Number.isInteger(value) && (value as number) >= from && (value as number) <= to
  if (!isGood) wrong(field, `a whole number from ${from} to ${to}`, value)
  return value as number
}

function wide(field: NamedField, value: unknown): Integer {
  const isSigned = field.kind === 'int64' || field.kind === 'sfixed64'
  if (typeof value === 'number' && Number.isSafeInteger(value) && (isSigned || value >= 0)) {
    return value
  }
  const from = isSigned ? -(2n ** 63n) : 0n
  const to = isSigned ? 2n ** 63n : 2n ** 64n
  if (typeof value === 'bigint' && value >= from && value < to) return value
  return wrong(field, 'a whole number of 64 bits, from 2^53 as a bigint', value)
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}

function wrong(
  field: Field & { readonly jsonName: string },
  wanted: string,
  value: unknown,
): never {
  const isPlain = typeof value === 'string' || typeof value === 'number'
  const seen = isPlain ? value : typeof value === 'bigint' ? `${value}n` : typeof value
  throw new TypeError(`Cannot write field '${field.jsonName}': wanted ${wanted}, got ${seen}`)
}
