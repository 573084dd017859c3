// A strict JSON reader over bytes, for values that are read where they stand. JSON.parse will not
// do: it rounds integers beyond 2^53, takes the memory of the whole tree at once, and does not say
// where an error is in bytes.

import { MalformedError } from '@wayward/otlp'

const quote = 0x22
const backslash = 0x5c
const two32 = 0x100000000

export class JsonScanner {
  source: Uint8Array = new Uint8Array(0)
  /** Position of the next byte to read. */
  p = 0
  /** The content of the string or number read last, without quotes. */
  start = 0
  end = 0
  /** Whether that string has escapes, so that its content is not its text. */
  isEscaped = false
  /** Halves of the integer read last. */
  low = 0
  high = 0
  readonly #nestingMax: number

  constructor(nestingMax: number) {
    this.#nestingMax = nestingMax
  }

  open(source: Uint8Array): void {
    this.source = source
    this.p = 0
  }

  /** Steps over white space and gives the next byte, -1 at the end. */
  peek(): number {
    const { source } = this
    let p = this.p
    while (p < source.length) {
      const byte = source[p] as number
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        this.p = p
        return byte
      }
      p++
    }
    this.p = p
    return -1
  }

  /** Steps over one punctuation mark. */
  expect(byte: number, what: string): void {
    if (this.peek() !== byte) this.malformed(`wanted ${what}`)
    this.p++
  }

  /**
   * After an element: steps over a comma and is true, or steps over the closing mark and is false.
   */
  isMore(closing: number): boolean {
    const byte = this.peek()
    if (byte !== 0x2c && byte !== closing) {
      this.malformed(`wanted ',' or '${String.fromCharCode(closing)}'`)
    }
    this.p++
    return byte === 0x2c
  }

  /**
   * At an opening mark: steps over it and is true, unless the closing mark follows, which is
   * stepped over too.
   */
  enter(closing: number): boolean {
    this.p++
    if (this.peek() !== closing) return true
    this.p++
    return false
  }

  /** Reads a string; `start`, `end` and `isEscaped` describe it. */
  string(): void {
    if (this.peek() !== quote) this.malformed('wanted a string')
    const { source } = this
    let p = this.p + 1
    this.start = p
    this.isEscaped = false
    while (p < source.length) {
      const byte = source[p] as number
      if (byte === quote) {
        this.end = p
        this.p = p + 1
        return
      }
      if (byte === backslash) {
        this.isEscaped = true
        p++
      } else if (byte < 0x20) {
        this.p = p
        this.malformed('a control character within a string, wanted its escape')
      }
      p++
    }
    this.p = source.length
    this.malformed('wanted the end of a string')
  }

  /**
   * Steps over bytes that stand here exactly so, and is true; or stays where it is, and is false.
   */
  isNext(bytes: Uint8Array): boolean {
    const { source } = this
    const p = this.p
    const { length } = bytes
    for (let i = 0; i < length; i++) if (source[p + i] !== bytes[i]) return false
    this.p = p + length
    return true
  }

  /**
   * Reads what is left of a string, up to its closing quote, where it has no escapes: `start` and
   * `end` describe it. Otherwise false, and where it stands is not said.
   */
  plainRest(): boolean {
    const { source } = this
    const { length } = source
    let p = this.p
    this.start = p
    while (p < length) {
      const byte = source[p] as number
      if (byte === quote) {
        this.end = p
        this.p = p + 1
        return true
      }
      if (byte === backslash || byte < 0x20) return false
      p++
    }
    return false
  }

  /** The text of the string read last; checks its escapes. */
  text(): string {
    const raw = this.raw()
    if (!this.isEscaped) return raw
    try {
      return String(JSON.parse(`"${raw}"`))
    } catch {
      this.p = this.start
      return this.malformed('a string with an escape that JSON does not have')
    }
  }

  /** The content of the string or number read last, escapes as they are. */
  raw(): string {
    const { buffer, byteOffset } = this.source
    return Buffer.from(buffer, byteOffset + this.start, this.end - this.start).toString('utf8')
  }

  literal(text: string): void {
    for (let i = 0; i < text.length; i++) {
      if (this.source[this.p + i] !== text.charCodeAt(i)) this.malformed('wanted a value')
    }
    this.p += text.length
  }

  /** Reads a number; `start` and `end` are where it is. */
  number(): void {
    const { source } = this
    let p = this.p
    this.start = p
    if (source[p] === 0x2d) p++
    const first = p
    p = this.#digits(p)
    if (source[first] === 0x30 && p > first + 1) this.malformed('a number begins with 0')
    if (source[p] === 0x2e) p = this.#digits(p + 1)
    if (source[p] === 0x65 || source[p] === 0x45) {
      p++
      if (source[p] === 0x2b || source[p] === 0x2d) p++
      p = this.#digits(p)
    }
    this.end = p
    this.p = p
  }

  #digits(at: number): number {
    let p = at
    while (isDigit(this.source[p])) p++
    if (p === at) this.malformed('wanted a value')
    return p
  }

  /**
   * Reads a 64-bit integer, written as a number or as a string, into `low` and `high`: exactly,
   * however large.
   * @returns whether it is negative (then the halves are its two's complement)
   */
  integer(what: string): boolean {
    const at = this.p
    if (this.peek() === quote) this.string()
    else if (isNumberStart(this.peek())) this.number()
    else this.malformed(`wanted ${what}`)
    const after = this.p
    this.p = at
    const isNegative = this.source[this.start] === 0x2d
    let p = isNegative ? this.start + 1 : this.start
    let low = 0
    let high = 0
    if (p === this.end) this.malformed(`wanted ${what}`)
    while (p < this.end) {
      // Six digits at a time: the product of a half and their power of ten stays exact in a double.
      let power = 1
      let digits = 0
      for (const stop = Math.min(p + 6, this.end); p < stop; p++) {
        const byte = this.source[p]
        if (!isDigit(byte)) return this.#floating(what, after)
        digits = digits * 10 + (byte - 0x30)
        power *= 10
      }
      const product = low * power + digits
      const carried = Math.floor(product / two32)
      low = product - carried * two32
      high = high * power + carried
      if (high >= two32) this.malformed(`an integer of more than 64 bits, wanted ${what}`)
    }
    this.p = after
    this.#set(low, high, isNegative)
    return isNegative
  }

  /**
   * The integer read last was written with a fraction or an exponent: it may still be whole, like
   * 1e3.
   */
  #floating(what: string, after: number): boolean {
    const text = this.raw()
    const value = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN
    if (!Number.isSafeInteger(value)) this.malformed(`wanted ${what}`)
    this.p = after
    const size = Math.abs(value)
    this.#set(size % two32, Math.floor(size / two32), value < 0)
    return value < 0
  }

  #set(low: number, high: number, isNegative: boolean): void {
    this.low = isNegative ? -low >>> 0 : low
    this.high = isNegative ? (low === 0 ? -high : ~high) >>> 0 : high
  }

  /** Steps over a value of any kind. */
  skipValue(depth: number): void {
    const byte = this.peek()
    if (byte === quote) this.#skipString()
    else if (byte === 0x7b) this.#skipObject(depth + 1)
    else if (byte === 0x5b) this.#skipArray(depth + 1)
    else if (byte === 0x74) this.literal('true')
    else if (byte === 0x66) this.literal('false')
    else if (byte === 0x6e) this.literal('null')
    else this.number()
  }

  #skipString(): void {
    this.string()
    if (this.isEscaped) this.text()
  }

  #skipObject(depth: number): void {
    this.checkDepth(depth)
    if (!this.enter(0x7d)) return
    do {
      this.#skipString()
      this.expect(0x3a, "':'")
      this.skipValue(depth)
    } while (this.isMore(0x7d))
  }

  #skipArray(depth: number): void {
    this.checkDepth(depth)
    if (!this.enter(0x5d)) return
    do this.skipValue(depth)
    while (this.isMore(0x5d))
  }

  hasDepth(depth: number): boolean {
    return depth <= this.#nestingMax
  }

  checkDepth(depth: number): void {
    const max = this.#nestingMax
    if (depth > max) this.malformed(`nested deeper than ${max} levels, wanted at most ${max}`)
  }

  /** Refuses the request, naming the next byte to read. */
  malformed(what: string): never {
    const seen = this.source[this.p]
    const byte = seen === undefined ? 'the end' : `'${String.fromCharCode(seen)}'`
    throw new MalformedError(`Malformed JSON at byte ${this.p}, before ${byte}: ${what}`)
  }
}

export function isNumberStart(byte: number): boolean {
  return isDigit(byte) || byte === 0x2d
}

function isDigit(byte: number | undefined): byte is number {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39
}
