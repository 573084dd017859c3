// Protobuf becomes plain values, by the tables of the messages. For answers, the router, tests and
// tools: the collector's receivers read requests in place with `WireReader`, without an object per
// field.
//
// Hot where rules are set: short numbers are read without bigints, short texts are made once, and
// fields are found by their number (`npm run bench -- metlog`).

import { keyValue } from './messages/attributes.ts'
import { type Integer, type Message, type NamedField, wireTypes } from './message.ts'
import { MalformedError } from './wire-reader.ts'

/** Messages in messages; protobuf's own libraries stop there, too. */
const nestingMax = 100

/**
 * Reads a message. Fields that its table does not have are passed over; of a field that may be
 * there once, the last counts, and parts of a message are put together, as protobuf asks
 * (https://protobuf.dev/programming-guides/encoding/#last-one-wins).
 *
 * @param message its table
 * @param bytes from outside, of any content
 * @returns fields by JSON name; integers of 64 bits are bigints
 * @throws MalformedError
 */
export function decode<Plain>(message: Message<Plain>, bytes: Uint8Array): Plain {
  const value: PlainMessage = {}
  new Decoder(bytes).message(message, value, bytes.length, 0)
  return value as Plain
}

/** Tags of fields of `KeyValue` and `AnyValue`: number and wire type. */
const keyTag = 0x0a
const valueTag = 0x12
const stringTag = 0x0a
const intTag = 0x18
const doubleTag = 0x21

/** Longer texts are seldom the same. */
const shortTextMax = 32
/** A power of two; 128 KiB at most. */
const textsMax = 4_096
const texts: string[] = []

const fieldLists = new WeakMap<Message, readonly (NamedField | undefined)[]>()

/** The fields of a message by their numbers; those of OTLP are small. */
function fieldsOf(message: Message): readonly (NamedField | undefined)[] {
  const known = fieldLists.get(message)
  if (known !== undefined) return known
  const list: (NamedField | undefined)[] = []
  for (const field of message.fields) list[field.number] = field
  fieldLists.set(message, list)
  return list
}

type PlainMessage = Record<string, unknown>
type Value = string | Uint8Array | boolean | Integer | PlainMessage

class Decoder {
  readonly #bytes: Uint8Array
  readonly #buffer: Buffer
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  message(message: Message, into: PlainMessage, end: number, depth: number): void {
    if (depth > nestingMax) this.#malformed(`messages are nested more than ${nestingMax} deep`)
    const byNumber = fieldsOf(message)
    while (this.#at < end) {
      const tag = this.#varintNumber(end)
      const field = byNumber[Math.floor(tag / 8)]
      const wireType = tag % 8
      if (field === undefined) this.#skip(wireType, end)
      else this.#field(field, wireType, into, end, depth)
    }
  }

