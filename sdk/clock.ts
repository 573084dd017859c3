import type { HrTime } from '@opentelemetry/api'

/**
 * The process's clock: nanoseconds from the monotonic clock, anchored once to the wall clock, so that
 * durations never jump and all threads of the process agree.
 */
export interface Clock {
  /** Wall clock minus monotonic clock, in nanoseconds. */
  readonly offsetNs: bigint
  /** Largest error of `offsetNs`, in nanoseconds. */
  readonly uncertaintyNs: number
  /** The present time as OpenTelemetry takes it: whole seconds and nanoseconds since 1970, UTC. */
  now(): HrTime
}

const nsPerSecond = 1_000_000_000

/** Measures the offset between the two clocks: the best of a few tries, because a try can be interrupted. */
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
  // `Date.now()` follows steps of the wall clock since the process began, which `timeOrigin` does not.
  const driftMs = Date.now() - (performance.timeOrigin + performance.now())
  if (Math.abs(driftMs) > 2) {
    return {
      offsetNs: offsetNs + BigInt(Math.round(driftMs)) * 1_000_000n,
      uncertaintyNs: 1_000_000,
    }
  }
  return { offsetNs, uncertaintyNs: Math.max(uncertaintyNs, 1_000_000) }
}

export function createClock(offsetNs: bigint, uncertaintyNs: number): Clock {
  // Kept as two numbers: bigint arithmetic on every event would cost more than reading the clock.
  const offset = toHrTime(offsetNs)
  return {
    offsetNs,
    uncertaintyNs,
    now() {
      const time = process.hrtime()
      const ns = time[1] + offset[1]
      if (ns >= nsPerSecond) return [time[0] + offset[0] + 1, ns - nsPerSecond]
      return [time[0] + offset[0], ns]
    },
  }
}

/** Nanoseconds since 1970 as OpenTelemetry takes them. */
export function toHrTime(timeNs: bigint): HrTime {
  return [Number(timeNs / 1_000_000_000n), Number(timeNs % 1_000_000_000n)]
}

/** From `start` to `end` in nanoseconds, exact up to 104 days; never negative. */
export function durationNs(start: HrTime, end: HrTime): number {
  return Math.max(0, (end[0] - start[0]) * nsPerSecond + (end[1] - start[1]))
}

/** RFC 3339 with nanoseconds, UTC. */
export function toRfc3339(time: HrTime | bigint): string {
  const [seconds, ns] = typeof time === 'bigint' ? toHrTime(time) : time
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(ns).padStart(9, '0')}Z`
}
