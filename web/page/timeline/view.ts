// What part of a timeline is seen: nanoseconds since 1970 on the left, and how many there are in a
// pixel. Moments stay bigints, so that a microsecond can be seen in a year.

/** A part of the timeline. */
export interface TimeView {
  readonly fromNs: bigint
  readonly toNs: bigint
}

const shortestNs = 1000n
const longestNs = 50n * 365n * 86_400n * 1_000_000_000n

/** Nearer or farther, around a place from 0 (left) to 1 (right). */
export function zoom({ fromNs, toNs }: TimeView, factor: number, place: number): TimeView {
  const length = Number(toNs - fromNs)
  const wanted = BigInt(Math.round(length * factor))
  const bounded = wanted < shortestNs ? shortestNs : wanted > longestNs ? longestNs : wanted
  const left = fromNs + BigInt(Math.round((length - Number(bounded)) * place))
  const from = left < 0n ? 0n : left
  return { fromNs: from, toNs: from + bounded }
}

/** To the side, by a share of what is seen. */
export function pan({ fromNs, toNs }: TimeView, share: number): TimeView {
  const by = BigInt(Math.round(Number(toNs - fromNs) * share))
  const from = fromNs + by < 0n ? 0n : fromNs + by
  return { fromNs: from, toNs: from + (toNs - fromNs) }
}

/** Where marks of the ruler stand: round lengths of time, about 120 pixels apart. */
export function ticksOf(
  { fromNs, toNs }: TimeView,
  width: number,
): { readonly stepNs: number; readonly at: readonly bigint[] } {
  const wanted = (Number(toNs - fromNs) / width) * 120
  const stepNs = rounds.find((round) => round >= wanted) ?? rounds.at(-1) ?? 1
  const step = BigInt(stepNs)
  const at: bigint[] = []
  for (let ns = (fromNs / step + 1n) * step; ns < toNs && at.length < 100; ns += step) at.push(ns)
  return { stepNs, at }
}

const rounds: readonly number[] = [
  ...[1, 1e3, 1e6].flatMap((unit) =>
    [1, 2, 5, 10, 20, 50, 100, 200, 500].map((count) => count * unit),
  ),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * 1e9),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * 60e9),
  ...[1, 3, 6, 12].map((count) => count * 3600e9),
  ...[1, 2, 7, 14, 30, 91, 365, 1825].map((count) => count * 86_400e9),
]

/** A moment as the API reads it. */
export function rfc3339(ns: bigint): string {
  const iso = new Date(Number(ns / 1_000_000n)).toISOString()
  return `${iso.slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}

/** A moment of the address in nanoseconds; undefined where it is none. */
export function parseMoment(text: string): bigint | undefined {
  const found = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(text)
  const seconds = Date.parse(`${found?.[1] ?? ''}Z`)
  if (found === null || Number.isNaN(seconds)) return undefined
  return BigInt(seconds) * 1_000_000n + BigInt((found[2] ?? '').padEnd(9, '0'))
}

/** Half as much on both sides, so that panning finds something there. */
export function padded({ fromNs, toNs }: TimeView): TimeView {
  const half = (toNs - fromNs) / 2n
  return { fromNs: fromNs > half ? fromNs - half : 0n, toNs: toNs + half }
}

/** An area of the address: two numbers of nanoseconds. */
export function parseArea(text: string): TimeView | undefined {
  const [, from, to] = /^(\d{1,19})-(\d{1,19})$/.exec(text) ?? []
  if (from === undefined || to === undefined || BigInt(from) >= BigInt(to)) return undefined
  return { fromNs: BigInt(from), toNs: BigInt(to) }
}
