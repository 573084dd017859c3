import {
  exponentialBuckets,
  exponentialHistogramDataPoint,
  fixed32,
  type MessageShape,
  shapeOf,
} from '@wayward/otlp'
import type { UInt64Column } from '@wayward/clickhouse'
import type { ExponentialHistogramColumns } from './metrics-columns.ts'
import { NumberCell } from './number-cell.ts'
import { PackedNumbers } from './packed-numbers.ts'
import type { PointParts, PointValues } from './point-values.ts'

/** The points of exponential histograms. */
export class ExponentialHistogramValues implements PointValues {
  readonly shape = shapeOf('', exponentialHistogramDataPoint)
  readonly tags = { attributes: 0x0a, flags: 0x50, exemplars: 0x5a }
  readonly #parts: PointParts
  readonly #columns: ExponentialHistogramColumns
  readonly #positive: Buckets
  readonly #negative: Buckets
  #scale = 0
  #countLow = 0
  #countHigh = 0
  #zeroLow = 0
  #zeroHigh = 0
  readonly #sum = new NumberCell()
  readonly #min = new NumberCell()
  readonly #max = new NumberCell()

  constructor(parts: PointParts, columns: ExponentialHistogramColumns) {
    this.#parts = parts
    this.#columns = columns
    this.#positive = new Buckets(parts, columns.positive, 'positive')
    this.#negative = new Buckets(parts, columns.negative, 'negative')
  }

  begin(): void {
    this.#scale = 0
    this.#countLow = this.#countHigh = this.#zeroLow = this.#zeroHigh = 0
    this.#sum.clear()
    this.#min.clear()
    this.#max.clear()
    this.#positive.begin()
    this.#negative.begin()
  }

  readField(tag: number, p: number, end: number): number {
    const { shape } = this
    const { wire } = this.#parts
    switch (tag) {
      case 0x42: // positive
        return this.#positive.read(p, end, shape)
      case 0x4a: // negative
        return this.#negative.read(p, end, shape)
      case 0x30: // scale
        wire.varint64(p, end, shape)
        this.#scale = signed(wire.low)
        return wire.next
      case 0x21: // count
        wire.fixed(p, end, 8, shape)
        this.#countLow = fixed32(wire.source, p)
        this.#countHigh = fixed32(wire.source, p + 4)
        return p + 8
      case 0x39: // zero_count
        wire.fixed(p, end, 8, shape)
        this.#zeroLow = fixed32(wire.source, p)
        this.#zeroHigh = fixed32(wire.source, p + 4)
        return p + 8
      case 0x29: // sum
        return this.#readDouble(this.#sum, p, end)
      case 0x61: // min
        return this.#readDouble(this.#min, p, end)
      case 0x69: // max
        return this.#readDouble(this.#max, p, end)
      case 0x71: // zero_threshold, for which the stock table has no column
        return wire.fixed(p, end, 8, shape)
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
    return true
  }

  check(): void {}

  append(): void {
    const columns = this.#columns
    const positive = this.#positive
    const negative = this.#negative
    const sum = this.#sum
    const min = this.#min
    const max = this.#max
    columns.count.append(this.#countLow, this.#countHigh)
    columns.sum.append(sum.low, sum.high)
    columns.scale.append(this.#scale)
    columns.zeroCount.append(this.#zeroLow, this.#zeroHigh)
    columns.positiveOffset.append(positive.offset)
    columns.positiveEnds.append(columns.positive.count, 0)
    columns.negativeOffset.append(negative.offset)
    columns.negativeEnds.append(columns.negative.count, 0)
    columns.min.append(min.low, min.high)
    columns.max.append(max.low, max.high)
    columns.temporality.append(this.#parts.metric.temporality)
  }

  takeBack(): void {
    this.#positive.takeBack()
    this.#negative.takeBack()
  }
}

/** The buckets on one side of zero. */
class Buckets {
  offset = 0
  readonly #parts: PointParts
  readonly #counts: PackedNumbers
  readonly #shape: MessageShape

  constructor(parts: PointParts, column: UInt64Column, side: string) {
    const { wire, limits } = parts
    const name = `${side}.bucket_counts`
    this.#parts = parts
    this.#counts = new PackedNumbers({ wire, column, name, countMax: limits.bucketsMax })
    this.#shape = shapeOf(side, exponentialBuckets)
  }

  begin(): void {
    this.offset = 0
    this.#counts.begin()
  }

  /** Reads the field of this side. @returns the position after it */
  read(start: number, pointEnd: number, pointShape: MessageShape): number {
    const shape = this.#shape
    const counts = this.#counts
    const { wire } = this.#parts
    let p = wire.delimited(start, pointEnd, pointShape)
    const end = wire.next
    while (p < end) {
      const tag = wire.varint32(p, end, shape)
      p = wire.next
      if (tag === 0x12) p = counts.readVarints(p, end, shape)
      else if (tag === 0x10) p = counts.readOneVarint(p, end, shape)
      else if (tag === 0x08) {
        wire.varint64(p, end, shape)
        this.offset = signed(wire.low)
        p = wire.next
      } else p = wire.skip(tag, p, end, shape)
    }
    return end
  }

  takeBack(): void {
    this.#counts.takeBack()
  }
}

/** Protobuf's zigzag: 0, -1, 1, -2, … are written as 0, 1, 2, 3, … */
function signed(zigzag: number): number {
  return (zigzag >>> 1) ^ -(zigzag & 1)
}
