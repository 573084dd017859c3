/** A stretch of a world's time: from its first moment up to the first after it. */
export interface SpanOfTime {
  readonly from: number
  readonly to: number
}

/** How much of [start, end) lies in the stretch. */
export function lengthWithin(start: number, end: number, { from, to }: SpanOfTime): number {
  return Math.max(0, Math.min(end, to) - Math.max(start, from))
}
