// Hot: every request that Wayward sends or turns into protobuf goes through here. The writer goes
// forwards through one buffer that it keeps, and makes no object per field. The length of a
// message is not known when it begins; there are two ways to leave room for it:
//
//   compact  one byte; a content of 128 bytes or more is moved up by one to four bytes at its end.
//            For what leaves the process. Most messages are short, so few are moved.
//   padded   five bytes, a varint with leading zeros. Nothing is moved, and a field can be taken
//            out again. For what this process reads itself. Readers must take it, few write it.
//
// `npm run bench -- otlp` measures both.

import type { Integer, WireType } from './message.ts'

const bytesAtFirst = 64 * 1024
/** A larger buffer is given back at the next `reset`. */
const bytesKept = 4 * 1024 * 1024
const lengthBytesMax = 5
/** Up to this many characters, a loop is faster than the call into the runtime. */
const shortText = 48

/** Which half of eight bytes is the lower one, in this machine's order. */
const lowWord = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
const highWord = 1 - lowWord

/** How lengths of messages are written. */
export type LengthForm = 'compact' | 'padded'

/** Writes the primitives of protobuf into one buffer, which grows as needed and is used again. */
export class ProtobufWriter {
  /** The buffer; replaced by a larger one when it is full. What is written ends at `used`. */
  bytes: Buffer
  used = 0
  readonly #bytesLeast: number
  readonly #lengthBytes: number
  readonly #eight = new Float64Array(1)
  readonly #wide = new BigUint64Array(this.#eight.buffer)
  readonly #words = new Uint32Array(this.#eight.buffer)

  constructor(lengths: LengthForm = 'compact', bytesLeast: number = bytesAtFirst) {
    this.bytes = Buffer.allocUnsafeSlow(bytesLeast)
    this.#bytesLeast = bytesLeast
    this.#lengthBytes = lengths === 'padded' ? lengthBytesMax : 1
  }

