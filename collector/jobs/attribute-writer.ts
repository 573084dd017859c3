// Hot: a report of a run has some thirty attributes, each of which goes straight into the bytes of
// a request. As objects for a general writer they were a sixth of what a report cost
// (`npm run bench -- jobs`).
import type { ProtobufWriter } from '@wayward/otlp'

/** Fields of `KeyValue`, `AnyValue` and `ArrayValue` in opentelemetry/proto/common/v1. */
const keyField = 1
const valueField = 2
const anyValue = { text: 1, int: 3, double: 4, array: 5 } as const
const arrayValuesField = 1

/** Writes attributes into a message; what is undefined is not written. */
export class AttributeWriter {
  /** The field that has the attributes in the message. */
  field = 0
  readonly #writer: ProtobufWriter
  #outer = 0

  constructor(writer: ProtobufWriter) {
    this.#writer = writer
  }

  text(key: string, value: string | undefined): void {
    if (value === undefined) return
    const start = this.#begin(key)
    this.#writer.string(anyValue.text, value)
    this.#end(start)
  }

  texts(key: string, values: readonly string[] | undefined): void {
    if (values === undefined) return
    const writer = this.#writer
    const start = this.#begin(key)
    const array = writer.begin(anyValue.array)
    for (const value of values) {
      const one = writer.begin(arrayValuesField)
      writer.string(anyValue.text, value)
      writer.end(one)
    }
    writer.end(array)
    this.#end(start)
  }

  /** A whole number; fractions are rounded. */
  integer(key: string, value: number | bigint | undefined): void {
    if (value === undefined) return
    const start = this.#begin(key)
    const whole = typeof value === 'bigint' ? value : Math.round(value)
    this.#writer.integer(anyValue.int, whole)
    this.#end(start)
  }

  double(key: string, value: number | undefined): void {
    if (value === undefined) return
    const start = this.#begin(key)
    this.#writer.double(anyValue.double, value)
    this.#end(start)
  }

  /** A time, as text. */
  time(key: string, ms: number | undefined): void {
    if (ms !== undefined) this.text(key, toRfc3339(ms))
  }

  json(key: string, value: object | undefined): void {
    if (value !== undefined) this.text(key, JSON.stringify(value))
  }

  #begin(key: string): number {
    this.#outer = this.#writer.begin(this.field)
    this.#writer.string(keyField, key)
    return this.#writer.begin(valueField)
  }

  #end(start: number): void {
    this.#writer.end(start)
    this.#writer.end(this.#outer)
  }
}

/** Milliseconds with fractions have microseconds; more digits are not there. */
export function toNano(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n
}

/** A report names few times, and most of them twice: the texts of the last ones are kept. */
let lastSecond = Number.NaN
let lastSecondText = ''
let lastMs = Number.NaN
let lastText = ''

/** RFC 3339 with nanoseconds, UTC. */
function toRfc3339(ms: number): string {
  if (ms === lastMs) return lastText
  const micros = Math.round(ms * 1000)
  const second = Math.floor(micros / 1e6)
  if (second !== lastSecond) {
    lastSecondText = new Date(second * 1000).toISOString().slice(0, 19)
    lastSecond = second
  }
  lastText = `${lastSecondText}.${String(micros - second * 1e6).padStart(6, '0')}000Z`
  lastMs = ms
  return lastText
}
