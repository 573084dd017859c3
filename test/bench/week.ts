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
/** Of a third of the requests. */
export const isContended = '(cityHash64(number, 5) % 20 < 7)'

/** Measures how long something takes. */
export type Timer = (name: string, ask: () => Promise<unknown>) => Promise<Figure>
