// Writes attributes and times of OTLP. Hot in the worker: an attribute of a record is short, and is
// written in one go, its lengths afterwards into the bytes left for them.
import type { ProtobufWriter } from '@wayward/otlp'

/** What an attribute may be, as OpenTelemetry's API has it. */
export type AttributeValue =
  | string
  | number
  | boolean
  | readonly (string | null | undefined)[]
  | readonly (number | null | undefined)[]
  | readonly (boolean | null | undefined)[]
  | undefined

/** `KeyValue` and `AnyValue` of opentelemetry/proto/common/v1/common.proto. */
const keyField = 1
const valueField = 2
const anyValue = { text: 1, bool: 2, int: 3, double: 4, array: 5 } as const
const arrayValuesField = 1
/** Tags of fields as they are on the wire: number and form in one byte. */
const tagOf = (field: number, form: 0 | 1 | 2): number => field * 8 + form
/** What is shorter has a length of one byte. */
const shortBytes = 128
const varintBytesMax = 10

/** A key, and what stands before the value of each attribute that has it. */
export class AttributeKey {
  readonly name: string
  /** The key's field and the value's tag. */
  readonly head: Uint8Array

  constructor(name: string) {
    this.name = name
    const key = Buffer.from(name)
    this.head = Uint8Array.of(tagOf(keyField, 2), key.length, ...key, tagOf(valueField, 2))
  }
}

/** Writes attributes one by one into a message. */
export class AttributeWriter {
  /** The number of the field that has the attributes in the message; below 16. */
  field = 0
  readonly #writer: ProtobufWriter
  #outer = 0

  constructor(writer: ProtobufWriter) {
    this.#writer = writer
  }

  text(key: AttributeKey, value: string): void {
    const { length } = value
    const total = key.head.length + 3 + length
    if (total >= shortBytes || !this.#shortText(key, value, total)) this.#any(key.name, value)
  }

  bool(key: AttributeKey, value: boolean): void {
    const writer = this.#writer
    const start = this.#beginShort(key, 2)
    writer.bytes[writer.used++] = tagOf(anyValue.bool, 0)
    writer.bytes[writer.used++] = value ? 1 : 0
    this.#endShort(start, key)
  }

  /** Whole numbers are integers, as OpenTelemetry's own exporters have it. */
  number(key: AttributeKey, value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      this.#any(key.name, value)
      return
    }
    const start = this.#beginShort(key, 1 + varintBytesMax)
    const { bytes } = this.#writer
    let at = this.#writer.used
    bytes[at++] = tagOf(anyValue.int, 0)
    let rest = value
    while (rest > 127) {
      bytes[at++] = (rest % 128) + 128
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7
    }
    bytes[at++] = rest
    this.#writer.used = at
    this.#endShort(start, key)
  }

  texts(key: AttributeKey, values: readonly string[]): void {
    this.#array(key.name, values)
  }

  /** What OpenTelemetry lets an attribute be. */
  any(name: string, value: AttributeValue): void {
    if (Array.isArray(value)) this.#array(name, value)
    else this.#any(name, value)
  }

  /** Only where the text is ASCII. @returns whether it is written */
  #shortText(key: AttributeKey, value: string, total: number): boolean {
    const writer = this.#writer
    writer.reserve(total + 2)
    const { bytes, used } = writer
    const { length } = value
    let at = this.#head(key, total)
    bytes[at++] = length + 2
    bytes[at++] = tagOf(anyValue.text, 2)
    bytes[at++] = length
    for (let index = 0; index < length; index++) {
      const unit = value.charCodeAt(index)
      if (unit > 127) {
        writer.used = used
        return false
      }
      bytes[at++] = unit
    }
    writer.used = at
    return true
  }

  /** @returns where the attribute's content begins; the value's length is left open */
  #beginShort(key: AttributeKey, valueBytesMax: number): number {
    const writer = this.#writer
    writer.reserve(key.head.length + 3 + valueBytesMax)
    const start = writer.used + 2
    writer.used = this.#head(key, 0) + 1
    return start
  }

  #endShort(start: number, { head }: AttributeKey): void {
    const { bytes, used } = this.#writer
    bytes[start - 1] = used - start
    const valueAt = start + head.length
    bytes[valueAt] = used - valueAt - 1
  }

  /** @returns where the value's length stands */
  #head({ head }: AttributeKey, total: number): number {
    const { bytes, used } = this.#writer
    bytes[used] = tagOf(this.field, 2)
    bytes[used + 1] = total
    for (let index = 0; index < head.length; index++)
      bytes[used + 2 + index] = head[index] as number
    return used + 2 + head.length
  }

  #any(name: string, value: unknown): void {
    const start = this.#begin(name)
    this.#value(value)
    this.#end(start)
  }

  #value(value: unknown): void {
    const writer = this.#writer
    if (typeof value === 'string') writer.string(anyValue.text, value)
    else if (typeof value === 'boolean') writer.bool(anyValue.bool, value)
    else if (typeof value !== 'number') return
    else if (Number.isSafeInteger(value)) writer.integer(anyValue.int, value)
    else writer.double(anyValue.double, value)
  }

  #array(name: string, values: readonly unknown[]): void {
    const writer = this.#writer
    const start = this.#begin(name)
    const array = writer.begin(anyValue.array)
    for (const value of values) {
      const element = writer.begin(arrayValuesField)
      this.#value(value)
      writer.end(element)
    }
    writer.end(array)
    this.#end(start)
  }

  #begin(name: string): number {
    const writer = this.#writer
    this.#outer = writer.begin(this.field)
    writer.string(keyField, name)
    return writer.begin(valueField)
  }

  #end(start: number): void {
    this.#writer.end(start)
    this.#writer.end(this.#outer)
  }
}

/** Nanoseconds since 1970 as `fixed64`. */
export function writeTime(
  writer: ProtobufWriter,
  field: number,
  seconds: number,
  ns: number,
): void {
  // Beyond what a number holds exactly: counted in two halves of the seconds.
  const whole = seconds >>> 0
  const upper = (whole >>> 16) * 1e9
  const lower = (upper % 65_536) * 65_536 + (whole & 0xffff) * 1e9 + ns
  const word = 0x1_0000_0000
  writer.tag(field, 1)
  writer.fixed32Only(lower % word)
  writer.fixed32Only(Math.floor(upper / 65_536) + Math.floor(lower / word))
}
