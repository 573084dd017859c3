import { fixed32, quantileValue, shapeOf, summaryDataPoint } from '@wayward/otlp'
import type { SummaryColumns } from './metrics-columns.ts'
import { NumberCell } from './number-cell.ts'
import type { PointParts, PointValues } from './point-values.ts'
import { ItemRejection } from './tally.ts'

const quantileShape = shapeOf('quantile_values', quantileValue)

/** The points of summaries. */
export class SummaryValues implements PointValues {
  readonly shape = shapeOf('', summaryDataPoint)
  /** A summary has no exemplars; no field has tag 0. */
  readonly tags = { attributes: 0x3a, flags: 0x40, exemplars: 0 }
  readonly #parts: PointParts
  readonly #columns: SummaryColumns
  readonly #quantilesMax: number
  #quantiles = 0
  #countLow = 0
  #countHigh = 0
  readonly #sum = new NumberCell()
  readonly #quantile = new NumberCell()
  readonly #value = new NumberCell()

  constructor(parts: PointParts, columns: SummaryColumns) {
    this.#parts = parts
    this.#columns = columns
    this.#quantilesMax = parts.limits.quantilesMax
  }

  begin(): void {
    this.#quantiles = 0
    this.#countLow = this.#countHigh = 0
    this.#sum.clear()
    this.#columns.quantile.mark(1)
    this.#columns.quantileValue.mark(1)
  }

  readField(tag: number, p: number, end: number): number {
    const { shape } = this
    const { wire } = this.#parts
    switch (tag) {
      case 0x32: {
        // quantile_values
        const at = wire.delimited(p, end, shape)
        const after = wire.next
        this.#readQuantile(at, after)
        return after
      }
      case 0x21: // count
        wire.fixed(p, end, 8, shape)
        this.#countLow = fixed32(wire.source, p)
        this.#countHigh = fixed32(wire.source, p + 4)
        return p + 8
      case 0x29: // sum
        wire.fixed(p, end, 8, shape)
        this.#sum.readDouble(wire.source, p)
        return p + 8
      default:
        return wire.skip(tag, p, end, shape)
    }
  }

  #readQuantile(start: number, end: number): void {
    const columns = this.#columns
    const quantile = this.#quantile
    const value = this.#value
    const quantilesMax = this.#quantilesMax
    const { wire } = this.#parts
    if (++this.#quantiles > quantilesMax) {
      throw new ItemRejection(
        `quantile_values has more than ${quantilesMax} entries, wanted at most ${quantilesMax}`,
      )
    }
    quantile.clear()
    value.clear()
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, quantileShape)
      p = wire.next
      if (tag === 0x09 || tag === 0x11) {
        p = wire.fixed(p, end, 8, quantileShape)
        if (tag === 0x09) quantile.readDouble(wire.source, p - 8)
        else value.readDouble(wire.source, p - 8)
      } else p = wire.skip(tag, p, end, quantileShape)
    }
    columns.quantile.append(quantile.low, quantile.high)
    columns.quantileValue.append(value.low, value.high)
  }

  isGood(): boolean {
    return true
  }

  check(): void {}

  append(): void {
    const columns = this.#columns
    const sum = this.#sum
    columns.count.append(this.#countLow, this.#countHigh)
    columns.sum.append(sum.low, sum.high)
    columns.quantileEnds.append(columns.quantile.count, 0)
  }

  takeBack(): void {
    this.#columns.quantile.rollback(1)
    this.#columns.quantileValue.rollback(1)
  }
}
