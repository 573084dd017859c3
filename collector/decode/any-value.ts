// Hot for plain values: their bytes, or the digits they stand for, go straight into the column.
// Arrays and key-value lists become JSON text through JavaScript strings: they are seldom, and JSON
// text needs quoting anyway.

import {
  anyValue,
  arrayValue,
  fixed32,
  keyValue,
  keyValueList,
  shapeOf,
  type WireReader,
} from '@wayward/otlp'
import type { StringColumn } from '@wayward/clickhouse'
import type { DecodeLimits } from './limits.ts'
import { ItemRejection, type Tally } from './tally.ts'

const kindNone = 0
const kindString = 1
const kindBool = 2
const kindInt = 3
const kindDouble = 4
const kindArray = 5
const kindList = 6
const kindBytes = 7

const valueShape = shapeOf('value', anyValue)
const arrayShape = shapeOf('value.array_value', arrayValue)
const listShape = shapeOf('value.kvlist_value', keyValueList)
const entryShape = shapeOf('value.kvlist_value.values', keyValue)

/** Writes OTLP values as text, in the form that the stock ClickHouse exporter gives them. */
export class AnyValueWriter {
  readonly #wire: WireReader
  readonly #tally: Tally
  readonly #nestingMax: number
  readonly #nestedValuesMax: number
  #nestedValues = 0
  readonly #float = new DataView(new ArrayBuffer(8))
  // What `read` found: the kind, and where the content lies or the halves of the number.
  #kind = kindNone
  #start = 0
  #end = 0
  #low = 0
  #high = 0

  constructor(wire: WireReader, tally: Tally, limits: DecodeLimits) {
    this.#wire = wire
    this.#tally = tally
    this.#nestingMax = limits.nestingMax
    this.#nestedValuesMax = limits.nestedValuesMax
  }

  /**
   * Appends the value that lies in `[start, end)` of the request to the column; no bytes are the
   * empty value.
   */
  write(start: number, end: number, column: StringColumn): void {
    const source = this.#wire.source
    // By far the commonest: one string shorter than 128 bytes, and nothing else.
    if (end - start > 1 && source[start] === 0x0a && source[start + 1] === end - start - 2) {
      if (end - start < 130) {
        this.#tally.replaced += column.append(source, start + 2, end)
        return
      }
    }
    if (source[start] === 0x18 && this.#writeSmallInteger(start + 1, end, column)) return
    this.#read(start, end)
    switch (this.#kind) {
      case kindString:
        this.#tally.replaced += column.append(source, this.#start, this.#end)
        return
      case kindInt:
        this.#writeInteger(column)
        return
      case kindBool:
        column.appendText(this.#low === 0 && this.#high === 0 ? 'false' : 'true')
        return
      case kindDouble:
        column.appendText(numberText(this.#double()))
        return
      case kindBytes:
        column.appendBase64(source, this.#start, this.#end)
        return
      case kindNone:
        column.appendEmpty()
        return
      default:
        this.#nestedValues = 0
        column.appendText(this.#composite(this.#kind, this.#start, this.#end, 1))
    }
  }

  /**
   * The next commonest: one integer from 0 to 2^28 - 1, and nothing else. @returns whether it was
   * that
   */
  #writeSmallInteger(start: number, end: number, column: StringColumn): boolean {
    const source = this.#wire.source
    if (start >= end || end - start > 4) return false
    let value = 0
    for (let p = end - 1; p >= start; p--) {
      const byte = source[p] as number
      if (byte > 127 !== p < end - 1) return false
      value = (value << 7) | (byte & 127)
    }
    column.appendInteger(value)
    return true
  }

  /** Reads the fields of a value; of several the last counts. */
  #read(start: number, end: number): void {
    const wire = this.#wire
    const source = wire.source
    this.#kind = kindNone
    let p = start
    while (p < end) {
      let tag = source[p++] as number
      if (tag > 127) {
        tag = wire.varint32(p - 1, end, valueShape)
        p = wire.next
      }
      switch (tag) {
        case 0x0a: // string_value
          this.#content(kindString, p, end)
          break
        case 0x10: // bool_value
          this.#integer(kindBool, p, end)
          break
        case 0x18: // int_value
          this.#integer(kindInt, p, end)
          break
        case 0x21: // double_value
          wire.next = wire.fixed(p, end, 8, valueShape)
          this.#low = fixed32(source, p)
          this.#high = fixed32(source, p + 4)
          this.#kind = kindDouble
          break
        case 0x2a: // array_value
          this.#content(kindArray, p, end)
          break
        case 0x32: // kvlist_value
          this.#content(kindList, p, end)
          break
        case 0x3a: // bytes_value
          this.#content(kindBytes, p, end)
          break
        default:
          wire.next = wire.skip(tag, p, end, valueShape)
      }
      p = wire.next
    }
  }

  #content(kind: number, p: number, end: number): void {
    this.#start = this.#wire.delimited(p, end, valueShape)
    this.#end = this.#wire.next
    this.#kind = kind
  }

  #integer(kind: number, p: number, end: number): void {
    this.#wire.varint64(p, end, valueShape)
    this.#low = this.#wire.low
    this.#high = this.#wire.high
    this.#kind = kind
  }

  #writeInteger(column: StringColumn): void {
    const number = this.#exactInteger()
    if (number === undefined) column.appendText(this.#integerText())
    else column.appendInteger(number)
  }

  #integerText(): string {
    const number = this.#exactInteger()
    if (number !== undefined) return String(number)
    return BigInt.asIntN(64, (BigInt(this.#high) << 32n) | BigInt(this.#low)).toString()
  }

  /** 2^21 high words are 2^53: up to there a number holds the integer exactly. */
  #exactInteger(): number | undefined {
    const high = this.#high | 0
    return high >= -0x200000 && high < 0x200000 ? high * 0x100000000 + this.#low : undefined
  }

  #double(): number {
    this.#float.setUint32(0, this.#low, true)
    this.#float.setUint32(4, this.#high, true)
    return this.#float.getFloat64(0, true)
  }

  #composite(kind: number, start: number, end: number, depth: number): string {
    if (depth > this.#nestingMax) {
      throw new ItemRejection(
        `a value is nested deeper than ${this.#nestingMax} levels, ` +
          `wanted at most ${this.#nestingMax}`,
      )
    }
    return kind === kindArray ? this.#array(start, end, depth) : this.#list(start, end, depth)
  }

  #array(start: number, end: number, depth: number): string {
    const wire = this.#wire
    const parts: string[] = []
    for (let p = start; p < end; p = wire.next) {
      const tag = wire.varint32(p, end, arrayShape)
      p = wire.next
      if (tag === 0x0a) {
        const at = wire.delimited(p, end, arrayShape)
        const after = wire.next
        parts.push(this.#json(at, after, depth))
        wire.next = after
      } else wire.next = wire.skip(tag, p, end, arrayShape)
    }
    return `[${parts.join(',')}]`
  }

  /**
   * Keys are sorted and of equal keys the last counts, as in the stock exporter, so equal lists
   * give equal text.
   */
  #list(start: number, end: number, depth: number): string {
    const wire = this.#wire
    const parts = new Map<string, string>()
    for (let p = start; p < end; p = wire.next) {
      const tag = wire.varint32(p, end, listShape)
      p = wire.next
      if (tag === 0x0a) {
        const at = wire.delimited(p, end, listShape)
        const after = wire.next
        this.#entry(at, after, depth, parts)
        wire.next = after
      } else wire.next = wire.skip(tag, p, end, listShape)
    }
    const keys = [...parts.keys()].toSorted(byCodeUnits)
    return `{${keys.map((key) => `${JSON.stringify(key)}:${parts.get(key)}`).join(',')}}`
  }

