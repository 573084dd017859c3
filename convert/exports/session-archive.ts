// Sessions as an archive: what they reported, in the order of time, as OTLP/JSON.
import { createHash, type Hash } from 'node:crypto'
import type { Reader, SessionKey, Store } from '@wayward/clickhouse'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_SESSION_ID,
} from '@wayward/semconv'
import {
  archiveVersion,
  type ArchivedSession,
  type ArchiveEnd,
  type ArchiveHead,
  type Counts,
} from '../archive.ts'
import { linesOf } from '../lines.ts'
import { functions, type ItemSql, items } from './otlp-json.ts'

/** Rows that ClickHouse sorts at a time: what one slice takes of its memory. */
const rowsPerSlice = 50_000
const itemsPerRequest = 500

const [id, instance, host, pid] = [
  ATTR_WAYWARD_SESSION_ID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
].map((name) => `ResourceAttributes['${name}']`)

/** Whose a row is, as the views of the sessions have it. */
const isOfSession = `ServiceName = {service:String} AND multiIf(${id} != '', ${id},
    ${instance} != '', ${instance}, concat(ServiceName, '@', ${host}, ':', ${pid})) = {session:String}`

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
): AsyncGenerator<string> {
  const hash = createHash('sha256')
  const createdAt = new Date(nowMs).toISOString()
  const head: ArchiveHead = { archive: archiveVersion, createdAt, sessions }
  yield hashed(hash, `${JSON.stringify({ wayward: head })}\n`)
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
  yield `${JSON.stringify({ wayward: end })}\n`
}

function hashed(hash: Hash, line: string): string {
  hash.update(line)
  return line
}

interface RequestLine {
  readonly line: string
  readonly signal: keyof Counts
  readonly count: number
}

async function* requestsOf(store: Source, key: SessionKey): AsyncGenerator<RequestLine> {
  const bounds = await slicesOf(store, key)
  for (let index = 0; index + 1 < bounds.length; index++) {
    const [from = '', to = ''] = [bounds[index], bounds[index + 1]]
    for (const item of items) yield* requestsOfSlice(store, item, { ...key, from, to })
  }
}

/** Times between which there are about as many rows as are sorted at a time; nanoseconds. */
async function slicesOf(store: Source, key: SessionKey): Promise<readonly string[]> {
  const all = items
    .map(
      ({ table, time }) =>
        `SELECT toUnixTimestamp64Nano(${time}) AS ns FROM ${table} WHERE ${isOfSession}`,
    )
    .join(' UNION ALL ')
  const [sizes] = await store.query<{ rows: string; last: string }>(
    `SELECT count() AS rows, max(ns) + 1 AS last FROM (${all})`,
    { ...key },
  )
  const rows = Number(sizes?.rows ?? 0)
  if (sizes === undefined || rows === 0) return []
  const slices = Math.ceil(rows / rowsPerSlice)
  const first = '0'
  if (slices === 1) return [first, sizes.last]
  const levels = Array.from({ length: slices - 1 }, (_, index) => (index + 1) / slices)
  const [found] = await store.query<{ bounds: readonly string[] }>(
    `SELECT arrayDistinct(quantiles(${levels.join(', ')})(ns)) AS bounds FROM (${all})`,
    { ...key },
  )
  const inner = (found?.bounds ?? []).map((bound) => BigInt(Math.round(Number(bound))).toString())
  return [first, ...inner, sizes.last]
}

/** What a session has in a table from one moment up to another, in nanoseconds, as requests. */
export async function* requestsOfSlice(
  store: Pick<Store, 'queryRaw'>,
  item: ItemSql,
  window: SessionKey & { readonly from: string; readonly to: string },
): AsyncGenerator<RequestLine> {
  const sql = `WITH ${functions}
    SELECT ${item.resource} AS resource, ${item.scope} AS scope, ${item.item} AS item FROM ${item.table}
    WHERE ${isOfSession} AND ${item.time} >= fromUnixTimestamp64Nano(toInt64({from:String}), 'UTC')
      AND ${item.time} < fromUnixTimestamp64Nano(toInt64({to:String}), 'UTC')
    ORDER BY ${item.time}`
  const answer = await store.queryRaw(sql, 'TSVRaw', { ...window })
  let batch: string[][] = []
  for await (const line of linesOf(answer)) {
    batch.push(line.split('\t'))
    if (batch.length < itemsPerRequest) continue
    yield { line: toRequest(item, batch), signal: item.signal, count: batch.length }
    batch = []
  }
  if (batch.length > 0) {
    yield { line: toRequest(item, batch), signal: item.signal, count: batch.length }
  }
}

const requestNames = {
  spans: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  points: ['resourceMetrics', 'scopeMetrics', 'metrics'],
} as const

/** Rows of one resource and scope beside each other become one list. */
function toRequest({ signal }: ItemSql, rows: readonly (readonly string[])[]): string {
  const [resources, scopes, list] = requestNames[signal]
  const groups: string[] = []
  for (let from = 0; from < rows.length; ) {
    const [resource = '', scope = ''] = rows[from] ?? []
    let to = from
    while (to < rows.length && rows[to]?.[0] === resource && rows[to]?.[1] === scope) to++
    const members = rows.slice(from, to).map((row) => row[2])
    groups.push(
      `{"resource":${resource},"${scopes}":[{"scope":${scope},"${list}":[${members.join(',')}]}]}`,
    )
    from = to
  }
  return `{"${resources}":[${groups.join(',')}]}\n`
}
