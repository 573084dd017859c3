import { numberDataPoint, shapeOf } from '@wayward/otlp'
import type { NumberColumns, SumColumns } from './metrics-columns.ts'
import { NumberCell } from './number-cell.ts'
import type { PointParts, PointValues } from './point-values.ts'

const flagNoRecordedValue = 1

/** The points of gauges and sums: one number each. */
export class NumberValues implements PointValues {
  readonly shape = shapeOf('', numberDataPoint)
  readonly tags = { attributes: 0x3a, flags: 0x40, exemplars: 0x2a }
  readonly #parts: PointParts
  readonly #columns: NumberColumns
  readonly #sums: SumColumns | undefined
  readonly #value = new NumberCell()

  /** @param sums what the table of sums has besides; a gauge has none of it */
  constructor(parts: PointParts, columns: NumberColumns, sums: SumColumns | undefined) {
    this.#parts = parts
    this.#columns = columns
    this.#sums = sums
  }

  begin(): void {
    this.#value.clear()
  }

  readField(tag: number, p: number, end: number): number {
    const { wire } = this.#parts
    if (tag !== 0x21 && tag !== 0x31) return wire.skip(tag, p, end, this.shape)
    const after = wire.fixed(p, end, 8, this.shape)
    if (tag === 0x21) this.#value.readDouble(wire.source, p)
    else this.#value.readInteger(wire.source, p)
    return after
  }

  isGood(): boolean {
    return true
  }

  check(): void {}

  append(flags: number): void {
    const columns = this.#columns
    const sums = this.#sums
    const value = this.#value
    const { tally, metric } = this.#parts
    if (!value.isSet && (flags & flagNoRecordedValue) === 0) {
      tally.warn('A data point has no value, nor a flag that says so, and is stored as 0')
    }
    columns.value.append(value.low, value.high)
    if (sums === undefined) return
    sums.temporality.append(metric.temporality)
    sums.isMonotonic.append(metric.isMonotonic ? 1 : 0)
  }

  takeBack(): void {}
}
