// How long something took: the mean of the last laps.
import { MeanField, MovingMean, type WindowSettings } from './average.ts'
import { type FieldPlan, planOf } from './field.ts'
import { OpenLaps } from './open-laps.ts'

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
  /**
   * Begins a lap of which nothing is made, for what is timed a million times.
   * @returns a number that `end` takes, once
   * @throws RangeError - 65,536 laps are under way
   */
  begin(): number
  /**
   * Ends a lap and adds it; `last` has its seconds then.
   * @throws RangeError - the lap is not under way: it was ended before, or never begun
   */
  end(lap: number): void
  /** Takes the time of a function, of an async one until it has settled, also when it throws. */
  time<T>(work: () => T): T
  /** Adds seconds that were measured elsewhere. */
  add(seconds: number): void
}

/** A timer's settings. */
export interface TimerSettings extends WindowSettings {
  /** The time in seconds. @default a clock that does not jump */
  readonly clock?: () => number
}

class TimerLap implements Lap {
  readonly #timer: Pick<TimerField, 'add'>
  readonly #laps: OpenLaps
  readonly #start: number
  #end: number | undefined

  constructor(timer: Pick<TimerField, 'add'>, laps: OpenLaps) {
    this.#timer = timer
    this.#laps = laps
    this.#start = laps.now()
  }

  get elapsed(): number {
    return (this.#end ?? this.#laps.now()) - this.#start
  }

  get isDone(): boolean {
    return this.#end !== undefined
  }

  stop(): number {
    if (this.#end === undefined) {
      this.#end = this.#laps.now()
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
  readonly #laps: OpenLaps
  #lap: TimerLap | undefined

  constructor({ label, size = 100, clock }: TimerSettings) {
    this.#mean = new MeanField(label, 'timer', new MovingMean(size))
    this.#laps = new OpenLaps(clock)
    this[planOf] = this.#mean[planOf]
  }

  get value(): number {
    return this.#mean.value
  }

  get last(): number {
    return this.#lap?.elapsed ?? this.#laps.last
  }

  start(): Lap {
    this.#lap = new TimerLap(this, this.#laps)
    return this.#lap
  }

  begin(): number {
    this.#lap = undefined
    return this.#laps.begin()
  }

  end(lap: number): void {
    this.#laps.end(lap)
    this.#mean.addFrom(this.#laps.seconds)
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

/** The mean seconds of the last `size` laps. */
export function timer(settings: TimerSettings = {}): TimerField {
  return new Timer(settings)
}
