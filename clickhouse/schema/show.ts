import { quoteIdentifier, quoteString } from '../engine/sql-text.ts'
import { onCluster } from './cluster.ts'
import type { MigrationPlan } from './plan.ts'

/** Where a plan is to be run. */
export interface ShowOptions {
  readonly database: string
  readonly cluster?: string | undefined
}

/** A plan as a script that does the same: what would be run, and why. */
export function showPlan(plan: MigrationPlan, { database, cluster }: ShowOptions): string {
  const parts: string[] = []
  const add = (why: string, sql: string): void => {
    parts.push(`-- ${why}\n${sql};\n`)
  }
  if (plan.makesDatabase) {
    const where = cluster === undefined ? '' : ` ${onCluster(cluster)}`
    add(
      'The database is missing',
      `CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}${where}`,
    )
  }
  add('All that follows is about it', `USE ${quoteIdentifier(database)}`)
  for (const { why, statements } of plan.renames) {
    for (const sql of statements) add(why, sql)
  }
  for (const { why, sql, parameters, loss } of plan.adaptations) {
    add(loss === undefined ? why : `${why}; without it: ${loss}`, showStatement(sql, parameters))
  }
  for (const { version, name, statements, isNew } of plan.migrations) {
    const title = version === 0 ? 'Migrations' : `Migration ${version}, ${name}`
    for (const { why, sql } of statements) add(`${title}. ${why}`, sql)
    if (!isNew) continue
    add(
      `Migration ${version} is done`,
      `INSERT INTO wayward_migrations (version, name, applied_at) VALUES (${version}, ${quoteString(name)}, now64(3))`,
    )
  }
  return parts.join('\n')
}

/** A statement with the names of its parameters' values in it, for people. */
export function showStatement(sql: string, parameters: Readonly<Record<string, string>>): string {
  return sql.replace(/\{(\w+):Identifier\}/g, (whole, name: string) => parameters[name] ?? whole)
}
