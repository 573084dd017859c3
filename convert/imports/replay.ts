// A session once more, at its own or another speed: when each request is due, and its times moved.
// The texts are those that an archive has, whose keys are known and whose values are quoted.

const timeKeys = /"((?:start|end|observed)?[tT]imeUnixNano)":"(\d+)"/g
const dueKeys = /"(?:startTimeUnixNano|timeUnixNano)":"(\d+)"/

/** When a request began: the earliest item is its first. Undefined where it has no time. */
function timeOf(body: string): bigint | undefined {
  const nano = dueKeys.exec(body)?.[1]
  return nano === undefined ? undefined : BigInt(nano)
}

/** Moves all times of a request, by nanoseconds. Times of 0, which stand for unknown, stay. */
export function shiftTimes(body: string, byNs: bigint): string {
  if (byNs === 0n) return body
  return body.replaceAll(timeKeys, (whole, key: string, nano: string) =>
    nano === '0' ? whole : `"${key}":"${BigInt(nano) + byNs}"`,
  )
}

/**
 * How long to wait before each request, so that a session goes at a speed.
 *
 * @param speed 1 is its own, 10 ten times faster, Infinity as fast as it can be sent
 * @returns a function from a request and the milliseconds since the first to those still to wait
 */
export function paceOf(speed: number): (body: string, elapsedMs: number) => number {
  let first: bigint | undefined
  return (body, elapsedMs) => {
    const time = timeOf(body)
    if (time === undefined || speed === Number.POSITIVE_INFINITY) return 0
    first ??= time
    return Math.max(0, Number(time - first) / 1e6 / speed - elapsedMs)
  }
}
