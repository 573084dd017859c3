// When a frame was written. The wall clock alone will not do: it is set forwards and back, also
// between two runs, and a request would be forgotten too soon or taken for a repetition too long.
// What the machine counts since it was switched on goes on evenly, over the ends of processes; it
// says nothing after the next start of the machine, and then the wall clock has to do.
import { readFileSync } from 'node:fs'
import { uptime } from 'node:os'

export interface FrameTime {
  readonly unixMs: number
  /** Which start of the machine; 0 where nobody knows. */
  readonly boot: number
  /** Whole seconds since that start. */
  readonly uptimeSeconds: number
}

/** Digests of requests of about the same time. */
export interface AgedDigests {
  /** One or several, one after another. */
  readonly digests: Uint8Array
  /** Milliseconds since the first of them was stored. */
  readonly ageMs: number
}

/** Reads both clocks. */
export type FrameClock = () => FrameTime

const uptimeMax = 2 ** 32 - 1
const bootIdFile = '/proc/sys/kernel/random/boot_id'

/** @param unixClock Unix milliseconds */
export function createFrameClock(unixClock: () => number): FrameClock {
  const boot = readBoot()
  return () => {
    const uptimeSeconds = Math.min(Math.floor(uptime()), uptimeMax)
    return { unixMs: clamped(unixClock()), boot, uptimeSeconds }
  }
}

/**
 * How long ago a frame was written: never less than nothing, though the clock may have been set
 * back since.
 */
export function ageMs(then: FrameTime, now: FrameTime): number {
  const isSameBoot = then.boot !== 0 && then.boot === now.boot
  const age = isSameBoot
    ? (now.uptimeSeconds - then.uptimeSeconds) * 1_000
    : now.unixMs - then.unixMs
  return Math.max(0, age)
}

/** The time so many milliseconds earlier. */
export function earlier(time: FrameTime, byMs: number): FrameTime {
  const uptimeSeconds = Math.max(0, time.uptimeSeconds - Math.round(byMs / 1_000))
  return { ...time, unixMs: clamped(time.unixMs - byMs), uptimeSeconds }
}

/** 16 bits of the id that Linux gives to each start of the machine. */
function readBoot(): number {
  try {
    return Number.parseInt(readFileSync(bootIdFile, 'utf8').slice(0, 4), 16) || 0
  } catch {
    // Other systems have no such file.
    return 0
  }
}

/** A frame has 6 bytes for it; a clock may say anything. */
function clamped(unixMs: number): number {
  return Math.min(Math.max(Math.floor(unixMs), 0), 2 ** 48 - 1) || 0
}
