/** A stretch of a world's time: from its first moment up to the first after it. */
export interface SpanOfTime {
  readonly from: number
  readonly to: number
}
