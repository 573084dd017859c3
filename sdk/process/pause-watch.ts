// What stops all of a thread at once, as far as it can be seen from within:
//
//   garbage collection   V8 says when it was and how long, some time afterwards
//   event loop blocked   a timer was due, and came late: all other work was as late
//   machine asleep       the clock that counts sleep went on without the one that does not
//
// Nothing is done on the application's path. A timer of 25 ms and a look at what V8 collected cost
// less than a thousandth of a processor. What is shorter than the thresholds is left out, and that
// is what bounds it: at most a thousand pauses fit into a second.
import { uptime } from 'node:os'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import {
  WAYWARD_PAUSE_CAUSE_VALUE_EVENTLOOP_STALL,
  WAYWARD_PAUSE_CAUSE_VALUE_GARBAGE_COLLECTION,
  WAYWARD_PAUSE_CAUSE_VALUE_MACHINE_SLEEP,
} from '@wayward/semconv'

/** From which length on pauses are reported. */
export interface PauseSettings {
  /**
   * Of garbage collections, in milliseconds; at least 1.
   * @default 10
   */
  readonly gcMs: number
  /**
   * Of times in which the event loop was blocked, in milliseconds; at least 10.
   * @default 50
   */
  readonly stallMs: number
}

/** A pause that is over. */
export interface Pause {
  readonly cause: string
  /** Of a garbage collection: `v8js.gc.type`. */
  readonly gcType?: string | undefined
  readonly lengthMs: number
  /** How long ago it ended. */
  readonly agoMs: number
}

export const defaultPauseSettings: PauseSettings = { gcMs: 10, stallMs: 50 }

const gcMsLeast = 1
const stallMsLeast = 10
/** Clocks are read one after the other, and one of them in hundredths of seconds. */
const sleepMsLeast = 1000
const sleepLookMs = 500
const turnMsMax = 1000

const gcTypes: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor',
  [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental',
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weakcb',
}

/**
 * Watches the thread that calls. Neither the timer nor the observer keeps the process alive.
 * @returns what ends it
 */
export function watchPauses(
  settings: Partial<PauseSettings>,
  onPause: (pause: Pause) => void,
): () => void {
  const { gcMs, stallMs } = { ...defaultPauseSettings, ...settings }
  const collections = watchCollections(Math.max(gcMs, gcMsLeast), onPause)
  const loop = watchLoop(Math.max(stallMs, stallMsLeast), onPause)
  return () => {
    collections.disconnect()
    clearInterval(loop)
  }
}

/** An entry of type `gc`, of which Node's types know only what all entries have. */
interface Collection {
  readonly startTime: number
  readonly duration: number
  readonly detail?: { readonly kind?: number }
}

function watchCollections(gcMs: number, onPause: (pause: Pause) => void): PerformanceObserver {
  const observer = new PerformanceObserver((list) => {
    for (const { detail, duration, startTime } of list.getEntries() as readonly Collection[]) {
      if (duration < gcMs) continue
      onPause({
        cause: WAYWARD_PAUSE_CAUSE_VALUE_GARBAGE_COLLECTION,
        gcType: gcTypes[detail?.kind ?? 0],
        lengthMs: duration,
        agoMs: Math.max(0, performance.now() - startTime - duration),
      })
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  return observer
}

function watchLoop(stallMs: number, onPause: (pause: Pause) => void): NodeJS.Timeout {
  const turnMs = Math.min(stallMs / 2, turnMsMax)
  // What a program loads before its event loop turns first is its start, and no pause.
  let dueMs = Number.POSITIVE_INFINITY
  const sleep = isMainThread ? createSleepMeter() : undefined
  let lookedMs = 0
  const timer = setInterval(() => {
    const nowMs = performance.now()
    const lateMs = nowMs - dueMs
    dueMs = nowMs + turnMs
    if (lateMs >= stallMs) {
      onPause({ cause: WAYWARD_PAUSE_CAUSE_VALUE_EVENTLOOP_STALL, lengthMs: lateMs, agoMs: 0 })
    }
    if (sleep === undefined || nowMs - lookedMs < sleepLookMs) return
    lookedMs = nowMs
    const sleptMs = sleep(uptime() * 1000, nowMs)
    if (sleptMs === 0) return
    onPause({ cause: WAYWARD_PAUSE_CAUSE_VALUE_MACHINE_SLEEP, lengthMs: sleptMs, agoMs: 0 })
  }, turnMs)
  timer.unref()
  return timer
}

/**
 * Compares the clock that goes on while the machine sleeps with one that does not.
 * @returns how long it slept since the last call; 0 where it did not
 */
export function createSleepMeter(): (withSleepMs: number, withoutSleepMs: number) => number {
  let known: number | undefined
  return (withSleepMs, withoutSleepMs) => {
    const difference = withSleepMs - withoutSleepMs
    const sleptMs = difference - (known ?? difference)
    // Small differences add up to nothing: the first one stays what is compared with.
    if (known === undefined || Math.abs(sleptMs) >= sleepMsLeast) known = difference
    return sleptMs >= sleepMsLeast ? sleptMs : 0
  }
}
