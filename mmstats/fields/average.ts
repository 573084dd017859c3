// Means: of all values, and of the last ones.
import { Cell } from '../file/cell.ts'
import type { RecordSpec } from '../format/record.ts'
import { type FieldPlan, type FieldSettings, planOf } from './field.ts'

/** A mean of what is added. */
export interface AverageField {
  readonly [planOf]: FieldPlan
  readonly value: number
  add(value: number): void
}

/** A size of a moving mean. */
export interface WindowSettings extends FieldSettings {
  /** How many of the last values count. @default 100 */
  readonly size?: number
}

/**
 * A mean takes a value from an array and leaves its result in one: what goes into a function or
 * comes out of it can be a new object.
 */
interface Mean {
  readonly result: Float64Array
  addFrom(values: Float64Array): void
}

/** A field that shows a mean. */
export class MeanField implements AverageField {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell
  readonly #mean: Mean
  readonly #added = new Float64Array(1)

  constructor(label: string | undefined, dataType: RecordSpec['dataType'], mean: Mean) {
    this.#cell = new Cell(8, true)
    this.#mean = mean
    const spec: RecordSpec = { type: 'd', isBuffered: true, dataType, metric: 'gauge' }
    this[planOf] = { label, spec, cell: this.#cell }
  }

  get value(): number {
    return this.#cell.view.getFloat64(this.#cell.current(), true)
  }

  add(value: number): void {
    this.#added[0] = value
    this.addFrom(this.#added)
  }

  /** Adds the first of the values. */
  addFrom(values: Float64Array): void {
    const mean = this.#mean
    mean.addFrom(values)
    this.#cell.setDoubleFrom(mean.result, 0)
  }
}

class TotalMean implements Mean {
  readonly result = new Float64Array(1)
  #total = 0
  #count = 0

  addFrom(values: Float64Array): void {
    this.#total += values[0] as number
    this.#count++
    this.result[0] = this.#total / this.#count
  }
}

/** The mean of the last values. */
export class MovingMean implements Mean {
  readonly result = new Float64Array(1)
  readonly #values: Float64Array
  /**
   * The sum, and what rounding has cost it (Neumaier): large values that leave take nothing with
   * them. In an array, because a number in a field can be an object of its own.
   */
  readonly #sums = new Float64Array(2)
  #count = 0
  #next = 0

  constructor(size: number) {
    if (!(Number.isInteger(size) && size >= 1 && size <= 1_000_000)) {
      throw new RangeError(`Cannot average over ${size} values; wanted 1 to 1000000`)
    }
    this.#values = new Float64Array(size)
  }

  addFrom(added: Float64Array): void {
    const values = this.#values
    const sums = this.#sums
    take(sums, values, this.#next, -1)
    take(sums, added, 0, 1)
    values[this.#next] = added[0] as number
    this.#next++
    if (this.#count < values.length) this.#count++
    // Once a round, so that the rounding of values long gone does not stay in the sum.
    if (this.#next === values.length) {
      this.#next = 0
      this.#sumAll()
    }
    // Once it is not finite the sum says nothing; its values may have left.
    else if (!Number.isFinite(sums[0])) this.#sumAll()
    this.result[0] = ((sums[0] as number) + (sums[1] as number)) / this.#count
  }

  #sumAll(): void {
    const sums = this.#sums
    sums[0] = sums[1] = 0
    const values = this.#values
    for (let index = 0; index < values.length; index++) take(sums, values, index, 1)
    if (!Number.isFinite(sums[0])) sums[1] = 0
  }
}

/** Adds one of the values to a sum, and what is lost of it to what was lost. */
function take(sums: Float64Array, values: Float64Array, index: number, sign: 1 | -1): void {
  const value = (values[index] as number) * sign
  const before = sums[0] as number
  const sum = before + value
  const isLarger = Math.abs(before) >= Math.abs(value)
  sums[1] = (sums[1] as number) + (isLarger ? before - sum + value : value - sum + before)
  sums[0] = sum
}

/** The mean of all values since the start. */
export function average({ label }: FieldSettings = {}): AverageField {
  return new MeanField(label, 'average', new TotalMean())
}

/** The mean of the last `size` values. */
export function movingAverage({ label, size = 100 }: WindowSettings = {}): AverageField {
  return new MeanField(label, 'movingAverage', new MovingMean(size))
}
