// An archive taken into a store, once: what is stored already is not sent again, however the import
// before ended.
import type { Reader, SessionKey, Store } from '@wayward/clickhouse'
import { ArchiveError, type ArchiveEnd, type Counts } from '../archive.ts'
import { countStored, hasOrphans } from '../exports/session-archive.ts'
import { missingRequests } from './missing-items.ts'
import { type ArchivedRequest, readArchive } from './session-archive.ts'

/** What the receiver did not take of a request, and why. */
export interface Taken {
  readonly rejected: number
  readonly message: string
}

/** What an import works with. */
export interface ImportParts {
  readonly store: Reader & Pick<Store, 'queryRaw'>
  /** Stores a request. @throws where it is refused for good */
  readonly take: (request: ArchivedRequest) => Promise<Taken>
  /** Resolves when ClickHouse has everything that was taken. */
  readonly whenInserted: () => Promise<void>
  /** Ends it. */
  readonly signal: AbortSignal
  readonly onProgress: (requests: number) => void
}

/** What became of an archive. */
export interface Imported {
  readonly sessions: readonly (SessionKey & Counts)[]
  /** Requests that were stored: 0 where all was there already. */
  readonly requests: number
  /** Items of them that were refused, and why the last was. */
  readonly rejected: number
  readonly message: string
}

/** One is on the way, others are being stored. */
const requestsAtOnce = 4

/**
 * Takes an archive that was found whole into the store, and waits until it is there.
 *
 * @param end what it has, as `verifyArchive` found it
 * @throws ArchiveError, StoreError, what `take` throws, and the reason of the signal
 */
export async function importArchive(
  path: string,
  end: ArchiveEnd,
  parts: ImportParts,
): Promise<Imported> {
  const { signal, store, take, whenInserted } = parts
  // What an import before has left in the journal.
  await whenInserted()
  const stored = await Promise.all(end.sessions.map((key) => countStored(store, key)))
  for (const key of end.sessions) {
    if (!(await hasOrphans(store, key))) continue
    throw new ArchiveError(
      `Spans of the session ${key.session} are gone, by their retention, whose locks, queues and jobs are still there, and these would be there twice; delete the session first`,
    )
  }
  const isNew = stored.every(({ logs, points, spans }) => spans + logs + points === 0)
  const whole = readArchive(path)
  const sent = { requests: 0, rejected: 0, message: '' }
  const underWay = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined
  const send = async (request: ArchivedRequest): Promise<void> => {
    try {
      const { message, rejected } = await take(request)
      sent.rejected += rejected
      if (rejected > 0) sent.message = message
      parts.onProgress(++sent.requests)
    } catch (error) {
      failure ??= { error }
    }
  }
  for await (const request of isNew ? whole : missingRequests(store, whole)) {
    if (failure !== undefined || signal.aborted) break
    const sending = send(request)
    underWay.add(sending)
    void sending.finally(() => underWay.delete(sending))
    if (underWay.size >= requestsAtOnce) await Promise.race(underWay)
  }
  await Promise.all(underWay)
  if (failure !== undefined) throw failure.error
  signal.throwIfAborted()
  await whenInserted()
  return { sessions: end.sessions, ...sent }
}
