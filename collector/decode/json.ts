// OTLP/JSON becomes protobuf bytes, which the protobuf decoder reads: so there is one validation,
// one set of limits, and one way into the columns (docs/decisions/0004-decode-to-columns.md).
// Lengths of messages are not known when a message begins: they are written as varints of five
// bytes, padded, and filled in at its end.

import { unescapeInto } from './json-escapes.ts'
import type { JsonField, JsonMessage } from './json-schema.ts'
import { isNumberStart, JsonScanner } from './json-scanner.ts'

const bytesAtFirst = 64 * 1024
/** A larger buffer is given back after its request. */
const bytesKept = 4 * 1024 * 1024
const lengthBytes = 5
/** Of a field: its tag and a number, or its tag and the length of what follows. */
const headBytes = 16
const quote = 0x22
/** Of a name in a message. */
const nameLengthMax = 100
const attributeHead = new Uint8Array(Buffer.from('{"key":"'))
const attributeMiddle = new Uint8Array(Buffer.from(',"value":{"stringValue":"'))
const attributeEnd = new Uint8Array(Buffer.from('}}'))
/** Of the short texts: each length is a byte. */
const shortMax = 120
const doubles = ['NaN', 'Infinity', '-Infinity']

/** Writes JSON requests of one signal as protobuf. */
export class JsonTranscoder {
  readonly #scanner: JsonScanner
  readonly #request: JsonMessage
  #out: Uint8Array = new Uint8Array(bytesAtFirst)
  #used = 0
  readonly #view = new DataView(new ArrayBuffer(8))
  #firstIgnored = ''
  #ignoredCount = 0

  constructor(request: JsonMessage, nestingMax: number) {
    this.#request = request
    this.#scanner = new JsonScanner(nestingMax)
  }

  /** What of the last request was not understood, as a sentence; undefined where everything was. */
  get ignored(): string | undefined {
    const firstIgnored = this.#firstIgnored
    const ignoredCount = this.#ignoredCount
    if (ignoredCount === 0) return undefined
    const others = ignoredCount > 1 ? ` (and ${ignoredCount - 1} more)` : ''
    return `${firstIgnored} is not known and was left out${others}`
  }

  /** @returns a view of the protobuf bytes, valid until the next call. @throws MalformedError */
  transcode(json: Uint8Array): Uint8Array {
    const scanner = this.#scanner
    scanner.open(json)
    this.#used = 0
    this.#ignoredCount = 0
    if (this.#out.length > bytesKept) this.#out = new Uint8Array(bytesAtFirst)
    if (scanner.peek() !== 0x7b) scanner.malformed('wanted an object')
    this.#object(this.#request, 1, 'the request')
    if (scanner.peek() !== -1) scanner.malformed('wanted nothing after the request')
    return this.#out.subarray(0, this.#used)
  }

  #object(message: JsonMessage, depth: number, name: string): void {
    const scanner = this.#scanner
    scanner.checkDepth(depth)
    const start = this.#used
    let seen = 0
    let previous = 0
    if (!scanner.enter(0x7d)) return
    do {
      const index = this.#readName(message, previous, name)
      const field = message.fields[index]
      if (field === undefined) {
        scanner.skipValue(depth)
        continue
      }
      previous = index + 1
      // Of equal keys the last one counts.
      if ((seen & (1 << field.number)) !== 0) this.#removeField(start, field.number)
      seen |= 1 << field.number
      if (scanner.peek() === 0x6e) scanner.literal('null')
      else if (field.isRepeated) this.#array(field, depth + 1)
      else this.#value(field, depth)
    } while (scanner.isMore(0x7d))
  }

