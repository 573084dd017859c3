// What of an archive is not stored yet, where part of it is: an import was ended in the middle, or
// a retention has dropped days. Archive and store are both in the order of time, so they are
// compared a stretch at a time, whatever their length.
import type { Store } from '@wayward/clickhouse'
import { ArchiveError } from '../archive.ts'
import { requestsOfSlice } from '../exports/session-archive.ts'
import { keepItems, type ParsedRequest, parseRequest } from './archived-items.ts'
import type { ArchivedRequest } from './session-archive.ts'

/** Requests of one session and table that are compared at a time: some 20,000 items. */
const requestsAtOnce = 40

/** Where the comparison of a session and table has come to. */
interface Progress {
  /** All that is stored up to this time has been seen, nanoseconds. */
  upTo: bigint
  /** Of what is stored at that very time, how often each is left. */
  left: Map<string, number>
}

/** The requests with what is not stored yet, in their order. @throws ArchiveError, StoreError */
export async function* missingRequests(
  store: Pick<Store, 'queryRaw'>,
  requests: AsyncIterable<ArchivedRequest>,
): AsyncGenerator<ArchivedRequest> {
  const progress = new Map<string, Progress>()
  let together: ParsedRequest[] = []
  for await (const request of requests) {
    const parsed = parseRequest(request)
    const [first] = together
    const isOther = first !== undefined && placeOf(first) !== placeOf(parsed)
    if (isOther || together.length >= requestsAtOnce) {
      yield* compare(store, together, progress)
      together = []
    }
    together.push(parsed)
  }
  yield* compare(store, together, progress)
}

function placeOf({ service, session, table }: ParsedRequest): string {
  return JSON.stringify([service, session, table.table])
}

async function* compare(
  store: Pick<Store, 'queryRaw'>,
  together: readonly ParsedRequest[],
  all: Map<string, Progress>,
): AsyncGenerator<ArchivedRequest> {
  const [first] = together
  if (first === undefined) return
  const place = placeOf(first)
  const progress = all.get(place) ?? { upTo: -1n, left: new Map<string, number>() }
  const last = lastTime(together, progress.upTo)
  const stored = new Map(progress.left)
  const atLast = new Map<string, number>()
  const { service, session, table } = first
  if (last > progress.upTo) {
    const [from, to] = [String(progress.upTo + 1n), String(last + 1n)]
    const signal = first.request.signal
    const slice = requestsOfSlice(store, table, { service, session, from, to })
    for await (const { line } of slice) {
      for (const { key, time } of parseRequest({ signal, body: line }).items) {
        stored.set(key, (stored.get(key) ?? 0) + 1)
        if (time === last) atLast.set(key, 1)
      }
    }
  } else for (const key of progress.left.keys()) atLast.set(key, 1)
  for (const { items, request } of together) {
    const isMissing = items.map(({ key }) => !take(stored, key))
    if (isMissing.every(Boolean)) yield request
    else if (isMissing.some(Boolean)) yield keepItems(request, (index) => isMissing[index] === true)
  }
  const left = new Map([...stored].filter(([key, count]) => count > 0 && atLast.has(key)))
  all.set(place, { upTo: last, left })
}

/** The time up to which these go. @throws ArchiveError where they go back in time */
function lastTime(together: readonly ParsedRequest[], upTo: bigint): bigint {
  let last = upTo
  for (const { items } of together) {
    for (const { time } of items) {
      if (time < last) {
        throw new ArchiveError(
          'Part of it is stored, and it cannot be told which: its items are not in the order of time, as "sessions export" writes them',
        )
      }
      last = time
    }
  }
  return last
}

function take(stored: Map<string, number>, key: string): boolean {
  const count = stored.get(key) ?? 0
  if (count > 0) stored.set(key, count - 1)
  return count > 0
}
