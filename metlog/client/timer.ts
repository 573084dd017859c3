// Timers: a started one (`using`, `stop()`), around a function, or by the time that somebody else
// measured. The clock is monotonic; every start has a timer of its own, so that names may nest.
import { performance } from 'node:perf_hooks'

/** A running timer; `using timer = client.timer('db')` stops it at the end of the block. */
export interface Timer extends Disposable {
  /** Whole milliseconds; undefined while it runs, and where it is disabled or not sampled. */
  readonly result: number | undefined
  /** Stops and sends; once. @returns what `result` says */
  stop(): number | undefined
}

/** A function of any kind; with `unknown` arguments many would not fit. */
export type AnyFunction = (this: never, ...args: never[]) => unknown

/** Starts a timer that calls back with whole milliseconds. */
export function startTimer(onStopped: (elapsedMs: number) => void): Timer {
  return new RunningTimer(onStopped)
}

/** Is there where nothing is timed. */
export const idleTimer: Timer = {
  result: undefined,
  stop: () => undefined,
  [Symbol.dispose]() {},
}

class RunningTimer implements Timer {
  readonly #onStopped: (elapsedMs: number) => void
  readonly #startMs = performance.now()
  #result: number | undefined

  constructor(onStopped: (elapsedMs: number) => void) {
    this.#onStopped = onStopped
  }

  get result(): number | undefined {
    return this.#result
  }

  stop(): number | undefined {
    if (this.#result === undefined) {
      this.#result = Math.round(performance.now() - this.#startMs)
      this.#onStopped(this.#result)
    }
    return this.#result
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

/** Calls a function with a timer around it, which also stops where it throws or is rejected. */
export function runTimed<Result>(timer: Timer, call: () => Result): Result {
  let result: Result
  try {
    result = call()
  } catch (error) {
    timer.stop()
    throw error
  }
  if (!isThenable(result)) {
    timer.stop()
    return result
  }
  const stop = (): void => {
    timer.stop()
  }
  // The caller has the promise itself: its rejection is the caller's to handle.
  result.then(stop, stop)
  return result
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  const isObject = typeof value === 'object' && value !== null
  return isObject && 'then' in value && typeof value.then === 'function'
}
