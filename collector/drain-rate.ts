/** How fast ClickHouse takes what the journal holds, as measured over the last seconds. */
export interface DrainRate {
  /** Counts bytes that ClickHouse confirmed. */
  add(bytes: number): void
  readonly bytesPerMs: number
  /** How long it takes until this many bytes have gone, in milliseconds, within sensible bounds. */
  waitMs(bytes: number): number
}

const BUCKET_MS = 1_000
const BUCKETS = 10
const WAIT_MS_MIN = 200
const WAIT_MS_MAX = 30_000

/** @param now milliseconds of a clock that never jumps */
export function createDrainRate(now: () => number = () => performance.now()): DrainRate {
  const bytes = new Float64Array(BUCKETS)
  const startMs = now()
  let current = 0

  /** Empties the buckets of the seconds in which nothing was counted. */
  function advance(): number {
    const elapsed = Math.floor((now() - startMs) / BUCKET_MS)
    for (let index = Math.max(current + 1, elapsed - BUCKETS + 1); index <= elapsed; index++) {
      bytes[index % BUCKETS] = 0
    }
    current = elapsed
    return elapsed
  }

  function bytesPerMs(): number {
    const elapsed = advance()
    const sum = bytes.reduce((total, one) => total + one, 0)
    const bucketStartMs = startMs + elapsed * BUCKET_MS
    const fullBuckets = Math.min(elapsed, BUCKETS - 1)
    const spanMs = fullBuckets * BUCKET_MS + (now() - bucketStartMs)
    return sum / Math.max(spanMs, BUCKET_MS)
  }

  return {
    add(count) {
      const index = advance() % BUCKETS
      bytes[index] = (bytes[index] ?? 0) + count
    },
    get bytesPerMs() {
      return bytesPerMs()
    },
    waitMs(count) {
      const rate = bytesPerMs()
      if (rate === 0) return WAIT_MS_MAX
      return Math.round(Math.min(Math.max(count / rate, WAIT_MS_MIN), WAIT_MS_MAX))
    },
  }
}
