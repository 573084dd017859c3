// Fields that show several values: percentiles, the last seconds, and records that are read as one.
import { counter } from './counter.ts'
import { type Field, type FieldParts, type FieldSettings, partsOf } from './field.ts'
import { DoubleCell, type NumberField, uint } from './number-field.ts'

/** Percentiles of the last values: `<label>.p50` and so on, with `.count`, `.min` and `.max`. */
export interface PercentilesField {
  readonly [partsOf]: FieldParts
  add(value: number): void
  /** The value at one of the ranks that were asked for. */
  at(rank: number): number
}

/** The settings of percentiles. */
export interface PercentilesSettings extends FieldSettings {
  /** How many of the last values count. @default 1000 */
  readonly size?: number
  /** The percentiles. @default [50, 75, 95, 98, 99, 99.9] */
  readonly ranks?: readonly number[]
}

const percentilesSizeMax = 100_000

/**
 * Percentiles of the last values, interpolated at p·(n + 1) as the original planned. What is no
 * number is counted and otherwise left out.
 *
 * @param settings - how many values count, and which percentiles are shown
 */
export function percentiles({
  label,
  size = 1000,
  ranks = [50, 75, 95, 98, 99, 99.9],
}: PercentilesSettings = {}): PercentilesField {
  if (!(Number.isInteger(size) && size >= 1 && size <= percentilesSizeMax)) {
    throw new RangeError(`Cannot keep ${size} values; wanted 1 to ${percentilesSizeMax}`)
  }
  for (const rank of ranks) {
    if (!(rank > 0 && rank < 100)) {
      throw new RangeError(`Cannot show the percentile ${rank}; wanted one between 0 and 100`)
    }
  }
  const min = new DoubleCell(undefined)
  const max = new DoubleCell(undefined)
  const count = counter()
  const shown = ranks.map(() => new DoubleCell(undefined))
  const all = [...shown, min, max]
  const last = new SortedWindow(size, [...ranks.map((rank) => rank / 100), 0, 1])
  const names = ranks.map((rank, index) => [`p${String(rank).replace('.', '')}`, shown[index]])
  const fields: Record<string, Field> = { ...Object.fromEntries(names), count, min, max }
  return {
    [partsOf]: { label, fields },
    add: (value) => {
      count.increment()
      if (Number.isNaN(value)) return
      last.add(value)
      last.compute()
      for (let index = 0; index < all.length; index++) all[index]?.setFrom(last.results, index)
    },
    at: (rank) => {
      const field = shown[ranks.indexOf(rank)]
      if (field === undefined) throw new RangeError(`The percentile ${rank} was not asked for`)
      return field.value
    },
  }
}

/**
 * The last values, kept in order: a value takes the place of the oldest by a move of what lies
 * between the two, which allocates nothing. Sorting anew took 40 times as long.
 */
class SortedWindow {
  /** The values at the shares, as of the last `compute`. */
  readonly results: Float64Array
  readonly #shares: Float64Array
  readonly #values: Float64Array
  readonly #sorted: Float64Array
  #used = 0
  #next = 0

  constructor(size: number, shares: readonly number[]) {
    this.results = new Float64Array(shares.length)
    this.#shares = Float64Array.from(shares)
    this.#values = new Float64Array(size)
    this.#sorted = new Float64Array(size)
  }

  add(value: number): void {
    const sorted = this.#sorted
    const isFull = this.#used === sorted.length
    // The place that becomes free: that of the oldest value, or the one after the last.
    const free = isFull ? this.#placeOf(this.#values[this.#next] ?? 0) : this.#used
    let place = this.#placeOf(value)
    if (!isFull) this.#used++
    if (place > free) {
      place--
      sorted.copyWithin(free, free + 1, place + 1)
    } else sorted.copyWithin(place + 1, place, free)
    sorted[place] = value
    this.#values[this.#next] = value
    this.#next = this.#next + 1 === sorted.length ? 0 : this.#next + 1
  }

