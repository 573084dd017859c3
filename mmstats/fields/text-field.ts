// Text and truth.
import { Cell } from '../file/cell.ts'
import { readText } from '../format/type-code.ts'
import { type FieldPlan, type FieldSettings, planOf } from './field.ts'

/** A text of limited size. */
export interface StringField {
  readonly [planOf]: FieldPlan
  get value(): string
  /** What does not fit is cut between two characters. */
  set value(value: string)
}

/** True or false. */
export interface BoolField {
  readonly [planOf]: FieldPlan
  get value(): boolean
  set value(value: boolean)
}

const encoder = new TextEncoder()
const textBytesMax = 999_999

class TextCell implements StringField {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell

  constructor(label: string | undefined, size: number) {
    if (!(Number.isInteger(size) && size >= 1 && size <= textBytesMax)) {
      throw new RangeError(`Cannot keep a text of ${size} bytes; wanted 1 to ${textBytesMax}`)
    }
    this.#cell = new Cell(size, false)
    const spec = { type: `${size}s`, isBuffered: false, metric: 'info' } as const
    this[planOf] = { label, cell: this.#cell, spec: { ...spec, dataType: 'string' } }
  }

  get value(): string {
    return readText(this.#cell.view, this.#cell.current(), this.#cell.bytes)
  }

  set value(value: string) {
    const { view, bytes } = this.#cell
    const room = new Uint8Array(view.buffer, view.byteOffset + this.#cell.next(), bytes)
    const { written } = encoder.encodeInto(value, room)
    // As the original does: bytes of an older text stay after the end.
    if (written < bytes) room[written] = 0
    this.#cell.publish()
  }
}

class BoolCell implements BoolField {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell

  constructor(label: string | undefined, initial: boolean) {
    this.#cell = new Cell(1, false)
    const spec = { type: '?', isBuffered: false, dataType: 'bool', metric: 'gauge' } as const
    this[planOf] = { label, cell: this.#cell, spec }
    this.value = initial
  }

  get value(): boolean {
    return this.#cell.view.getUint8(this.#cell.current()) !== 0
  }

  set value(value: boolean) {
    this.#cell.view.setUint8(this.#cell.next(), value ? 1 : 0)
    this.#cell.publish()
  }
}

/** A text of at most `size` bytes of UTF-8 (255). */
export function string({
  label,
  size = 255,
}: FieldSettings & { readonly size?: number } = {}): StringField {
  return new TextCell(label, size)
}

/** True or false, at first `initial` (false). */
export function bool({
  label,
  initial = false,
}: FieldSettings & { readonly initial?: boolean } = {}): BoolField {
  return new BoolCell(label, initial)
}
