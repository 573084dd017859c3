// A session goes from every table that has rows of it. Rows that name no session are found through
// those that do, so these go after them; the session's own row goes last: what broke off in the
// middle is still listed, and is deleted by asking once more.
import { readFile } from 'node:fs/promises'
import { onCluster } from '../schema/cluster.ts'
import type { Store } from '../store.ts'
import { type SessionRows, tables } from '../tables.ts'

/** Whose rows go. */
export interface SessionKey {
  readonly service: string
  readonly session: string
}

/** A session, and how long it has been silent. */
export interface SilentSession extends SessionKey {
  /** Milliseconds since its latest span or log record; below 0 where its clock is ahead. */
  readonly silentMs: number
}

/** Where it is deleted. */
export interface DeletionSettings {
  /** The name of the cluster over which the tables are spread. */
  readonly cluster?: string | undefined
}

/** How long a process may be silent that still runs: senders wait a few seconds at most. */
export const runningSilenceMs = 60_000

/** How each table tells which rows are a session's, in the order in which they go. */
const order: readonly Exclude<SessionRows, 'none'>[] = [
  'job-slots',
  'job-changes',
  'traces',
  'column',
  'resource',
]
const sessionsTable = 'wayward_sessions'

/** The sessions of these ids, one for each service that has it. @throws StoreError */
export async function readSilence(
  store: Pick<Store, 'query'>,
  sessions: readonly string[],
  service = '',
): Promise<readonly SilentSession[]> {
  const rows = await store.query<SessionKey & { readonly silent_ms: string }>(
    await readSql('sessions'),
    { sessions, service },
  )
  return rows.map(({ silent_ms: silent, ...key }) => ({ ...key, silentMs: Number(silent) }))
}

/**
 * Deletes a session from every table. What is not in ClickHouse yet is stored afterwards, so the
 * journal comes first.
 *
 * @returns how many rows went, by table
 * @throws StoreError; asking once more goes on
 */
export async function deleteSession(
  store: Pick<Store, 'query' | 'command'>,
  { service, session }: SessionKey,
  { cluster }: DeletionSettings = {},
): Promise<Readonly<Record<string, number>>> {
  const deleted: Record<string, number> = {}
  for (const [table, rows] of inOrder()) {
    const sql = await readSql(rows)
    const key = { table, service, session }
    const count = sql
      .replace(/^ALTER TABLE (\S+) DELETE$/m, 'SELECT count() AS rows FROM $1')
      .replace(/^SETTINGS .*$/m, '')
    const [found] = await store.query<{ readonly rows: string }>(count, key)
    if (found === undefined || found.rows === '0') continue
    deleted[table] = Number(found.rows)
    if (cluster === undefined) await store.command(sql, key)
    else await store.command(toCluster(sql, cluster), { ...key, table: `${table}_local` })
  }
  return deleted
}

function inOrder(): readonly (readonly [string, Exclude<SessionRows, 'none'>])[] {
  const all = order.flatMap((rows) =>
    [...tables.values()]
      .filter(({ name, sessionRows }) => sessionRows === rows && name !== sessionsTable)
      .map(({ name }) => [name, rows] as const),
  )
  return [...all, [sessionsTable, 'column']]
}

/** Rows that belong together lie on one shard, so each looks among its own. */
function toCluster(sql: string, cluster: string): string {
  return sql
    .replace('{table:Identifier}', `$& ${onCluster(cluster)}`)
    .replaceAll(/\bFROM (otel_\w+)$/gm, 'FROM $1_local')
}

async function readSql(name: string): Promise<string> {
  return await readFile(new URL(`${name}.sql`, import.meta.url), 'utf8')
}
