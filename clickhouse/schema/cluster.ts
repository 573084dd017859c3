// The one schema of the .sql files, as statements for a cluster. A table T becomes T_local,
// replicated, on every server, and T itself, a Distributed table in front of all T_local: readers
// and inserts use the stock names. Views are on T_local and fill T_local of their target, on the
// shard where the rows are.
import { quoteIdentifier, quoteString } from '../engine/sql-text.ts'
import { tables } from '../tables.ts'

/** The suffix of the tables that hold a shard's rows. */
const localSuffix = '_local'

/**
 * The statements for a cluster that do what this one does for a single server.
 *
 * @param sql without comments
 * @throws Error if it is not one that a schema is made of
 */
export function toClusterStatements(sql: string, cluster: string): readonly string[] {
  const everywhere = onCluster(cluster)
  const table = /^CREATE TABLE IF NOT EXISTS (\w+)\n/.exec(sql)
  if (table?.[1] !== undefined) {
    const name = table[1]
    return [
      replicated(sql).replace(
        table[0],
        `CREATE TABLE IF NOT EXISTS ${name}${localSuffix} ${everywhere}\n`,
      ),
      distributed(name, cluster),
    ]
  }
  const view = /^(CREATE MATERIALIZED VIEW IF NOT EXISTS \w+) TO (\w+)\nAS SELECT\n/.exec(sql)
  if (view !== null) {
    const head = `${view[1]} ${everywhere} TO ${view[2]}${localSuffix}\nAS SELECT\n`
    const body = sql.slice(view[0].length)
    return [head + body.replace(/^FROM (\w+)$/m, `FROM $1${localSuffix}`)]
  }
  const dropped = /^DROP (TABLE|VIEW) IF EXISTS (\w+)$/.exec(sql)
  if (dropped !== null) {
    const [, what, name = ''] = dropped
    const names = what === 'VIEW' ? [name] : [name, `${name}${localSuffix}`]
    return names.map((one) => `DROP ${what} IF EXISTS ${one} ${everywhere} SYNC`)
  }
  const plainView = /^CREATE VIEW IF NOT EXISTS \w+/.exec(sql)
  if (plainView !== null) return [sql.replace(plainView[0], `${plainView[0]} ${everywhere}`)]
  const renamed = /^RENAME TABLE IF EXISTS (\w+) TO (\w+)$/.exec(sql)
  if (renamed !== null) {
    const [, from, to] = renamed
    // The table in front has no rows; it is made again under the new name.
    return [
      `RENAME TABLE IF EXISTS ${from}${localSuffix} TO ${to}${localSuffix} ${everywhere}`,
      `DROP TABLE IF EXISTS ${from} ${everywhere} SYNC`,
    ]
  }
  const altered = /^ALTER TABLE (\w+) /.exec(sql)
  if (altered !== null) {
    const rest = sql.slice(altered[0].length)
    const local = `ALTER TABLE ${altered[1]}${localSuffix} ${everywhere} ${rest}`
    // Settings and times to live are those of the rows' own table.
    const isOfRows =
      /^(?:MODIFY (?:SETTING|TTL)|REMOVE TTL|MATERIALIZE|ADD INDEX|(?:ADD|DROP) PROJECTION) /.test(
        rest,
      )
    return isOfRows ? [local] : [local, `ALTER TABLE ${altered[1]} ${everywhere} ${rest}`]
  }
  throw new Error(`No form for a cluster is known of "${sql.slice(0, 80)}"`)
}

/** The clause that makes a statement run on every server. ClickHouse takes no parameter there. */
export function onCluster(cluster: string): string {
  return `ON CLUSTER ${quoteIdentifier(cluster)}`
}

/** An engine without arguments: the path in Keeper is the server's default_replica_path. */
function replicated(sql: string): string {
  return sql
    .replace(/^ENGINE = (\w*MergeTree)/m, 'ENGINE = Replicated$1')
    .replace(
      /\bnon_replicated_deduplication_window = (\d+)/,
      'non_replicated_deduplication_window = $1, replicated_deduplication_window = $1, replicated_deduplication_window_seconds = 604800',
    )
}

function distributed(name: string, cluster: string): string {
  const local = `${name}${localSuffix}`
  const key = tables.get(name)?.shardingKey
  const parts = [quoteString(cluster), 'currentDatabase()', quoteString(local)]
  if (key !== undefined) parts.push(key)
  return `CREATE TABLE IF NOT EXISTS ${name} ${onCluster(cluster)}
AS ${local}
ENGINE = Distributed(${parts.join(', ')})`
}
