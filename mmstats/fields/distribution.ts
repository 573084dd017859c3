// Fields that show several values: percentiles, the last seconds, and records that are read as one.
import { counter } from './counter.ts'
import { type Field, type FieldParts, type FieldSettings, partsOf } from './field.ts'
import { double, type NumberField, uint } from './number-field.ts'

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
  /** Values between two computations, each of which sorts. @default 16 */
  readonly every?: number
}

/**
 * Percentiles of the last values, interpolated at p·(n + 1) as the original planned.
 *
 * @param settings - how many values count, and which percentiles are shown
 */
export function percentiles({
  label,
  size = 1000,
  ranks = [50, 75, 95, 98, 99, 99.9],
  every = 16,
}: PercentilesSettings = {}): PercentilesField {
  for (const rank of ranks) {
    if (!(rank > 0 && rank < 100)) {
      throw new RangeError(`Cannot show the percentile ${rank}; wanted one between 0 and 100`)
    }
  }
  const shown = new Map(ranks.map((rank) => [rank, double()]))
  const count = counter()
  const min = double()
  const max = double()
  const values = new Float64Array(size)
  const compute = (used: number): void => {
    const sorted = values.slice(0, used).toSorted()
    for (const [rank, field] of shown) field.value = interpolate(sorted, rank / 100)
    min.value = sorted[0] ?? 0
    max.value = sorted[used - 1] ?? 0
  }
  let added = 0
  const names = [...shown].map(([rank, field]) => [`p${String(rank).replace('.', '')}`, field])
  const fields: Record<string, Field> = { ...Object.fromEntries(names), count, min, max }
  return {
    [partsOf]: { label, fields },
    add: (value) => {
      values[added % size] = value
      added++
      count.increment()
      if (added <= every || added % every === 0) compute(Math.min(added, size))
    },
    at: (rank) => {
      const field = shown.get(rank)
      if (field === undefined) throw new RangeError(`The percentile ${rank} was not asked for`)
      return field.value
    },
  }
}

/** The value at a share of sorted values, between two of them where it falls there. */
export function interpolate(sorted: Float64Array | readonly number[], share: number): number {
  const place = share * (sorted.length + 1)
  const below = Math.floor(place)
  const first = sorted[0] ?? 0
  if (below < 1) return first
  const low = sorted[below - 1] ?? first
  if (below >= sorted.length) return sorted[sorted.length - 1] ?? first
  return low + (place - below) * ((sorted[below] ?? low) - low)
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

interface Bucket {
  second: number
  count: number
  sum: number
  min: number
  max: number
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
  const buckets = Array.from({ length: seconds }, () => emptyBucket(-1))
  const fields = { count: uint(), sum: double(), mean: double(), min: double(), max: double() }
  const refresh = (): void => {
    const oldest = Math.floor(clock()) - seconds
    const live = buckets.filter((bucket) => bucket.count > 0 && bucket.second > oldest)
    const count = live.reduce((total, bucket) => total + bucket.count, 0)
    const sum = live.reduce((total, bucket) => total + bucket.sum, 0)
    fields.count.value = count
    fields.sum.value = sum
    fields.mean.value = count === 0 ? 0 : sum / count
    fields.min.value = count === 0 ? 0 : Math.min(...live.map((bucket) => bucket.min))
    fields.max.value = count === 0 ? 0 : Math.max(...live.map((bucket) => bucket.max))
  }
  return {
    [partsOf]: { label, fields },
    refresh,
    add: (value = 1) => {
      const second = Math.floor(clock())
      const index = second % seconds
      const bucket = buckets[index]?.second === second ? buckets[index] : emptyBucket(second)
      buckets[index] = bucket
      bucket.count++
      bucket.sum += value
      bucket.min = Math.min(bucket.min, value)
      bucket.max = Math.max(bucket.max, value)
      refresh()
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

function emptyBucket(second: number): Bucket {
  return { second, count: 0, sum: 0, min: Infinity, max: -Infinity }
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
