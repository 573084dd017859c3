// Parts of a window that a question was divided into, and their moments.
import type { Table } from '../ask.ts'
import { formatMoment } from '../format.ts'
import { rfc3339 } from '../timeline/view.ts'
import { show } from '../view-state.ts'

/** When the first part begins, and how long each is. */
export interface Buckets {
  readonly fromNs: bigint
  readonly stepNs: bigint
}

/** A table that says of which parts it is. */
export interface BucketedTable extends Table {
  readonly from_ns: string
  readonly step_ns: string
}

/** Its parts. */
export function bucketsOf({ from_ns: fromNs, step_ns: stepNs }: BucketedTable): Buckets {
  return { fromNs: BigInt(fromNs), stepNs: BigInt(stepNs) }
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
