// Arrays of version 2: the last values, or a sample of all of them.
import { Cell } from '../file/cell.ts'
import type { RecordSpec } from '../format/record.ts'
import { type FieldPlan, type FieldSettings, planOf } from './field.ts'

/** Whole numbers of 32 bits, from 0, that are kept as an array; needs version 2 of the format. */
export interface ArrayField {
  readonly [planOf]: FieldPlan
  add(value: number): void
}

/** An array's settings. */
export interface ArraySettings extends FieldSettings {
  /** How many values are kept. @default 1027 */
  readonly size?: number
}

/** A sample's settings. */
export interface SampleSettings extends ArraySettings {
  /** Numbers from 0 to 1. @default Math.random */
  readonly random?: () => number
}

/** A decaying sample's settings. */
export interface DecaySettings extends SampleSettings {
  /** How fast old values lose weight, for each second. @default 0.0015 */
  readonly alpha?: number
  /** The time in seconds. @default a clock that does not jump */
  readonly clock?: () => number
}

// Four bytes before the slots: the offset of the next slot to be written, and the size.
const headBytes = 4
const valueBytes = 4

class RingCell implements ArrayField {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell
  readonly #slots: number

  constructor(label: string | undefined, size: number, dataType: RecordSpec['dataType']) {
    if (!(Number.isInteger(size) && size >= 1 && size < 65_535)) {
      throw new RangeError(`Cannot keep an array of ${size} values; wanted 1 to 65534`)
    }
    this.#slots = size + 1
    this.#cell = new Cell(headBytes + this.#slots * valueBytes, false)
    this.#cell.view.setUint16(this.#cell.next() + 2, size, true)
    const spec: RecordSpec = {
      type: 'I',
      isBuffered: false,
      dataType,
      metric: 'gauge',
      arraySize: size,
    }
    this[planOf] = { label, spec, cell: this.#cell }
  }

  /** Writes the slot that readers leave out, then lets them leave out the next. */
  add(value: number): void {
    const { view } = this.#cell
    const at = this.#cell.next()
    const offset = view.getUint16(at, true)
    view.setUint32(at + headBytes + offset * valueBytes, value, true)
    view.setUint16(at, (offset + 1) % this.#slots, true)
    this.#cell.publish()
  }

  set(index: number, value: number): void {
    const at = this.#cell.next()
    const offset = this.#cell.view.getUint16(at, true)
    const slot = (offset + 1 + index) % this.#slots
    this.#cell.view.setUint32(at + headBytes + slot * valueBytes, value, true)
    this.#cell.publish()
  }
}

/** The last `size` values. */
export function array({ label, size = 1027 }: ArraySettings = {}): ArrayField {
  return new RingCell(label, size, 'uintArray')
}

/** A sample of all values in which each has the same chance (a reservoir). */
export function reservoir({
  label,
  size = 1027,
  random = Math.random,
}: SampleSettings = {}): ArrayField {
  const ring = new RingCell(label, size, 'uintArraySampled')
  let seen = 0
  return {
    [planOf]: ring[planOf],
    add: (value) => {
      seen++
      if (seen <= size) ring.add(value)
      else {
        const index = Math.floor(random() * seen)
        if (index < size) ring.set(index, value)
      }
    },
  }
}

/** A sample in which newer values have a better chance than older ones. */
export function decayingReservoir({
  label,
  size = 1027,
  alpha = 0.0015,
  random = Math.random,
  clock = () => performance.now() / 1000,
}: DecaySettings = {}): ArrayField {
  const ring = new RingCell(label, size, 'uintArrayDecaySampled')
  const start = clock()
  // The logarithm of a value's priority, so that a long run does not overflow.
  const priorities: number[] = []
  return {
    [planOf]: ring[planOf],
    add: (value) => {
      const priority = alpha * (clock() - start) - Math.log(1 - random())
      if (priorities.length < size) {
        ring.add(value)
        priorities.push(priority)
        return
      }
      let least = 0
      for (let index = 1; index < size; index++) {
        if ((priorities[index] ?? 0) < (priorities[least] ?? 0)) least = index
      }
      if ((priorities[least] ?? 0) >= priority) return
      priorities[least] = priority
      ring.set(least, value)
    },
  }
}
