import type { Time } from '@wayward/base'

/** How fast ClickHouse takes what the journal holds, as measured over the last seconds. */
export interface DrainRate {
  /** Counts bytes that ClickHouse confirmed. */
  add(bytes: number): void
  readonly bytesPerMs: number
  /**
   * When to try again with so many bytes for which there is no room, in milliseconds: not before
   * they can have gone, and later the longer ClickHouse has confirmed nothing.
   */
  retryAfterMs(bytes: number): number
}

const bucketMs = 1_000
const buckets = 10

// Exporters give up 10 s after their first try (OTLP's default time-out), and after five or six
// tries. A hint that is longer than what is left of the 10 s makes them drop the batch at once;
// with hints of less than 2 s the tries are used up long before. So the hint begins at a second, as
// their own pauses do, and grows: in a stall that goes on the tries are at 0, 3, 6 and 9 s.
const hintMsMin = 1_000
export const hintMsMax = 3_000
const growthPerMs = 1 / 3
/**
 * Hints are shortened by up to this share, so that those who were refused together do not come
 * together.
 */
const jitterFraction = 0.1

/**
 * @param random from 0 to 1, without 1
 */
export function createDrainRate(
  time: Pick<Time, 'monotonicMs'>,
  random: () => number = Math.random,
): DrainRate {
  const now = time.monotonicMs
  const bytes = new Float64Array(buckets)
  const startMs = now()
  let current = 0
  let lastMs = startMs

  /** Empties the buckets of the seconds in which nothing was counted. */
  function advance(): number {
    const elapsed = Math.floor((now() - startMs) / bucketMs)
    for (let index = Math.max(current + 1, elapsed - buckets + 1); index <= elapsed; index++) {
      bytes[index % buckets] = 0
    }
    current = elapsed
    return elapsed
  }

  function bytesPerMs(): number {
    const elapsed = advance()
    const sum = bytes.reduce((total, one) => total + one, 0)
    const bucketStartMs = startMs + elapsed * bucketMs
    const fullBuckets = Math.min(elapsed, buckets - 1)
    const spanMs = fullBuckets * bucketMs + (now() - bucketStartMs)
    return sum / Math.max(spanMs, bucketMs)
  }

  return {
    add(count) {
      lastMs = now()
      const index = advance() % buckets
      bytes[index] = (bytes[index] ?? 0) + count
    },
    get bytesPerMs() {
      return bytesPerMs()
    },
    retryAfterMs(count) {
      const rate = bytesPerMs()
      const drainMs = rate === 0 ? 0 : count / rate
      const stalledMs = hintMsMin + (now() - lastMs) * growthPerMs
      const hintMs = Math.min(Math.max(drainMs, stalledMs), hintMsMax)
      return Math.round(hintMs * (1 - jitterFraction * random()))
    },
  }
}
