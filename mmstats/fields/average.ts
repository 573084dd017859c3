// Means: of all values, of the last ones, of those of the last seconds, and of how long something
// took.
import { Cell } from '../file/cell.ts'
import type { RecordSpec } from '../format/record.ts'
import { type FieldPlan, type FieldSettings, planOf } from './field.ts'

/** A mean of what is added. */
export interface AverageField {
  readonly [planOf]: FieldPlan
  readonly value: number
  add(value: number): void
}

/** One measurement of a timer. */
export interface Lap {
  /** Seconds so far, or of the whole once it is done. */
  readonly elapsed: number
  readonly isDone: boolean
  /** Ends the lap and adds it; a second time does nothing. @returns its seconds */
  stop(): number
  [Symbol.dispose](): void
}

/** The mean of how long the last laps took, in seconds. */
export interface TimerField {
  readonly [planOf]: FieldPlan
  readonly value: number
  /** Seconds of the latest lap, also while it runs; 0 before the first. */
  readonly last: number
  /** Begins a lap; laps may overlap. */
  start(): Lap
  /** Ends the latest lap. @returns its seconds */
  stop(): number
  /** Takes the time of a function, of an async one until it has settled, also when it throws. */
  time<T>(work: () => T): T
  /** Adds seconds that were measured elsewhere. */
  add(seconds: number): void
}

/** A size of a moving mean. */
export interface WindowSettings extends FieldSettings {
  /** How many of the last values count. @default 100 */
  readonly size?: number
}

/** A timer's settings. */
export interface TimerSettings extends WindowSettings {
  /** The time in seconds. @default a clock that does not jump */
  readonly clock?: () => number
}

/** A mean leaves its result in an array: as the answer of a function it would be a new object. */
interface Mean {
  readonly result: Float64Array
  add(value: number): void
}

class MeanField implements AverageField {
  readonly [planOf]: FieldPlan
  readonly #cell: Cell
  readonly #mean: Mean

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
    const mean = this.#mean
    mean.add(value)
    this.#cell.setDoubleFrom(mean.result, 0)
  }
}

class TotalMean implements Mean {
  readonly result = new Float64Array(1)
  #total = 0
  #count = 0

  add(value: number): void {
    this.#total += value
    this.#count++
    this.result[0] = this.#total / this.#count
  }
}

class MovingMean implements Mean {
  readonly result = new Float64Array(1)
  readonly #values: Float64Array
  #sum = 0
  /** What rounding has cost the sum (Neumaier): large values that leave take nothing with them. */
  #lost = 0
  #count = 0
  #next = 0

  constructor(size: number) {
    if (!(Number.isInteger(size) && size >= 1 && size <= 1_000_000)) {
      throw new RangeError(`Cannot average over ${size} values; wanted 1 to 1000000`)
    }
    this.#values = new Float64Array(size)
  }

  add(value: number): void {
    const values = this.#values
    const oldest = values[this.#next] ?? 0
    values[this.#next] = value
    this.#next++
    if (this.#count < values.length) this.#count++
    this.#take(-oldest)
    this.#take(value)
    if (this.#next === values.length) this.#sumAgain()
    // Once it is not finite the sum says nothing; its values may have left.
    else if (!Number.isFinite(this.#sum)) this.#sumAll()
    this.result[0] = (this.#sum + this.#lost) / this.#count
  }

  #take(value: number): void {
    const sum = this.#sum + value
    const isLarger = Math.abs(this.#sum) >= Math.abs(value)
    this.#lost += isLarger ? this.#sum - sum + value : value - sum + this.#sum
    this.#sum = sum
  }

  /** Once a round, so that the rounding of values long gone does not stay in the sum. */
  #sumAgain(): void {
    this.#next = 0
    this.#sumAll()
  }

  #sumAll(): void {
    this.#sum = 0
    this.#lost = 0
    for (const value of this.#values) this.#take(value)
    if (!Number.isFinite(this.#sum)) this.#lost = 0
  }
}

/** The monotonic clock in seconds. */
function monotonicSeconds(): number {
  return performance.now() / 1000
}

class TimerLap implements Lap {
  readonly #timer: Pick<TimerField, 'add'>
  readonly #clock: () => number
  readonly #start: number
  #end: number | undefined

  constructor(timer: Pick<TimerField, 'add'>, clock: () => number) {
    this.#timer = timer
    this.#clock = clock
    this.#start = clock()
  }

  get elapsed(): number {
    return (this.#end ?? this.#clock()) - this.#start
  }

  get isDone(): boolean {
    return this.#end !== undefined
  }

  stop(): number {
    if (this.#end === undefined) {
      this.#end = this.#clock()
      this.#timer.add(this.#end - this.#start)
    }
    return this.elapsed
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

class Timer implements TimerField {
  readonly [planOf]: FieldPlan
  readonly #mean: MeanField
  readonly #clock: () => number
  #lap: TimerLap | undefined

  constructor({ label, size = 100, clock = monotonicSeconds }: TimerSettings) {
    this.#mean = new MeanField(label, 'timer', new MovingMean(size))
    this.#clock = clock
    this[planOf] = this.#mean[planOf]
  }

  get value(): number {
    return this.#mean.value
  }

  get last(): number {
    return this.#lap?.elapsed ?? 0
  }

  start(): Lap {
    this.#lap = new TimerLap(this, this.#clock)
    return this.#lap
  }

  stop(): number {
    if (this.#lap === undefined) throw new Error('Cannot stop a timer that was not started')
    return this.#lap.stop()
  }

  time<T>(work: () => T): T {
    const lap = this.start()
    let result: T
    try {
      result = work()
    } catch (error) {
      lap.stop()
      throw error
    }
    if (!(result instanceof Promise)) {
      lap.stop()
      return result
    }
    return result.finally(() => lap.stop()) as T
  }

  add(seconds: number): void {
    this.#mean.add(seconds)
  }
}

/** The mean of all values since the start. */
export function average({ label }: FieldSettings = {}): AverageField {
  return new MeanField(label, 'average', new TotalMean())
}

/** The mean of the last `size` values. */
export function movingAverage({ label, size = 100 }: WindowSettings = {}): AverageField {
  return new MeanField(label, 'movingAverage', new MovingMean(size))
}

/** The mean seconds of the last `size` laps. */
export function timer(settings: TimerSettings = {}): TimerField {
  return new Timer(settings)
}