  /** Forgets what was written. */
  reset(): void {
    this.used = 0
    if (this.bytes.length > bytesKept) this.bytes = Buffer.allocUnsafeSlow(this.#bytesLeast)
  }

  /** @returns a view of what was written, valid until the writer is used again */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.used)
  }

  /** @returns a copy of what was written */
  toBytes(): Uint8Array {
    return new Uint8Array(this.written())
  }

  tag(number: number, wireType: WireType): void {
    const tag = number * 8 + wireType
    if (tag > 127) return this.varint(tag)
    this.reserve(1)
    this.bytes[this.used++] = tag
  }

  /** Begins a message in a field. @returns what `end` takes */
  begin(number: number): number {
    this.tag(number, 2)
    this.reserve(this.#lengthBytes)
    this.used += this.#lengthBytes
    return this.used
  }

  /** Ends the message that began at `start`. */
  end(start: number): void {
    const length = this.used - start
    if (this.#lengthBytes === 1) return this.#endCompact(start, length)
    let rest = length
    for (let i = 1; i <= lengthBytesMax; i++) {
      this.bytes[start - lengthBytesMax - 1 + i] = (rest & 127) | (i < lengthBytesMax ? 128 : 0)
      rest >>>= 7
    }
  }

  #endCompact(start: number, length: number): void {
    if (length < 128) {
      this.bytes[start - 1] = length
      return
    }
    let more = 1
    for (let rest = length >>> 14; rest > 0; rest >>>= 7) more++
    this.reserve(more)
    this.bytes.copyWithin(start + more, start, this.used)
    this.used = start - 1
    this.varint(length)
    this.used += length
  }

  /** A whole number of any sign: kinds `int32`, `int64`, `uint32`, `uint64` and `enum`. */
  integer(number: number, value: Integer): void {
    this.tag(number, 0)
    this.integerOnly(value)
  }

  /** The same without a tag, for packed lists. */
  integerOnly(value: Integer): void {
    if (typeof value === 'number' && value >= 0 && value <= 0xffffffff) {
      this.varint(value)
      return
    }
    this.#setWide(value)
    this.varint64(this.#words[lowWord] as number, this.#words[highWord] as number)
  }

  /** A whole number of 32 bits, small ones of either sign short: kind `sint32`. */
  zigzag(number: number, value: number): void {
    this.tag(number, 0)
    this.zigzagOnly(value)
  }

  zigzagOnly(value: number): void {
    this.varint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  bool(number: number, value: boolean): void {
    this.tag(number, 0)
    this.varint(value ? 1 : 0)
  }

  fixed32(number: number, value: number): void {
    this.tag(number, 5)
    this.fixed32Only(value)
  }

  fixed32Only(value: number): void {
    this.reserve(4)
    const { bytes } = this
    bytes[this.used++] = value
    bytes[this.used++] = value >>> 8
    bytes[this.used++] = value >>> 16
    bytes[this.used++] = value >>> 24
  }

  /** Kinds `fixed64` and `sfixed64`. */
  fixed64(number: number, value: Integer): void {
    this.tag(number, 1)
    this.fixed64Only(value)
  }

  fixed64Only(value: Integer): void {
    this.#setWide(value)
    this.fixed32Only(this.#words[lowWord] as number)
    this.fixed32Only(this.#words[highWord] as number)
  }

  double(number: number, value: number): void {
    this.tag(number, 1)
    this.doubleOnly(value)
  }

  doubleOnly(value: number): void {
    this.#eight[0] = value
    this.fixed32Only(this.#words[lowWord] as number)
    this.fixed32Only(this.#words[highWord] as number)
  }

  /** Text as UTF-8; halves of surrogate pairs become U+FFFD. */
  string(number: number, value: string): void {
    this.tag(number, 2)
    if (value.length <= shortText && this.#ascii(value)) return
    const length = Buffer.byteLength(value)
    this.varint(length)
    this.reserve(length)
    this.used += this.bytes.write(value, this.used)
  }

  /** Kinds `bytes` and `id`. */
  content(number: number, value: Uint8Array): void {
    this.tag(number, 2)
    const { length } = value
    this.varint(length)
    this.reserve(length)
    if (length > 64) this.bytes.set(value, this.used)
    else {
      const { bytes, used } = this
      for (let i = 0; i < length; i++) bytes[used + i] = value[i] as number
    }
    this.used += length
  }

  /** A whole number from 0 to 2^32 - 1. */
  varint(value: number): void {
    this.reserve(lengthBytesMax)
    const { bytes } = this
    let rest = value
    let p = this.used
    while (rest > 127) {
      bytes[p++] = (rest & 127) | 128
      rest >>>= 7
    }
    bytes[p++] = rest
    this.used = p
  }

  /** A whole number of 64 bits in two halves. */
  varint64(low: number, high: number): void {
    this.reserve(10)
    const { bytes } = this
    let p = this.used
    let rest = low
    let above = high
    while (above !== 0 || rest > 127) {
      bytes[p++] = (rest & 127) | 128
      rest = ((rest >>> 7) | (above << 25)) >>> 0
      above >>>= 7
    }
    bytes[p++] = rest
    this.used = p
  }

  /** Makes room for some bytes; `bytes` may be another buffer afterwards. */
  reserve(room: number): void {
    if (this.used + room <= this.bytes.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.used + room))
    this.bytes.copy(larger, 0, 0, this.used)
    this.bytes = larger
  }

  /** Writes length and text if it is ASCII; else nothing. */
  #ascii(value: string): boolean {
    const { length } = value
    this.reserve(length + 1)
    const { bytes, used } = this
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 127) return false
      bytes[used + 1 + i] = unit
    }
    bytes[used] = length
    this.used = used + 1 + length
    return true
  }

  /** Modulo 2^64, so that negative numbers are their two's complement. */
  #setWide(value: Integer): void {
    if (typeof value === 'bigint') this.#wide[0] = value
    else {
      this.#words[lowWord] = value % 0x1_0000_0000
      this.#words[highWord] = Math.floor(value / 0x1_0000_0000)
    }
  }
}
