// Numbers of up to 64 bits that are set, in the types of C.
import { Cell } from '../file/cell.ts'
import type { RecordSpec } from '../format/record.ts'
import { type FieldPlan, type FieldSettings, planOf } from './field.ts'

/** A number that is set; whole ones wrap to their type, as in C. */
export interface NumberField {
  readonly [planOf]: FieldPlan
  get value(): number
  set value(value: number)
}

type Get = (view: DataView, at: number) => number
type Set = (view: DataView, at: number, value: number) => void

/** A number of 64 bits with a fraction, for fields that are made of several. */
export class DoubleCell implements NumberField {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell

  constructor(label: string | undefined) {
    this.#cell = new Cell(8, true)
    this[planOf] = { label, spec: specOf('d', 'double'), cell: this.#cell }
  }

  get value(): number {
    return this.#cell.view.getFloat64(this.#cell.current(), true)
  }

  set value(value: number) {
    this.#cell.setDouble(value)
  }

  /** Sets the value to an element, which takes nothing from the heap. */
  setFrom(values: Float64Array, index: number): void {
    this.#cell.setDoubleFrom(values, index)
  }
}

class NumberCell implements NumberField {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell
  readonly #get: Get
  readonly #set: Set

  constructor(label: string | undefined, spec: RecordSpec, bytes: number, get: Get, set: Set) {
    this.#cell = new Cell(bytes, spec.isBuffered)
    this.#get = get
    this.#set = set
    this[planOf] = { label, spec, cell: this.#cell }
  }

  get value(): number {
    return this.#get(this.#cell.view, this.#cell.current())
  }

  set value(value: number) {
    this.#set(this.#cell.view, this.#cell.next(), value)
    this.#cell.publish()
  }
}

function specOf(type: string, dataType: RecordSpec['dataType'], isBuffered = true): RecordSpec {
  return { type, isBuffered, dataType, metric: 'gauge' }
}

const getInt32: Get = (view, at) => view.getInt32(at, true)
const setInt32: Set = (view, at, value) => view.setInt32(at, value, true)
const getUint32: Get = (view, at) => view.getUint32(at, true)
const getInt16: Get = (view, at) => view.getInt16(at, true)
const setInt16: Set = (view, at, value) => view.setInt16(at, value, true)
const getUint16: Get = (view, at) => view.getUint16(at, true)
const getFloat32: Get = (view, at) => view.getFloat32(at, true)
const setFloat32: Set = (view, at, value) => view.setFloat32(at, value, true)
const getInt8: Get = (view, at) => view.getInt8(at)
const setInt8: Set = (view, at, value) => view.setInt8(at, value)

/** A number of 64 bits with a fraction. */
export function double({ label }: FieldSettings = {}): NumberField {
  return new DoubleCell(label)
}

/** A number of 32 bits with a fraction. */
export function float({ label }: FieldSettings = {}): NumberField {
  return new NumberCell(label, specOf('f', 'float'), 4, getFloat32, setFloat32)
}

/** A whole number of 32 bits, from 0. */
export function uint({ label }: FieldSettings = {}): NumberField {
  return new NumberCell(label, specOf('I', 'uint'), 4, getUint32, setInt32)
}

/** A whole number of 32 bits with a sign. */
export function int({ label }: FieldSettings = {}): NumberField {
  return new NumberCell(label, specOf('i', 'int'), 4, getInt32, setInt32)
}

/** A whole number of 16 bits with a sign. */
export function short({ label }: FieldSettings = {}): NumberField {
  return new NumberCell(label, specOf('h', 'short'), 2, getInt16, setInt16)
}

/** A whole number of 16 bits, from 0. */
export function ushort({ label }: FieldSettings = {}): NumberField {
  return new NumberCell(label, specOf('H', 'ushort'), 2, getUint16, setInt16)
}

/** A whole number of 8 bits with a sign. */
export function byte({ label }: FieldSettings = {}): NumberField {
  return new NumberCell(label, specOf('b', 'byte', false), 1, getInt8, setInt8)
}
