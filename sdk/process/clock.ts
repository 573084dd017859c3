import type { HrTime } from '@opentelemetry/api'
import { toRfc3339 as ofSeconds } from '@wayward/record'

/**
 * The process's clock: nanoseconds from the monotonic clock, anchored to the wall clock, so that
 * durations never jump and all threads of the process agree. When the wall clock is set, or the
 * computer slept, the anchor follows, but what is open then keeps the anchor that it began with.
 */
export interface Clock {
  /** Wall clock minus monotonic clock, in nanoseconds. */
  readonly offsetNs: bigint
  /** Largest error of `offsetNs`, in nanoseconds. */
  readonly uncertaintyNs: number
  /**
   * The present time as OpenTelemetry takes it: whole seconds and nanoseconds since 1970, UTC.
   * @param anchorMs the anchor of the operation that it is for; the latest by default.
   */
  now(anchorMs?: number): HrTime
  /**
   * The present time without an object made for it: what is returned is the same at each call, and
   * holds until the next.
   */
  read(anchorMs?: number): Moment
  /** A given time, in nanoseconds since 1970; returned as `read` does. */
  at(timeNs: bigint): Moment
  /** How far the wall clock has been set since the start, in whole milliseconds. */
  readonly anchorMs: number
  /** Looks whether the wall clock was set, and follows it. */
  follow(): void
}

/** A time since 1970. */
export interface Moment {
  readonly seconds: number
  readonly ns: number
}

/** Smaller differences are the coarseness of the wall clock, or adjusted slowly by the system. */
const stepMsMin = 100

const nsPerSecond = 1_000_000_000
/** Which half of eight bytes is the lower one, in this machine's order. */
export const lowWord = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1
const highWord = 1 - lowWord
export const wordSize = 0x1_0000_0000

/**
 * Measures the offset between the two clocks: the best of a few tries, because a try can be
 * interrupted.
 */
export function measureClockOffset(): { offsetNs: bigint; uncertaintyNs: number } {
  let offsetNs = 0n
  let uncertaintyNs = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 8; tries++) {
    const before = process.hrtime.bigint()
    const wallMs = performance.timeOrigin + performance.now()
    const after = process.hrtime.bigint()
    const spanNs = Number(after - before)
    if (spanNs >= uncertaintyNs) continue
    uncertaintyNs = spanNs
    const wallNs = BigInt(Math.floor(wallMs)) * 1_000_000n + BigInt(Math.round((wallMs % 1) * 1e6))
    offsetNs = wallNs - (before + (after - before) / 2n)
  }
  // `Date.now()` follows steps of the wall clock since the process began, which `timeOrigin` does
  // not.
  const driftMs = Date.now() - (performance.timeOrigin + performance.now())
  if (Math.abs(driftMs) > 2) {
    return {
      offsetNs: offsetNs + BigInt(Math.round(driftMs)) * 1_000_000n,
      uncertaintyNs: 1_000_000,
    }
  }
  return { offsetNs, uncertaintyNs: Math.max(uncertaintyNs, 1_000_000) }
}

/** @param anchor one cell for `anchorMs`, in memory that the threads share. */
export function createClock(
  offsetNs: bigint,
  uncertaintyNs: number,
  anchor: Float64Array = new Float64Array(1),
): Clock {
  // Kept as two numbers: bigint arithmetic on every event would cost more than reading the clock.
  const offset = toHrTime(offsetNs)
  const anchorNow = (): number => small(anchor[0] ?? 0)
  const moment = { seconds: 0, ns: 0 }
  // Read straight into an array: the one way in which V8 makes no object of the clock's answer.
  const time = new BigInt64Array(1)
  const words = new Uint32Array(time.buffer)
  function read(anchorMs = anchorNow()): Moment {
    time[0] = process.hrtime.bigint()
    // Exact for as long as a computer runs 104 days.
    const total = (words[highWord] as number) * wordSize + (words[lowWord] as number)
    const whole = Math.floor(total / nsPerSecond)
    let seconds = whole + offset[0]
    let ns = total - whole * nsPerSecond + offset[1]
    if (anchorMs !== 0) {
      const wholeSeconds = Math.floor(anchorMs / 1000)
      seconds += wholeSeconds
      ns += (anchorMs - wholeSeconds * 1000) * 1e6
    }
    while (ns >= nsPerSecond) {
      seconds++
      ns -= nsPerSecond
    }
    moment.seconds = small(seconds)
    moment.ns = small(ns)
    return moment
  }
  return {
    offsetNs,
    uncertaintyNs,
    read,
    now(anchorMs) {
      const { seconds, ns } = read(anchorMs)
      return [seconds, ns]
    },
    at(timeNs) {
      const [seconds, ns] = toHrTime(timeNs)
      moment.seconds = seconds
      moment.ns = ns
      return moment
    },
    get anchorMs() {
      return anchorNow()
    },
    follow() {
      const { seconds, ns } = read()
      const stepMs = Math.round(Date.now() - (seconds * 1000 + ns / 1e6))
      if (Math.abs(stepMs) >= stepMsMin) anchor[0] = anchorNow() + stepMs
    },
  }
}

/**
 * The same number, in the form that V8 keeps in a field itself and not as an object of its own,
 * where it is small enough: what is calculated or comes from a typed array is not in that form by
 * itself. A hundred thousand requests that wait take 10 MB less.
 */
export function small(value: number): number {
  const whole = value | 0
  return whole === value ? whole : value
}

/** Nanoseconds since 1970 as OpenTelemetry takes them. */
export function toHrTime(timeNs: bigint): HrTime {
  return [Number(timeNs / 1_000_000_000n), Number(timeNs % 1_000_000_000n)]
}

/** What has passed since a start, in nanoseconds, exact up to 104 days; never negative. */
export function elapsedNs(
  start: { readonly startSeconds: number; readonly startNs: number },
  now: Moment,
): number {
  return Math.max(0, (now.seconds - start.startSeconds) * nsPerSecond + now.ns - start.startNs)
}

/** RFC 3339 with nanoseconds, UTC. */
export function toRfc3339(time: HrTime | bigint): string {
  const [seconds, ns] = typeof time === 'bigint' ? toHrTime(time) : time
  return ofSeconds(seconds, ns)
}