  #field(
    field: NamedField,
    wireType: number,
    into: PlainMessage,
    end: number,
    depth: number,
  ): void {
    const name = field.jsonName
    const single = wireTypes[field.kind]
    const isPacked = field.isRepeated && field.kind !== 'message' && wireType === 2 && single !== 2
    if (!isPacked && wireType !== single) {
      const { protoName } = field
      this.#malformed(`field '${protoName}' has wire type ${wireType}, wanted ${single}`)
    }
    if (!field.isRepeated) {
      into[name] = this.#value(field, end, depth, into[name])
      return
    }
    const values = (into[name] as unknown[] | undefined) ?? []
    into[name] = values
    if (!isPacked) {
      values.push(this.#value(field, end, depth, undefined))
      return
    }
    const listEnd = this.#delimited(end)
    while (this.#at < listEnd) values.push(this.#value(field, listEnd, depth, undefined))
  }

  #value(field: NamedField, end: number, depth: number, before: unknown): Value {
    switch (field.kind) {
      case 'message': {
        const messageEnd = this.#delimited(end)
        if (field.message === keyValue && depth + 2 < nestingMax) {
          const usual = this.#attribute(messageEnd)
          if (usual !== undefined) return usual
        }
        const value = (before as PlainMessage | undefined) ?? {}
        this.message(field.message as Message, value, messageEnd, depth + 1)
        return value
      }
      case 'string':
        return this.#text(end)
      case 'bytes':
      case 'id':
        return this.#slice(end)
      case 'double':
        return this.#view.getFloat64(this.#fixed(8, end), true)
      case 'fixed32':
        return this.#view.getUint32(this.#fixed(4, end), true)
      case 'fixed64':
        return this.#view.getBigUint64(this.#fixed(8, end), true)
      case 'sfixed64':
        return this.#view.getBigInt64(this.#fixed(8, end), true)
      case 'bool':
        return this.#varintNumber(end) !== 0
      case 'int64':
        return BigInt.asIntN(64, this.#varint(end))
      case 'uint64':
        return this.#varint(end)
      case 'uint32':
        return this.#varint32(end)
      case 'sint32': {
        const low = this.#varint32(end)
        return (low >>> 1) ^ -(low & 1)
      }
      case 'int32':
      case 'enum':
        break
    }
    return this.#varint32(end) | 0
  }

  /**
   * An attribute as nearly all are written: a key, and a text, a small integer or a number behind
   * it. Half of what requests are made of.
   *
   * @returns undefined for any other, with nothing read
   */
  #attribute(end: number): PlainMessage | undefined {
    const start = this.#at
    if (this.#bytes[start] !== keyTag || start >= end) return undefined
    this.#at = start + 1
    const key = this.#text(end)
    const value =
      this.#bytes[this.#at++] === valueTag && this.#at < end ? this.#short(end) : undefined
    if (value !== undefined && this.#at === end) return { key, value }
    this.#at = start
    return undefined
  }

  /** A value of one field, up to the end. */
  #short(end: number): PlainMessage | undefined {
    const valueEnd = this.#delimited(end)
    if (valueEnd !== end || this.#at >= end) return undefined
    const tag = this.#bytes[this.#at++]
    if (tag === stringTag) return { stringValue: this.#text(end) }
    if (tag === intTag) {
      const byte = this.#bytes[this.#at++] as number
      return byte < 128 && this.#at === end ? { intValue: BigInt(byte) } : undefined
    }
    if (tag !== doubleTag || end - this.#at !== 8) return undefined
    return { doubleValue: this.#view.getFloat64(this.#fixed(8, end), true) }
  }

  /** The lower half of a varint, as protobuf reads what is written too wide. */
  #varint32(end: number): number {
    const first = this.#bytes[this.#at] as number
    if (this.#at < end && first < 128) {
      this.#at++
      return first
    }
    return Number(BigInt.asUintN(32, this.#varint(end)))
  }

  /** A varint as number, which it is exactly below 2^53. */
  #varintNumber(end: number): number {
    let value = 0
    const start = this.#at
    // Four bytes are 28 bits, which need no bigint.
    for (let shift = 0; shift < 28 && this.#at < end; shift += 7) {
      const byte = this.#bytes[this.#at++] as number
      value |= (byte & 127) << shift
      if (byte < 128) return value
    }
    this.#at = start
    return Number(this.#varint(end))
  }

  /** Short texts come again and again, keys above all: those that were made last are kept. */
  #text(end: number): string {
    const contentEnd = this.#delimited(end)
    const from = this.#at
    const length = contentEnd - from
    this.#at = contentEnd
    if (length > shortTextMax) return this.#buffer.toString('utf8', from, contentEnd)
    let hash = length
    for (let at = from; at < contentEnd; at++) hash = (hash * 31 + (this.#bytes[at] as number)) | 0
    const slot = hash & (textsMax - 1)
    const known = texts[slot]
    if (known !== undefined && known.length === length) {
      let same = 0
      while (same < length && known.charCodeAt(same) === this.#bytes[from + same]) same++
      if (same === length) return known
    }
    const text = this.#buffer.toString('utf8', from, contentEnd)
    // What is not of ASCII has fewer signs than bytes, and would never be found.
    if (text.length === length) texts[slot] = text
    return text
  }

  #varint(end: number): bigint {
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= end) this.#malformed('an integer runs past the end of its message')
      const byte = this.#bytes[this.#at++] as number
      value |= BigInt(byte & 127) << shift
      if (byte < 128) return BigInt.asUintN(64, value)
    }
    return this.#malformed('an integer takes more than 10 bytes')
  }

  /** @returns where the content ends */
  #delimited(end: number): number {
    const length = this.#varintNumber(end)
    if (length > end - this.#at) {
      const left = end - this.#at
      this.#malformed(`a field of ${length} bytes runs past the end, ${left} bytes are left`)
    }
    return this.#at + length
  }

  #slice(end: number): Uint8Array {
    const contentEnd = this.#delimited(end)
    // A copy: a Buffer's own `slice` would keep the whole request in memory.
    const content = new Uint8Array(this.#bytes.subarray(this.#at, contentEnd))
    this.#at = contentEnd
    return content
  }

  /** @returns where the value stands */
  #fixed(width: number, end: number): number {
    const at = this.#at
    if (width > end - at) this.#malformed('a number runs past the end of its message')
    this.#at += width
    return at
  }

  #skip(wireType: number, end: number): void {
    if (wireType === 0) this.#varint(end)
    else if (wireType === 1) this.#fixed(8, end)
    else if (wireType === 2) this.#at = this.#delimited(end)
    else if (wireType === 5) this.#fixed(4, end)
    else this.#malformed(`a field has wire type ${wireType}, wanted 0, 1, 2 or 5`)
  }

  #malformed(what: string): never {
    throw new MalformedError(`Malformed protobuf at byte ${this.#at}: ${what}`)
  }
}
