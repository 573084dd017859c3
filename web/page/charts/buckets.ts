// Parts of a window that a question was divided into: their moments, from two rows of an answer.
import type { Row } from '../ask.ts'
import { formatMoment } from '../format.ts'
import { rfc3339 } from '../timeline/view.ts'
import { show } from '../view-state.ts'

/** When the first part begins, and how long each is. */
export interface Buckets {
  readonly fromNs: bigint
  readonly stepNs: bigint
}

/** Rows have `bucket`, a number, and `at`, its moment, in the order of time. */
export function bucketsOf(rows: readonly Row[]): Buckets {
  const first = rows[0]
  const last = rows.at(-1)
  if (first === undefined || last === undefined) return { fromNs: 0n, stepNs: 1n }
  const between = BigInt(Number(last['bucket']) - Number(first['bucket'])) || 1n
  const stepNs = (momentOf(last) - momentOf(first)) / between || 1_000_000n
  return { fromNs: momentOf(first) - stepNs * BigInt(Number(first['bucket'])), stepNs }
}

/** Exact to the nanosecond, as the API says it. */
function momentOf(row: Row): bigint {
  const text = String(row['at'])
  const fraction = text.slice(20).replace('Z', '').padEnd(9, '0')
  return BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n + BigInt(fraction)
}

/** The name of a part. */
export function placeNamer({ fromNs, stepNs }: Buckets): (place: number) => string {
  return (place) => formatMoment(fromNs + stepNs * BigInt(place), Number(stepNs))
}

/** The same at the axis, where places are farther apart. */
export function tickNamer({ fromNs, stepNs }: Buckets): (place: number) => string {
  return (place) => formatMoment(fromNs + stepNs * BigInt(place), Number(stepNs) * 20)
}

/** Makes the time from one part to another, both included, what is looked at. */
export function rangeChooser({ fromNs, stepNs }: Buckets): (first: number, last: number) => void {
  return (first, last) => {
    const from = fromNs + stepNs * BigInt(first)
    const to = fromNs + stepNs * BigInt(last + 1)
    show({ since: '', from: rfc3339(from), to: rfc3339(to) })
  }
}
