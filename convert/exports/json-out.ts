// JSON as bytes, in pieces of memory of one size, each row in one of them.
//
//   slab 0: {"traceId":…}{"traceId":…}…      slab 1: {"traceId":…}…
import type { SlabPool } from './slab-pool.ts'

const quote = 0x22
const backslash = 0x5c
/** The letter behind a backslash for bytes that have one. */
const letters = new Map([
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [12, 'f'],
  [13, 'r'],
])
const escapes = Array.from({ length: 256 }, (_, byte) => {
  if (byte === quote || byte === backslash) return Buffer.from(`\\${String.fromCharCode(byte)}`)
  if (byte >= 0x20) return Buffer.from([byte])
  const letter = letters.get(byte)
  return Buffer.from(
    letter === undefined ? `\\u${byte.toString(16).padStart(4, '0')}` : `\\${letter}`,
  )
})
const escapeBytesMax = 6
const digitsMax = 20

/** Writes JSON. */
export class JsonOut {
  readonly #pool: SlabPool
  readonly slabs: Buffer[] = []
  #out: Buffer = Buffer.alloc(0)
  #used = 0
  /** Where the row begins that is being written. */
  #start = 0
  #sealedBytes = 0

  constructor(pool: SlabPool) {
    this.#pool = pool
  }

  /** What is taken of memory. */
  get bytes(): number {
    return this.#sealedBytes + this.#out.length
  }

  /** The slab that is written into, by its place in `slabs`. */
  get slab(): number {
    return this.slabs.length - 1
  }

  get start(): number {
    return this.#start
  }

  get used(): number {
    return this.#used
  }

  /** The row that is being written. */
  written(): Buffer {
    return this.#out.subarray(this.#start, this.#used)
  }

  /** The row is whole; the next begins. */
  next(): void {
    this.#start = this.#used
  }

  /** What there is of the row is given up. */
  takeBack(): void {
    this.#used = this.#start
  }

  byte(byte: number): void {
    this.#reserve(1)
    this.#out[this.#used++] = byte
  }

  literal(bytes: Uint8Array): void {
    const { length } = bytes
    this.#reserve(length)
    const out = this.#out
    const to = this.#used
    for (let i = 0; i < length; i++) out[to + i] = bytes[i] as number
    this.#used = to + length
  }

  /** Bytes of a JSON text that are JSON already. */
  raw(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    this.#out.set(source.subarray(start, end), this.#used)
    this.#used += end - start
  }

  /** A text with its escapes, without quotes. */
  text(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start)
    const out = this.#out
    let to = this.#used
    for (let p = start; p < end; p++) {
      const byte = source[p] as number
      if (byte < 0x20 || byte === quote || byte === backslash) {
        this.#used = to
        return this.#escaped(source, p, end)
      }
      out[to++] = byte
    }
    this.#used = to
  }

  #escaped(source: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * escapeBytesMax)
    const out = this.#out
    let to = this.#used
    for (let p = start; p < end; p++) {
      const bytes = escapes[source[p] as number] as Buffer
      for (let i = 0; i < bytes.length; i++) out[to++] = bytes[i] as number
    }
    this.#used = to
  }

  /** A number of 64 bits without a sign, in its halves. */
  digits(low: number, high: number): void {
    // By 10^9, 16 bits at a time: all products stay exact in a double.
    const e9 = 1_000_000_000
    let rest = high
    let whole = Math.floor(rest / e9)
    rest -= whole * e9
    for (const half of [low >>> 16, low & 0xffff]) {
      const product = rest * 65_536 + half
      const quotient = Math.floor(product / e9)
      rest = product - quotient * e9
      whole = whole * 65_536 + quotient
    }
    if (whole === 0) this.#number(rest, 1)
    else {
      this.#number(whole, 1)
      this.#number(rest, 9)
    }
  }

  /** @param width with as many digits at least */
  #number(value: number, width: number): void {
    this.#reserve(digitsMax)
    let count = 1
    for (let power = 10; value >= power && count < digitsMax; power *= 10) count++
    count = Math.max(count, width)
    const out = this.#out
    let rest = value
    for (let at = this.#used + count - 1; at >= this.#used; at--) {
      const tenth = Math.floor(rest / 10)
      out[at] = 0x30 + rest - tenth * 10
      rest = tenth
    }
    this.#used += count
  }

  /** Where there is no room, the row that is being written moves to the next slab. */
  #reserve(room: number): void {
    if (this.#used + room <= this.#out.length) return
    const row = this.#used - this.#start
    const larger = this.#pool.take(2 * row + room)
    this.#out.copy(larger, 0, this.#start, this.#used)
    this.#sealedBytes += this.#out.length
    this.#out = larger
    this.slabs.push(larger)
    this.#start = 0
    this.#used = row
  }
}
