import type { Logger } from '@wayward/base'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { QueryParameters, Store } from '../store.ts'
import { onCluster } from '../schema/cluster.ts'
import { type RetainedTable, retainedTables } from '../tables.ts'

/** How long rows are kept after their own time, in seconds. Absent is for ever. */
export interface Retention {
  /** Rows that nothing below is about. */
  readonly restSeconds: number | undefined
  readonly tables: ReadonlyMap<string, number>
  /** By `service.name`; this goes before the table. */
  readonly services: ReadonlyMap<string, number>
}

/** Everything is kept. */
export const unlimitedRetention: Retention = {
  restSeconds: undefined,
  tables: new Map(),
  services: new Map(),
}

/** What became of each table. */
export interface RetentionResult {
  readonly changed: readonly string[]
  /** Tables whose time to live somebody else has set; they are left alone. */
  readonly foreign: readonly string[]
}

/**
 * Stands for "for ever" where a number must be: added to a time of today it stays below 2106, where
 * DateTime ends.
 */
export const foreverSeconds = 50 * 365 * 86_400

export interface RetentionParts {
  readonly logger: Logger
  /** The name of the cluster whose every shard has the tables. */
  readonly cluster?: string | undefined
}

/**
 * Gives the tables the time to live (TTL) that the setting asks for. Compares first: a table that
 * has it already is not touched, and one with a TTL that is not ours is reported and left alone.
 *
 * Nothing that is stored is written again: ClickHouse notes for each part when it goes (a mutation
 * that reads the columns of time and service, in the background).
 *
 * @throws StoreError
 */
export async function applyRetention(
  store: Store,
  retention: Retention,
  parts: RetentionParts,
): Promise<RetentionResult> {
  const changed: string[] = []
  const foreign: string[] = []
  for (const { name, engine_full } of await store.query<TableRow>(await readSql('tables.sql'))) {
    // On a cluster the rows are in a table beside the Distributed one.
    const table = retainedTables.get(name.replace(/_local$/, ''))
    if (table === undefined) continue
    const wanted = planOf(table, retention)
    const present = presentOf(engine_full)
    if (present.kind === 'foreign' && wanted !== undefined) {
      foreign.push(name)
      parts.logger.warn('Left the TTL of a table alone, because it was not set by --retention', {
        table: name,
        ttl: present.ttl,
        cure: `ALTER TABLE ${name} REMOVE TTL, and start again`,
      })
    }
    if (present.kind === 'foreign' || present.mark === wanted?.mark) continue
    await setTtl(store, name, wanted, parts.cluster)
    changed.push(name)
  }
  if (changed.length > 0) parts.logger.info('Set how long rows are kept', { tables: changed })
  return { changed, foreign }
}

interface TableRow {
  readonly name: string
  readonly engine_full: string
}

/** A table's time to live, as statements and parameters. */
interface Plan {
  readonly mark: string
  readonly files: readonly string[]
  readonly parameters: QueryParameters
}

function planOf(table: RetainedTable, retention: Retention): Plan | undefined {
  const { services, tables, restSeconds = foreverSeconds } = retention
  const own = tables.get(table.follows ?? table.name) ?? restSeconds
  if (table.service !== undefined && services.size > 0) {
    // A day more, because it is counted from the day's start.
    const seconds = [...services.values()].map((value) => value + 86_400)
    return finish(['drop-rows.sql', 'keep-by-service.sql'], {
      time: table.time,
      service: table.service,
      services: [...services.keys()],
      // As ClickHouse writes an array: the client knows arrays of texts only.
      seconds: `[${seconds.join(',')}]`,
      rest: own + 86_400,
    })
  }
  // Rows that cannot tell whose they are stay as long as those that they are about.
  const about = table.isAboutAll === true ? [restSeconds, ...tables.values()] : []
  const rest = Math.max(own, ...about, ...services.values())
  if (rest >= foreverSeconds) return undefined
  return finish(['drop-whole-parts.sql', 'keep-all-alike.sql'], { time: table.time, rest })
}

function finish(files: readonly string[], parameters: QueryParameters): Plan {
  const text = JSON.stringify([files, parameters])
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
  const mark = `wayward retention ${hash}`
  return { mark, files, parameters: { ...parameters, mark } }
}

type Present =
  | { readonly kind: 'ours'; readonly mark: string | undefined }
  | { readonly kind: 'foreign'; readonly ttl: string }

/**
 * @param engine as system.tables gives it: `MergeTree PARTITION BY … ORDER BY … TTL … SETTINGS …`
 */
function presentOf(engine: string): Present {
  const ttl = / TTL (?<ttl>.+?)(?: SETTINGS .*)?$/s.exec(engine)?.groups?.['ttl']
  if (ttl === undefined) return { kind: 'ours', mark: undefined }
  const mark = /if\('(?<mark>wayward retention [0-9a-f]{16})' = ''/.exec(ttl)?.groups?.['mark']
  return mark === undefined ? { kind: 'foreign', ttl } : { kind: 'ours', mark }
}

async function setTtl(
  store: Store,
  table: string,
  plan: Plan | undefined,
  cluster: string | undefined,
): Promise<void> {
  for (const file of plan?.files ?? ['keep-forever.sql']) {
    const sql = await readSql(file)
    const parameters = { ...plan?.parameters, table }
    const everywhere = cluster === undefined ? '' : ` ${onCluster(cluster)}`
    await store.command(sql.replace('{table:Identifier}', `$&${everywhere}`), parameters)
  }
}

async function readSql(path: string): Promise<string> {
  return await readFile(new URL(path, import.meta.url), 'utf8')
}
