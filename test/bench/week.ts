// The week of which the benchmarks of the analyzers ask, as SQL.
import type { Figure } from './bench.ts'

export const weekSeconds = 7 * 24 * 3600
export const startSeconds = 1_795_240_800

/** Nanoseconds since 1970 of the n-th of so many over the week. */
export function spread(count: number): string {
  return `toInt64(${startSeconds}) * 1000000000 + toInt64(number) * ${Math.floor((weekSeconds * 1e9) / count)}`
}

export const holdNs = 'toUInt64(5000000 + cityHash64(number, 3) % 20000000)'
export const waitNs = 'toUInt64(1000000 + cityHash64(number, 4) % 30000000)'

// Of twenty requests for locks seven wait, each for the one before it, which asked for the same lock
// and holds it until the other gets it.
export const isContended = '(number % 20 < 14 AND number % 2 = 1)'
/** Who is in a pair asks for the lock of the pair. */
export const lockNumber = 'cityHash64(if(number % 20 < 14, intDiv(number, 2), number)) % 50'
const holdNsBefore = 'toUInt64(5000000 + cityHash64(number - 1, 3) % 20000000)'
/** How long a request waits that is contended: three quarters of the hold of the one before it. */
export const lockWaitNs = `intDiv(3 * ${holdNsBefore}, 4)`

/** Nanoseconds since 1970 when the n-th of so many requests got its lock. */
export function grantedAt(count: number): string {
  const stepNs = Math.floor((weekSeconds * 1e9) / count)
  return `${spread(count)} + if(${isContended}, toInt64(${holdNsBefore}) - ${stepNs}, 0)`
}

/** Measures how long something takes. */
export type Timer = (name: string, ask: () => Promise<unknown>) => Promise<Figure>