  #entry(start: number, end: number, depth: number, parts: Map<string, string>): void {
    const wire = this.#wire
    let key = ''
    let valueStart = end
    let valueEnd = end
    for (let p = start; p < end; p = wire.next) {
      const tag = wire.varint32(p, end, entryShape)
      p = wire.next
      if (tag === 0x0a) {
        const at = wire.delimited(p, end, entryShape)
        key = this.#text(at, wire.next)
      } else if (tag === 0x12) {
        valueStart = wire.delimited(p, end, entryShape)
        valueEnd = wire.next
      } else wire.next = wire.skip(tag, p, end, entryShape)
    }
    parts.set(key, this.#json(valueStart, valueEnd, depth))
  }

  #json(start: number, end: number, depth: number): string {
    if (++this.#nestedValues > this.#nestedValuesMax) {
      throw new ItemRejection(
        `a value holds more than ${this.#nestedValuesMax} values, ` +
          `wanted at most ${this.#nestedValuesMax}`,
      )
    }
    this.#read(start, end)
    switch (this.#kind) {
      case kindString:
        return JSON.stringify(this.#text(this.#start, this.#end))
      case kindInt:
        return this.#integerText()
      case kindBool:
        return this.#low === 0 && this.#high === 0 ? 'false' : 'true'
      case kindDouble: {
        const value = this.#double()
        return Number.isFinite(value) ? numberText(value) : `"${value}"`
      }
      case kindBytes: {
        const { buffer, byteOffset } = this.#wire.source
        const bytes = Buffer.from(buffer, byteOffset + this.#start, this.#end - this.#start)
        return `"${bytes.toString('base64')}"`
      }
      case kindNone:
        return 'null'
      default:
        return this.#composite(this.#kind, this.#start, this.#end, depth + 1)
    }
  }

  #text(start: number, end: number): string {
    const { buffer, byteOffset } = this.#wire.source
    return Buffer.from(buffer, byteOffset + start, end - start).toString('utf8')
  }
}

/**
 * As JavaScript writes numbers, but with the sign of -0, as Go and so the stock exporter have it.
 */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function byCodeUnits(a: string, b: string): number {
  return a < b ? -1 : 1
}
