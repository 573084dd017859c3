// Sessions as an archive: what they reported, in the order of time, as OTLP/JSON.
import { createHash, type Hash } from 'node:crypto'
import type { Reader, SessionKey, Store } from '@wayward/clickhouse'
import { ATTR_WAYWARD_KIND } from '@wayward/semconv'
import {
  archiveVersion,
  type ArchivedSession,
  type ArchiveEnd,
  type ArchiveHead,
  type Counts,
} from '../archive.ts'
import { isOfSession } from './of-session.ts'
import type { ArchivedRows, RequestLine } from './archived-rows.ts'
import { type ItemSql, items } from './otlp-json.ts'
import { createSlabPool, type SlabPool } from './slab-pool.ts'
import { rowsOfSlice, type Window } from './slice.ts'

/** Rows of all tables that are asked for at a time. */
const rowsPerSlice = 150_000
/** Of a slice and more: what the next one is read into. */
const slabsMax = 128

/** What an export asks. */
export type Source = Reader & Pick<Store, 'queryRaw'>

/** What is stored of sessions with these ids: one of each service that has it. */
export async function findSessions(
  store: Reader,
  sessions: readonly string[],
): Promise<readonly ArchivedSession[]> {
  const iso = (time: string): string => `formatDateTime(${time}, '%Y-%m-%dT%H:%i:%S.%fZ', 'UTC')`
  return await store.query<ArchivedSession>(
    `SELECT service, session, max(session_name) AS name, ${iso('min(first_at)')} AS firstAt, ${iso('max(last_at)')} AS until
     FROM wayward_sessions WHERE session IN {sessions:Array(String)} GROUP BY service, session ORDER BY service, session`,
    { sessions },
  )
}

/** How many rows the stock tables have of a session. */
export async function countStored(
  store: Reader,
  { service, session }: SessionKey,
): Promise<Counts> {
  const parts = items.map(
    ({ signal, table }) =>
      `SELECT '${signal}' AS signal, count() AS rows FROM ${table} WHERE ${isOfSession}`,
  )
  const rows = await store.query<{ signal: keyof Counts; rows: string }>(
    `SELECT signal, sum(rows) AS rows FROM (${parts.join(' UNION ALL ')}) GROUP BY signal`,
    { service, session },
  )
  const of = (signal: keyof Counts): number =>
    Number(rows.find((row) => row.signal === signal)?.rows ?? 0)
  return { spans: of('spans'), logs: of('logs'), points: of('points') }
}

const kinds = {
  lock_hold: 'wayward_lock_holds',
  lock_wait: 'wayward_lock_waits',
  queue_item: 'wayward_queue_items',
  job_run: 'wayward_job_runs',
  job_attempt: 'wayward_job_attempts',
  pause: 'wayward_pauses',
} as const

/** Whether a session's locks, queues and jobs outlived the spans that they come from. */
export async function hasOrphans(
  store: Reader,
  { service, session }: SessionKey,
): Promise<boolean> {
  const narrow = Object.values(kinds).map(
    (table) =>
      `(SELECT count() FROM ${table} WHERE service = {service:String} AND session = {session:String})`,
  )
  const names = Object.keys(kinds).map((kind) => `'${kind}'`)
  const [found] = await store.query<{ readonly narrow: string; readonly wide: string }>(
    `SELECT ${narrow.join(' + ')} AS narrow, (SELECT count() FROM otel_traces
     WHERE ${isOfSession} AND SpanAttributes['${ATTR_WAYWARD_KIND}'] IN (${names.join(', ')})) AS wide`,
    { service, session },
  )
  return Number(found?.narrow ?? 0) > Number(found?.wide ?? 0)
}

/**
 * The lines of an archive, each with its line feed.
 *
 * @param nowMs milliseconds since 1970
 * @throws StoreError
 */
