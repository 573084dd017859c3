import { fixed32, histogramDataPoint, shapeOf } from '@wayward/otlp'
import type { HistogramColumns } from './metrics-columns.ts'
import { NumberCell } from './number-cell.ts'
import { PackedNumbers } from './packed-numbers.ts'
import type { PointParts, PointValues } from './point-values.ts'
import { ItemRejection } from './tally.ts'

/** The points of histograms with explicit bounds. */
export class HistogramValues implements PointValues {
  readonly shape = shapeOf('', histogramDataPoint)
  readonly tags = { attributes: 0x4a, flags: 0x50, exemplars: 0x42 }
  readonly #parts: PointParts
  readonly #columns: HistogramColumns
  readonly #buckets: PackedNumbers
  readonly #bounds: PackedNumbers
  #countLow = 0
  #countHigh = 0
  readonly #sum = new NumberCell()
  readonly #min = new NumberCell()
  readonly #max = new NumberCell()

  constructor(parts: PointParts, columns: HistogramColumns) {
    this.#parts = parts
    this.#columns = columns
    const { wire, limits } = parts
    const countMax = limits.bucketsMax
    this.#buckets = new PackedNumbers({
      wire,
      column: columns.buckets,
      name: 'bucket_counts',
      countMax,
    })
    this.#bounds = new PackedNumbers({
      wire,
      column: columns.bounds,
      name: 'explicit_bounds',
      countMax,
    })
  }

  begin(): void {
    this.#countLow = this.#countHigh = 0
    this.#sum.clear()
    this.#min.clear()
    this.#max.clear()
    this.#buckets.begin()
    this.#bounds.begin()
  }

  readField(tag: number, p: number, end: number): number {
    const { shape } = this
    const { wire } = this.#parts
    switch (tag) {
      case 0x32: // bucket_counts
        return this.#buckets.readFixed(p, end, shape)
      case 0x31:
        return this.#buckets.readOneFixed(p, end, shape)
      case 0x3a: // explicit_bounds
        return this.#bounds.readFixed(p, end, shape)
      case 0x39:
        return this.#bounds.readOneFixed(p, end, shape)
      case 0x21: // count
        wire.fixed(p, end, 8, shape)
        this.#countLow = fixed32(wire.source, p)
        this.#countHigh = fixed32(wire.source, p + 4)
        return p + 8
      case 0x29: // sum
        return this.#readDouble(this.#sum, p, end)
      case 0x59: // min
        return this.#readDouble(this.#min, p, end)
      case 0x61: // max
        return this.#readDouble(this.#max, p, end)
      default:
        return wire.skip(tag, p, end, shape)
    }
  }

  #readDouble(cell: NumberCell, p: number, end: number): number {
    const { wire } = this.#parts
    const after = wire.fixed(p, end, 8, this.shape)
    cell.readDouble(wire.source, p)
    return after
  }

  isGood(): boolean {
    const { count } = this.#buckets
    return count === this.#bounds.count + 1 || (count === 0 && this.#bounds.count === 0)
  }

  check(): void {
    if (this.isGood()) return
    throw new ItemRejection(
      `bucket_counts has ${this.#buckets.count} entries and explicit_bounds ` +
        `${this.#bounds.count}, wanted one count more than bounds, or none of both`,
    )
  }

  append(): void {
    const columns = this.#columns
    const sum = this.#sum
    const min = this.#min
    const max = this.#max
    columns.count.append(this.#countLow, this.#countHigh)
    columns.sum.append(sum.low, sum.high)
    columns.bucketEnds.append(columns.buckets.count, 0)
    columns.boundEnds.append(columns.bounds.count, 0)
    columns.min.append(min.low, min.high)
    columns.max.append(max.low, max.high)
    columns.temporality.append(this.#parts.metric.temporality)
  }

  takeBack(): void {
    this.#buckets.takeBack()
    this.#bounds.takeBack()
  }
}
