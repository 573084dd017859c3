// When somebody always waited for a lock, counted by going through the events one by one.
import type { WorldEvent } from '../event.ts'
import type { SpanOfTime } from './span-of-time.ts'

export interface ConvoyTruth {
  readonly startAt: number
  readonly lengthNs: number
  /** Most that waited at once. */
  readonly peak: number
  /** Granted after a wait. */
  readonly served: number
  /** How long all waited in it, together. */
  readonly waitNs: number
}

/** The stretches in which somebody always waited for the lock of this name. */
export function convoyTruths(
  events: readonly WorldEvent[],
  lock: string,
  { from, to }: SpanOfTime,
): ConvoyTruth[] {
  const found: ConvoyTruth[] = []
  const waiting = new Set<number>()
  let current: { -readonly [K in keyof ConvoyTruth]: ConvoyTruth[K] } | undefined
  let at = from
  const passTo = (time: number): void => {
    const until = Math.max(at, Math.min(time, to))
    if (until > at && waiting.size > 0) {
      current ??= { startAt: at, lengthNs: 0, peak: 0, served: 0, waitNs: 0 }
      current.lengthNs = until - current.startAt
      current.peak = Math.max(current.peak, waiting.size)
      current.waitNs += waiting.size * (until - at)
    }
    // Nobody waits for a while: that is the end of it.
    if (until > at && waiting.size === 0) finish()
    at = until
  }
  const finish = (): void => {
    if (current !== undefined) found.push(current)
    current = undefined
  }
  for (const event of events) {
    if (event.at >= to) break
    passTo(event.at)
    if (event.kind === 'lock requested' && event.lock.name === lock) waiting.add(event.operation)
    if (event.kind === 'lock granted' && waiting.delete(event.operation)) {
      if (event.hasWaited && event.at >= from && current !== undefined) current.served++
    }
    if (event.kind === 'lock given up') waiting.delete(event.operation)
  }
  passTo(to)
  finish()
  return found
}