export async function* exportSessions(
  store: Source,
  sessions: readonly ArchivedSession[],
  nowMs: number,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  const createdAt = new Date(nowMs).toISOString()
  const head: ArchiveHead = { archive: archiveVersion, createdAt, sessions }
  yield hashed(hash, Buffer.from(`${JSON.stringify({ wayward: head })}\n`))
  const ends: (Counts & SessionKey)[] = []
  for (const { service, session } of sessions) {
    const counts = { spans: 0, logs: 0, points: 0 }
    for await (const { line, signal, count } of requestsOf(store, { service, session })) {
      counts[signal] += count
      yield hashed(hash, line)
    }
    ends.push({ service, session, ...counts })
  }
  const end: ArchiveEnd = { end: true, sessions: ends, sha256: hash.digest('hex') }
  yield Buffer.from(`${JSON.stringify({ wayward: end })}\n`)
}

function hashed(hash: Hash, line: Buffer): Buffer {
  hash.update(line)
  return line
}

/** While the requests of a slice are written, ClickHouse reads the next one. */
async function* requestsOf(store: Source, key: SessionKey): AsyncGenerator<RequestLine> {
  const slabs = createSlabPool(slabsMax)
  const all = rowsOf(store, key, slabs)
  let next = all.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      next = all.next()
      // It is waited for later, or not at all.
      next.catch(() => undefined)
      yield* value.requests()
      slabs.give(value.slabs)
    }
  } finally {
    void all.return(undefined).catch(() => undefined)
  }
}

async function* rowsOf(
  store: Source,
  key: SessionKey,
  slabs: SlabPool,
): AsyncGenerator<ArchivedRows, undefined> {
  for (const { item, ...window } of await slicesOf(store, key)) {
    yield* rowsOfSlice({ store, item, key, slabs }, window)
  }
  return undefined
}

type Slice = Window & { readonly item: ItemSql }

/** What to ask for, in the order of time, so that about as many rows come at a time. */
async function slicesOf(store: Source, key: SessionKey): Promise<readonly Slice[]> {
  const timesOf = ({ table, time }: ItemSql): string =>
    `SELECT '${table}' AS name, toUnixTimestamp64Nano(${time}) AS ns FROM ${table} WHERE ${isOfSession}`
  const sizes = await store.query<{ name: string; rows: string; first: string; last: string }>(
    `SELECT name, count() AS rows, min(ns) AS first, max(ns) + 1 AS last FROM (${items.map(timesOf).join(' UNION ALL ')}) GROUP BY name`,
    { ...key },
  )
  const filled = items.filter(({ table }) => sizes.some(({ name }) => name === table))
  const slices = Math.ceil(sizes.reduce((sum, { rows }) => sum + Number(rows), 0) / rowsPerSlice)
  const bounds = [
    least(sizes.map(({ first }) => BigInt(first))),
    ...(slices > 1 ? await boundsOf(store, key, { sql: filled.map(timesOf), slices }) : []),
    -least(sizes.map(({ last }) => -BigInt(last))),
  ].map(String)
  return bounds.slice(1).flatMap((to, index) => {
    const from = bounds[index] ?? to
    return filled.map((item) => ({ item, from, to }))
  })
}

function least(values: readonly bigint[]): bigint {
  return values.reduce((least, value) => (value < least ? value : least), values[0] ?? 0n)
}

/** Times between which there are about as many rows; nanoseconds. */
async function boundsOf(
  store: Source,
  key: SessionKey,
  { slices, sql }: { readonly sql: readonly string[]; readonly slices: number },
): Promise<readonly bigint[]> {
  const levels = Array.from({ length: slices - 1 }, (_, index) => (index + 1) / slices)
  const [found] = await store.query<{ bounds: readonly string[] }>(
    `SELECT arrayDistinct(quantiles(${levels.join(', ')})(ns)) AS bounds FROM (${sql.join(' UNION ALL ')})`,
    { ...key },
  )
  return (found?.bounds ?? []).map((bound) => BigInt(Math.round(Number(bound))))
}

/** What a session has in a table from one moment up to another, in nanoseconds, as requests. */
export async function* requestsOfSlice(
  store: Pick<Store, 'queryRaw'>,
  item: ItemSql,
  { from, service, session, to }: SessionKey & Window,
): AsyncGenerator<RequestLine> {
  const slabs = createSlabPool(0)
  const parts = { store, item, key: { service, session }, slabs }
  for await (const rows of rowsOfSlice(parts, { from, to })) yield* rows.requests()
}
