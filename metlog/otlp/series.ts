// Counters and timers of a batch that have one name and equal attributes become one data point: a
// delta sum and a histogram are made for adding up, and a point per datagram would be a row per
// datagram (docs/decisions/0036).
import type { KeyValue } from './any-value.ts'

/** `NumberDataPoint` of OTLP, as plain value. */
export interface NumberPoint {
  readonly startTimeUnixNano?: bigint
  readonly timeUnixNano: bigint
  readonly asInt?: number
  readonly asDouble?: number
  readonly attributes: readonly KeyValue[]
}

/** `HistogramDataPoint` of OTLP, as plain value. */
export interface HistogramPoint {
  readonly startTimeUnixNano: bigint
  readonly timeUnixNano: bigint
  readonly count: number
  readonly sum: number
  readonly min: number
  readonly max: number
  readonly bucketCounts: readonly number[]
  readonly explicitBounds: readonly number[]
  readonly attributes: readonly KeyValue[]
}

/** `Metric` of OTLP, as plain value. */
export interface Metric {
  readonly name: string
  readonly unit?: string
  readonly sum?: {
    readonly dataPoints: readonly NumberPoint[]
    readonly aggregationTemporality: number
    readonly isMonotonic: boolean
  }
  readonly gauge?: { readonly dataPoints: readonly NumberPoint[] }
  readonly histogram?: {
    readonly dataPoints: readonly HistogramPoint[]
    readonly aggregationTemporality: number
  }
}

/** A measurement of a message. */
export interface Measurement {
  readonly value: number
  /** How many it stands for. */
  readonly weight: number
  readonly timeNs: bigint
}

/** A series of a batch. */
export interface Series {
  add(measurement: Measurement): void
  toMetric(): Metric
}

const delta = 1

/** The bounds of timers in milliseconds: 10 to 25 per cent apart where most times are. */
export const timerBoundsMs: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400,
  500, 600, 800, 1_000, 1_200, 1_500, 2_000, 2_500, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000,
  15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
]

/** First and last time of what was added. */
class Span {
  startTimeUnixNano = 0n
  timeUnixNano = 0n
  #isEmpty = true

  add(timeNs: bigint): void {
    if (this.#isEmpty || timeNs < this.startTimeUnixNano) this.startTimeUnixNano = timeNs
    if (this.#isEmpty || timeNs > this.timeUnixNano) this.timeUnixNano = timeNs
    this.#isEmpty = false
  }
}

/** A counter: a delta sum, each count weighted by how many it stands for. */
export function createCounterSeries(name: string, attributes: readonly KeyValue[]): Series {
  const span = new Span()
  let total = 0
  let isMonotonic = true
  return {
    add({ timeNs, value, weight }) {
      span.add(timeNs)
      total += value * weight
      isMonotonic &&= value >= 0
    },
    toMetric() {
      const value = Number.isSafeInteger(total) ? { asInt: total } : { asDouble: total }
      const { startTimeUnixNano, timeUnixNano } = span
      const dataPoints = [{ startTimeUnixNano, timeUnixNano, ...value, attributes }]
      return { name, sum: { dataPoints, aggregationTemporality: delta, isMonotonic } }
    },
  }
}

/** A timer: a delta histogram, of milliseconds where the unit says so. */
export function createTimeSeries(
  name: string,
  attributes: readonly KeyValue[],
  unit?: string,
): Series {
  const span = new Span()
  const weights = new Float64Array(timerBoundsMs.length + 1)
  let sum = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  return {
    add({ timeNs, value, weight }) {
      span.add(timeNs)
      sum += value * weight
      min = Math.min(min, value)
      max = Math.max(max, value)
      const at = bucketOf(value)
      weights[at] = (weights[at] ?? 0) + weight
    },
    toMetric() {
      const bucketCounts = Array.from(weights, (weight) => Math.round(weight))
      const count = bucketCounts.reduce((one, other) => one + other, 0)
      const { startTimeUnixNano, timeUnixNano } = span
      const explicitBounds = timerBoundsMs
      const times = { startTimeUnixNano, timeUnixNano }
      const values = { count, sum, min, max, bucketCounts, explicitBounds, attributes }
      const dataPoints = [{ ...times, ...values }]
      const histogram = { dataPoints, aggregationTemporality: delta }
      return unit === undefined ? { name, histogram } : { name, unit, histogram }
    },
  }
}

/** A gauge: every value, at its time. */
export function createGaugeSeries(name: string, attributes: readonly KeyValue[]): Series {
  const dataPoints: NumberPoint[] = []
  return {
    add({ timeNs, value }) {
      dataPoints.push({ timeUnixNano: timeNs, asDouble: value, attributes })
    },
    toMetric: () => ({ name, gauge: { dataPoints } }),
  }
}

/** A bucket holds what is above the bound before it, up to and with its own. */
function bucketOf(value: number): number {
  let low = 0
  let high = timerBoundsMs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (value <= (timerBoundsMs[middle] ?? 0)) high = middle
    else low = middle + 1
  }
  return low
}
