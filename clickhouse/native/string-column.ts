// Hot: string bytes go from the request into these buffers and nowhere else. Below 64 bytes a loop
// beats `set`, which costs 75 to 120 ns whatever the length; the same loop sees whether the text is
// plain ASCII, so that only other text is checked for valid UTF-8. Rejected: `latin1Slice` and
// `write`, 70 to 110 ns for crossing into C++ alone, twice.

import { isUtf8 } from 'node:buffer'
import type { MarkLevel, NativeColumn } from './column.ts'
import { capacityAfter, grown } from './growth.ts'
import { varuintSize, writeVaruint } from './varuint.ts'

const bytesAtFirst = 16 * 1024
const loopBytesMax = 64
const hex = hexPairs()

/** A column of `String`: for each cell the length, then the bytes, UTF-8 always. */
export interface StringColumn extends NativeColumn {
  /**
   * Appends a cell from `source[start, end)`.
   * @returns 1 when the bytes were not valid UTF-8 and the cell holds U+FFFD instead of them, else
   * 0
   */
  append(source: Uint8Array, start: number, end: number): number
  appendEmpty(): void
  /** Appends the bytes as lower-case hexadecimal digits. At most 63 bytes. */
  appendHex(source: Uint8Array, start: number, end: number): void
  /** Appends bytes as base64 with padding. */
  appendBase64(source: Uint8Array, start: number, end: number): void
  /** Appends a whole number between -(2^53) and 2^53 in decimal digits. */
  appendInteger(value: number): void
  /** Appends a JavaScript string; for what is seldom. */
  appendText(text: string): void
  /** Appends cells that are encoded already, as `encoded` of another column gives them. */
  appendEncoded(cells: Uint8Array): void
  /** A view of the cells, valid until the next append. */
  encoded(): Uint8Array
}

/** Creates a column of texts, empty. */
export function createStringColumn(): StringColumn {
  return new TextColumn()
}

class TextColumn implements StringColumn {
  readonly type = 'String'
  readonly isPrefixed = false
  #buffer: Uint8Array = new Uint8Array(bytesAtFirst)
  #used = 0
  #requestMark = 0
  #itemMark = 0

  get bytes(): number {
    return this.#used
  }

  append(source: Uint8Array, start: number, end: number): number {
    const length = end - start
    let p = this.#used
    if (p + length + 5 > this.#buffer.length) this.#buffer = grown(this.#buffer, p, length + 5)
    if (length > loopBytesMax) return this.#appendLong(source, start, end)
    const buffer = this.#buffer
    buffer[p++] = length
    let seen = 0
    for (let i = start; i < end; i++) {
      const byte = source[i] as number
      seen |= byte
      buffer[p++] = byte
    }
    if (seen > 127 && !isUtf8(source.subarray(start, end))) {
      return this.#appendReplaced(source, start, end)
    }
    this.#used = p
    return 0
  }

  #appendLong(source: Uint8Array, start: number, end: number): number {
    const text = source.subarray(start, end)
    if (!isUtf8(text)) return this.#appendReplaced(source, start, end)
    const p = writeVaruint(this.#buffer, this.#used, text.length)
    this.#buffer.set(text, p)
    this.#used = p + text.length
    return 0
  }

  #appendReplaced(source: Uint8Array, start: number, end: number): number {
    this.#appendBytes(replaced(source, start, end))
    return 1
  }

  #appendBytes(text: Uint8Array): void {
    this.#reserve(text.length + 5)
    const p = writeVaruint(this.#buffer, this.#used, text.length)
    this.#buffer.set(text, p)
    this.#used = p + text.length
  }

  appendEmpty(): void {
    if (this.#used === this.#buffer.length) this.#buffer = grown(this.#buffer, this.#used, 1)
    this.#buffer[this.#used++] = 0
  }

  appendHex(source: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 2 + 1)
    const buffer = this.#buffer
    let p = this.#used
    buffer[p++] = (end - start) * 2
    for (let i = start; i < end; i++) {
      const pair = hex[source[i] as number] as number
      buffer[p++] = pair & 255
      buffer[p++] = pair >> 8
    }
    this.#used = p
  }

  appendBase64(source: Uint8Array, start: number, end: number): void {
    this.appendText(
      Buffer.from(source.buffer, source.byteOffset + start, end - start).toString('base64'),
    )
  }

  appendInteger(value: number): void {
    this.#reserve(18)
    const buffer = this.#buffer
    let rest = value < 0 ? -value : value
    let digits = 1
    for (let limit = 10; limit <= rest; limit *= 10) digits++
    let p = this.#used
    buffer[p++] = value < 0 ? digits + 1 : digits
    if (value < 0) buffer[p++] = 45
    for (let i = p + digits - 1; i >= p; i--) {
      const next = rest < 0x80000000 ? ((rest | 0) / 10) | 0 : Math.floor(rest / 10)
      buffer[i] = 48 + (rest - next * 10)
      rest = next
    }
    this.#used = p + digits
  }

  appendText(text: string): void {
    this.#appendBytes(Buffer.from(text, 'utf8'))
  }

  appendEncoded(cells: Uint8Array): void {
    const length = cells.length
    this.#reserve(length)
    const buffer = this.#buffer
    let p = this.#used
    if (length > loopBytesMax) buffer.set(cells, p)
    else for (let i = 0; i < length; i++) buffer[p++] = cells[i] as number
    this.#used += length
  }

  encoded(): Uint8Array {
    return this.#buffer.subarray(0, this.#used)
  }

  #reserve(room: number): void {
    if (this.#used + room > this.#buffer.length)
      this.#buffer = grown(this.#buffer, this.#used, room)
  }

  size(): number {
    return this.#used
  }

  write(out: Uint8Array, position: number): number {
    out.set(this.#buffer.subarray(0, this.#used), position)
    return position + this.#used
  }

  mark(level: MarkLevel): void {
    if (level === 0) this.#requestMark = this.#used
    else this.#itemMark = this.#used
  }

  rollback(level: MarkLevel): void {
    this.#used = level === 0 ? this.#requestMark : this.#itemMark
  }

  clear(): void {
    const capacity = capacityAfter(this.#buffer.length, this.#used, bytesAtFirst)
    if (capacity !== this.#buffer.length) this.#buffer = new Uint8Array(capacity)
    this.#used = 0
  }
}

/** The text of the bytes with U+FFFD for what is not UTF-8, as UTF-8. */
export function replaced(source: Uint8Array, start: number, end: number): Uint8Array {
  const text = Buffer.from(source.buffer, source.byteOffset + start, end - start).toString('utf8')
  return Buffer.from(text, 'utf8')
}

export function writeString(out: Uint8Array, position: number, text: string): number {
  const bytes = Buffer.from(text, 'utf8')
  const p = writeVaruint(out, position, bytes.length)
  out.set(bytes, p)
  return p + bytes.length
}

export function stringSize(text: string): number {
  const length = Buffer.byteLength(text, 'utf8')
  return varuintSize(length) + length
}

function hexPairs(): Uint16Array {
  const digits = '0123456789abcdef'
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    return digits.charCodeAt(byte >> 4) | (digits.charCodeAt(byte & 15) << 8)
  })
}