  /** How many values are less. */
  #placeOf(value: number): number {
    let low = 0
    let high = this.#used
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#sorted[middle] ?? 0) < value) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The value at each share of the sorted ones, between two of them where it falls there. */
  compute(): void {
    const sorted = this.#sorted
    const used = this.#used
    for (let index = 0; index < this.#shares.length; index++) {
      const place = (this.#shares[index] ?? 0) * (used + 1)
      const below = Math.min(Math.max(Math.floor(place), 1), used)
      const low = sorted[below - 1] ?? 0
      const high = below < used ? (sorted[below] ?? low) : low
      const isBetween = place > below && low !== high
      this.results[index] = isBetween ? low + (place - below) * (high - low) : low
    }
  }
}

/** What happened in the last seconds: `<label>.count`, `.sum`, `.mean`, `.min`, `.max`. */
export interface TimeWindowField {
  readonly [partsOf]: FieldParts
  add(value?: number): void
  /** Forgets what is too old; else that happens when a value is added. */
  refresh(): void
  readonly count: number
  readonly sum: number
  readonly mean: number
}

/** The settings of a time window. */
export interface TimeWindowSettings extends FieldSettings {
  /** The window's length. @default 60 */
  readonly seconds?: number
  /** The time in seconds. @default a clock that does not jump */
  readonly clock?: () => number
}

/**
 * Values of the last seconds, in buckets of one second each. A file does not change by itself:
 * what is shown is of the time of the last `add` or `refresh`.
 */
export function timeWindow({
  label,
  seconds = 60,
  clock = () => performance.now() / 1000,
}: TimeWindowSettings = {}): TimeWindowField {
  if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400)) {
    throw new RangeError(`Cannot keep a window of ${seconds} seconds; wanted 1 to 86400`)
  }
  const window = new SecondsWindow(seconds)
  const sum = new DoubleCell(undefined)
  const mean = new DoubleCell(undefined)
  const min = new DoubleCell(undefined)
  const max = new DoubleCell(undefined)
  const fields = { count: uint(), sum, mean, min, max }
  const all = [sum, mean, min, max]
  const show = (): void => {
    fields.count.value = window.count
    window.compute()
    for (let index = 0; index < all.length; index++) all[index]?.setFrom(window.results, index)
  }
  return {
    [partsOf]: { label, fields },
    refresh: () => {
      window.moveTo(Math.floor(clock()))
      show()
    },
    add: (value = 1) => {
      window.moveTo(Math.floor(clock()))
      window.add(value)
      show()
    },
    get count() {
      return fields.count.value
    },
    get sum() {
      return fields.sum.value
    },
    get mean() {
      return fields.mean.value
    },
  }
}

/** Totals of the last seconds, kept by second; what is older is taken out once a second. */
class SecondsWindow {
  count = 0
  /** Sum, mean, least and greatest, as of the last `compute`. */
  readonly results = new Float64Array(4)
  /** Sum, least and greatest: as fields of the object each new number would be on the heap. */
  readonly #totals = Float64Array.of(0, Infinity, -Infinity)
  readonly #counts: Float64Array
  readonly #sums: Float64Array
  readonly #mins: Float64Array
  readonly #maxs: Float64Array
  #now = -Infinity

  constructor(seconds: number) {
    this.#counts = new Float64Array(seconds)
    this.#sums = new Float64Array(seconds)
    this.#mins = new Float64Array(seconds)
    this.#maxs = new Float64Array(seconds)
  }

  add(value: number): void {
    const index = this.#indexOf(this.#now)
    const isFirst = this.#counts[index] === 0
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#sums[index] = (this.#sums[index] ?? 0) + value
    this.#mins[index] = isFirst ? value : Math.min(this.#mins[index] ?? value, value)
    this.#maxs[index] = isFirst ? value : Math.max(this.#maxs[index] ?? value, value)
    this.count++
    this.#take(value, value, value)
  }

  #take(sum: number, min: number, max: number): void {
    const totals = this.#totals
    totals[0] = (totals[0] ?? 0) + sum
    totals[1] = Math.min(totals[1] ?? min, min)
    totals[2] = Math.max(totals[2] ?? max, max)
  }

  /** What is shown; zeros where there is nothing. */
  compute(): void {
    const { count, results } = this
    const [sum = 0, min = 0, max = 0] = this.#totals
    results[0] = sum
    results[1] = count === 0 ? 0 : sum / count
    results[2] = count === 0 ? 0 : min
    results[3] = count === 0 ? 0 : max
  }

  /** A second that has come; one that is past, by a clock that was set back, is the present. */
  moveTo(second: number): void {
    if (!(second > this.#now)) return
    const seconds = this.#counts.length
    const first = Math.max(this.#now + 1, second - seconds + 1)
    for (let old = first; old <= second; old++) {
      const index = this.#indexOf(old)
      this.#counts[index] = 0
      this.#sums[index] = 0
    }
    this.#now = second
    this.#total()
  }

  #total(): void {
    this.count = 0
    this.#totals.set([0, Infinity, -Infinity])
    for (let index = 0; index < this.#counts.length; index++) {
      const count = this.#counts[index] ?? 0
      if (count === 0) continue
      this.count += count
      this.#take(
        this.#sums[index] ?? 0,
        this.#mins[index] ?? Infinity,
        this.#maxs[index] ?? -Infinity,
      )
    }
  }

  #indexOf(second: number): number {
    const seconds = this.#counts.length
    return ((second % seconds) + seconds) % seconds
  }
}

/** Several fields that a reader sees as they were at one moment. */
export interface RecordField<F extends Readonly<Record<string, Field>>> {
  readonly [partsOf]: FieldParts
  readonly fields: F
  /** Changes some of the fields; readers see all of the changes or none. */
  update(change: (fields: F) => void): void
}

/** The label, after the record's, of the number that guards it: odd while it is being changed. */
export const sequenceName = 'sequence'

/** A record of several fields, guarded by a sequence number, `<label>.sequence`. */
export function record<F extends Readonly<Record<string, Field>>>(
  fields: F,
  { label }: FieldSettings = {},
): RecordField<F> {
  const sequence: NumberField = uint()
  return {
    // The number lies before the fields: a reader that copies the file sees it first.
    [partsOf]: { label, fields: { [sequenceName]: sequence, ...fields } },
    fields,
    update: (change) => {
      sequence.value++
      try {
        change(fields)
      } finally {
        sequence.value++
      }
    },
  }
}
