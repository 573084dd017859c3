import type { Attributes } from '@opentelemetry/api'
import type { ProtobufWriter } from '@wayward/otlp'

/** `KeyValue` and `AnyValue` of opentelemetry/proto/common/v1/common.proto. */
const keyField = 1
const valueField = 2
const anyValue = { text: 1, bool: 2, int: 3, double: 4, array: 5 } as const
const arrayValuesField = 1

/** Writes attributes one by one into a message. */
export class AttributeWriter {
  /** The number of the field that has the attributes in the message. */
  field = 0
  readonly #writer: ProtobufWriter
  #outer = 0

  constructor(writer: ProtobufWriter) {
    this.#writer = writer
  }

  text(key: string, value: string): void {
    const start = this.#begin(key)
    this.#writer.string(anyValue.text, value)
    this.#end(start)
  }

  bool(key: string, value: boolean): void {
    const start = this.#begin(key)
    this.#writer.bool(anyValue.bool, value)
    this.#end(start)
  }

  number(key: string, value: number): void {
    const start = this.#begin(key)
    this.#number(value)
    this.#end(start)
  }

  texts(key: string, values: readonly string[]): void {
    this.#array(key, values, (value) => this.#writer.string(anyValue.text, value))
  }

  /** What OpenTelemetry lets an attribute be. */
  any(key: string, value: Attributes[string]): void {
    if (Array.isArray(value)) {
      this.#array(key, value as unknown[], (part) => this.#any(part))
      return
    }
    const start = this.#begin(key)
    this.#any(value)
    this.#end(start)
  }

  #any(value: unknown): void {
    if (typeof value === 'string') this.#writer.string(anyValue.text, value)
    else if (typeof value === 'boolean') this.#writer.bool(anyValue.bool, value)
    else if (typeof value === 'number') this.#number(value)
  }

  /** Whole numbers are integers, as OpenTelemetry's own exporters have it. */
  #number(value: number): void {
    if (Number.isSafeInteger(value)) this.#writer.integer(anyValue.int, value)
    else this.#writer.double(anyValue.double, value)
  }

  #array<T>(key: string, values: readonly T[], write: (value: T) => void): void {
    const writer = this.#writer
    const start = this.#begin(key)
    const array = writer.begin(anyValue.array)
    for (const value of values) {
      const element = writer.begin(arrayValuesField)
      write(value)
      writer.end(element)
    }
    writer.end(array)
    this.#end(start)
  }

  #begin(key: string): number {
    const writer = this.#writer
    this.#outer = writer.begin(this.field)
    writer.string(keyField, key)
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