  /**
   * Reads a name and the colon behind it.
   *
   * @param previous place of the field before, from 1 on; 0 at the first
   * @returns the place of the field, or -1
   */
  #readName({ fields, followers, protoNames }: JsonMessage, previous: number, of: string): number {
    const scanner = this.#scanner
    const likely = followers[previous] as number
    scanner.peek()
    if (likely < fields.length && scanner.isNext((fields[likely] as JsonField).head)) return likely
    scanner.string()
    let index = this.#fieldIndex(fields, likely)
    if (index < 0) index = this.#otherIndex(protoNames, of)
    scanner.expect(0x3a, "':'")
    if (index >= 0) followers[previous] = index
    return index
  }

  /** The field with the name read last; the search begins with the likeliest. */
  #fieldIndex(fields: readonly JsonField[], likely: number): number {
    const scanner = this.#scanner
    if (scanner.isEscaped) {
      const name = scanner.text()
      return fields.findIndex((field) => field.name === name)
    }
    const { source, start, end } = scanner
    const length = end - start
    const count = fields.length
    for (let tried = 0, index = likely; tried < count; tried++, index++) {
      if (index >= count) index = 0
      const { bytes } = fields[index] as JsonField
      if (bytes.length !== length) continue
      let i = 0
      while (i < length && bytes[i] === source[start + i]) i++
      if (i === length) return index
    }
    return -1
  }

  /** The field whose name in protobuf that is; where there is none, it is noted. */
  #otherIndex(protoNames: JsonMessage['protoNames'], parent: string): number {
    const name = this.#scanner.text()
    const index = protoNames.get(name) ?? -1
    if (index < 0) this.#ignore(`The field '${shortened(name)}' of ${parent}`)
    return index
  }

  #ignore(what: string): void {
    if (this.#ignoredCount++ === 0) this.#firstIgnored = what
  }

  #array(field: JsonField, depth: number): void {
    const scanner = this.#scanner
    if (scanner.peek() !== 0x5b) this.#wrong(field, 'an array')
    scanner.checkDepth(depth)
    if (!scanner.enter(0x5d)) return
    do this.#value(field, depth)
    while (scanner.isMore(0x5d))
  }

  #value(field: JsonField, depth: number): void {
    this.#reserve(headBytes)
    switch (field.kind) {
      case 'message':
        return this.#message(field, depth)
      case 'string':
        return this.#string(field)
      case 'hex':
        return this.#hex(field)
      case 'base64':
        return this.#base64(field)
      case 'int64':
      case 'sfixed64':
        return this.#int64(field)
      case 'enum':
        return this.#enum(field)
      case 'sint32':
        return this.#int32(field)
      case 'uint32':
      case 'fixed32':
        return this.#uint32(field)
      case 'uint64':
      case 'fixed64':
        return this.#uint64(field)
      case 'bool':
        return this.#bool(field)
      case 'double':
        return this.#double(field)
    }
  }

  #message(field: JsonField, depth: number): void {
    const scanner = this.#scanner
    if (field.message.isAttribute && this.#textAttribute(field, depth)) return
    this.#tag(field, 2)
    const start = this.#used + lengthBytes
    this.#used = start
    const byte = scanner.peek()
    if (byte === 0x7b) this.#object(field.message, depth + 1, field.name)
    else if (byte === 0x6e && field.isRepeated) scanner.literal('null')
    else this.#wrong(field, 'an object')
    this.#fillLength(start)
  }

  /**
   * An attribute whose value is a text, as senders write it without spaces: most of a request is
   * such. It is read in one go, and its lengths are known. (`npm run bench -- decode`)
   *
   * @returns false where it is anything else, of which nothing was read
   */
  #textAttribute(field: JsonField, depth: number): boolean {
    const scanner = this.#scanner
    if (scanner.peek() !== 0x7b || !scanner.hasDepth(depth + 2)) return false
    const at = scanner.p
    let isText = scanner.isNext(attributeHead) && scanner.plainRest()
    const { start, end } = scanner
    isText = isText && scanner.isNext(attributeMiddle) && scanner.plainRest()
    isText = isText && scanner.isNext(attributeEnd)
    const keyLength = end - start
    const length = scanner.end - scanner.start
    // Longer ones have longer lengths, and are few.
    if (!isText || keyLength + length > shortMax) {
      scanner.p = at
      return false
    }
    this.#reserve(keyLength + length + 2 * headBytes)
    this.#tag(field, 2)
    this.#varint(keyLength + length + 6)
    this.#shortBytes(0x0a, start, keyLength)
    this.#out[this.#used++] = 0x12
    this.#out[this.#used++] = length + 2
    this.#shortBytes(0x0a, scanner.start, length)
    return true
  }

  /** Bytes of the source behind a tag and their length, which are a byte each. */
  #shortBytes(tag: number, start: number, length: number): void {
    const out = this.#out
    const { source } = this.#scanner
    const to = this.#used + 2
    out[to - 2] = tag
    out[to - 1] = length
    for (let i = 0; i < length; i++) out[to + i] = source[start + i] as number
    this.#used = to + length
  }

  #string(field: JsonField): void {
    const scanner = this.#scanner
    if (scanner.peek() !== quote) this.#wrong(field, 'a string')
    scanner.string()
    if (!scanner.isEscaped) this.#copy(field)
    else if (!this.#unescaped(field)) this.#bytes(field, Buffer.from(scanner.text(), 'utf8'))
  }

  /** A text with escapes, up to a length; false where it is longer or has others, and not read. */
  #unescaped(field: JsonField): boolean {
    const { source, start, end } = this.#scanner
    if (end - start > shortMax) return false
    this.#reserve(headBytes + end - start)
    const before = this.#used
    this.#tag(field, 2)
    const text = this.#used + 1
    const to = unescapeInto(source, this.#scanner, this.#out, text)
    this.#used = to < 0 ? before : to
    this.#out[text - 1] = to - text
    return to >= 0
  }

  #hex(field: JsonField): void {
    const scanner = this.#scanner
    if (scanner.peek() !== quote) this.#wrong(field, 'a string of hexadecimal digits')
    const at = scanner.p
    scanner.string()
    const { source, start, end } = scanner
    const length = (end - start) >> 1
    this.#tag(field, 2)
    this.#varint(length)
    this.#reserve(length)
    for (let i = 0; i < length; i++) {
      const high = hexDigit(source[start + 2 * i] as number)
      const low = hexDigit(source[start + 2 * i + 1] as number)
      this.#out[this.#used + i] = (high << 4) | low
      if (high < 0 || low < 0) this.#wrongAt(at, field, 'a string of hexadecimal digits')
    }
    if ((end - start) % 2 !== 0) {
      this.#wrongAt(at, field, 'a string of an even number of hexadecimal digits')
    }
    this.#used += length
  }

  #base64(field: JsonField): void {
    const scanner = this.#scanner
    if (scanner.peek() !== quote) this.#wrong(field, 'a string of base64')
    const at = scanner.p
    scanner.string()
    const text = scanner.text()
    if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) this.#wrongAt(at, field, 'a string of base64')
    this.#bytes(field, Buffer.from(text, 'base64'))
  }

  #int64(field: JsonField): void {
    const scanner = this.#scanner
    const at = scanner.p
    const what = `a 64-bit integer for '${field.name}'`
    const isNegative = scanner.integer(what)
    const isInRange = isNegative
      ? scanner.high >= 0x80000000 || (scanner.high === 0 && scanner.low === 0)
      : scanner.high < 0x80000000
    if (!isInRange) this.#wrongAt(at, field, 'a 64-bit integer')
    const { low, high } = scanner
    this.#tag(field, field.kind === 'sfixed64' ? 1 : 0)
    if (field.kind === 'sfixed64') this.#words(low, high)
    else this.#varint64(low, high)
  }

  /** OTLP has numbers here; names, as protobuf's own JSON writes them, are understood. */
  #enum(field: JsonField): void {
    const scanner = this.#scanner
    if (scanner.peek() !== quote) {
      if (!isNumberStart(scanner.peek())) this.#wrong(field, 'a number or a name')
      return this.#int32(field)
    }
    scanner.string()
    const name = scanner.text()
    const value = field.values.get(name)
    if (value === undefined) {
      this.#ignore(`The value '${shortened(name)}' of ${field.name}`)
      return
    }
    this.#tag(field, 0)
    this.#varint(value)
  }

  #int32(field: JsonField): void {
    const scanner = this.#scanner
    const at = scanner.p
    const isNegative = scanner.integer(`a number for '${field.name}'`)
    const { low, high } = scanner
    const isInRange = isNegative
      ? (high === 0xffffffff && low >= 0x80000000) || (high === 0 && low === 0)
      : high === 0 && low < 0x80000000
    if (!isInRange) this.#wrongAt(at, field, 'a number of 32 bits')
    this.#tag(field, 0)
    if (field.kind === 'sint32') this.#varint(((low << 1) ^ (low >> 31)) >>> 0)
    else this.#varint64(low, high)
  }

  #uint32(field: JsonField): void {
    const low = this.#unsigned(field, 0)
    this.#tag(field, field.kind === 'fixed32' ? 5 : 0)
    if (field.kind === 'fixed32') this.#word(low)
    else this.#varint(low)
  }

  #uint64(field: JsonField): void {
    const low = this.#unsigned(field, 0xffffffff)
    const { high } = this.#scanner
    this.#tag(field, field.kind === 'fixed64' ? 1 : 0)
    if (field.kind === 'fixed64') this.#words(low, high)
    else this.#varint64(low, high)
  }

  #unsigned(field: JsonField, highMax: number): number {
    const scanner = this.#scanner
    const at = scanner.p
    const isNegative = scanner.integer(`an integer for '${field.name}'`)
    if ((isNegative && (scanner.low | scanner.high) !== 0) || scanner.high > highMax) {
      this.#wrongAt(at, field, `an integer from 0 to 2^${highMax === 0 ? 32 : 64} - 1`)
    }
    return scanner.low
  }

  #bool(field: JsonField): void {
    const scanner = this.#scanner
    const byte = scanner.peek()
    if (byte === 0x74) scanner.literal('true')
    else if (byte === 0x66) scanner.literal('false')
    else this.#wrong(field, 'true or false')
    this.#tag(field, 0)
    this.#varint(byte === 0x74 ? 1 : 0)
  }

  #double(field: JsonField): void {
    const scanner = this.#scanner
    const byte = scanner.peek()
    const at = scanner.p
    let value = Number.NaN
    if (byte === quote) {
      scanner.string()
      const text = scanner.text()
      value = Number(text)
      const isNumber =
        doubles.includes(text) || (/^[-\d][\d.eE+-]*$/.test(text) && !Number.isNaN(value))
      if (!isNumber) this.#wrongAt(at, field, 'a number')
    } else {
      if (!isNumberStart(byte)) this.#wrong(field, 'a number')
      scanner.number()
      value = Number(scanner.raw())
    }
    this.#tag(field, 1)
    this.#view.setFloat64(0, value, true)
    this.#words(this.#view.getUint32(0, true), this.#view.getUint32(4, true))
  }

  #bytes(field: JsonField, content: Uint8Array): void {
    this.#tag(field, 2)
    this.#varint(content.length)
    this.#reserve(content.length)
    this.#out.set(content, this.#used)
    this.#used += content.length
  }

  /** The string read last, as it stands: small ones by hand, which needs no view of the source. */
  #copy(field: JsonField): void {
    const { source, start, end } = this.#scanner
    const length = end - start
    if (length > 64) return this.#bytes(field, source.subarray(start, end))
    this.#tag(field, 2)
    this.#varint(length)
    this.#reserve(length)
    const out = this.#out
    const offset = this.#used - start
    for (let i = start; i < end; i++) out[offset + i] = source[i] as number
    this.#used += length
  }

  #tag(field: JsonField, wireType: number): void {
    this.#varint((field.number << 3) | wireType)
  }

  #varint(value: number): void {
    if (value < 128) this.#out[this.#used++] = value
    else this.#varint64(value, 0)
  }

  #varint64(low: number, high: number): void {
    const out = this.#out
    let p = this.#used
    let rest = low
    let above = high
    while (above !== 0 || rest > 127) {
      out[p++] = (rest & 127) | 128
      rest = ((rest >>> 7) | (above << 25)) >>> 0
      above >>>= 7
    }
    out[p++] = rest
    this.#used = p
  }

  #words(low: number, high: number): void {
    this.#word(low)
    this.#word(high)
  }

  #word(value: number): void {
    const out = this.#out
    const used = this.#used
    out[used] = value
    out[used + 1] = value >>> 8
    out[used + 2] = value >>> 16
    out[used + 3] = value >>> 24
    this.#used = used + 4
  }

  #fillLength(start: number): void {
    let length = this.#used - start
    for (let i = 0; i < lengthBytes; i++) {
      this.#out[start - lengthBytes + i] = (length & 127) | (i < lengthBytes - 1 ? 128 : 0)
      length >>>= 7
    }
  }

  #reserve(room: number): void {
    if (this.#used + room <= this.#out.length) return
    const larger = new Uint8Array(Math.max(this.#out.length * 2, this.#used + room))
    larger.set(this.#out.subarray(0, this.#used))
    this.#out = larger
  }

  /** Takes what the object that began at `start` has written for a field out again. */
  #removeField(start: number, number: number): void {
    const out = this.#out
    let kept = start
    let p = start
    while (p < this.#used) {
      const begin = p
      let tag = 0
      for (let shift = 0, byte = 128; byte > 127; shift += 7) {
        byte = out[p++] as number
        tag |= (byte & 127) << shift
      }
      p = this.#fieldEnd(tag & 7, p)
      if (tag >>> 3 === number) continue
      out.copyWithin(kept, begin, p)
      kept += p - begin
    }
    this.#used = kept
  }

  #fieldEnd(wireType: number, at: number): number {
    if (wireType === 1) return at + 8
    if (wireType === 5) return at + 4
    let p = at
    let value = 0
    for (let shift = 0, byte = 128; byte > 127; shift += 7) {
      byte = this.#out[p++] as number
      if (shift < 32) value |= (byte & 127) << shift
    }
    return wireType === 2 ? p + value : p
  }

  #wrong(field: JsonField, wanted: string): never {
    return this.#scanner.malformed(`wanted ${wanted} for '${field.name}'`)
  }

  #wrongAt(at: number, field: JsonField, wanted: string): never {
    this.#scanner.p = at
    this.#scanner.peek()
    return this.#wrong(field, wanted)
  }
}

/** A sender's own text, which may have any length. */
function shortened(name: string): string {
  return name.length > nameLengthMax ? `${name.slice(0, nameLengthMax)}…` : name
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
