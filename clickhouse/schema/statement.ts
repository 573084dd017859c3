import { readFile } from 'node:fs/promises'

/** A statement of the schema, and what it does to what. */
export interface Statement {
  readonly sql: string
  /** The beginning of its file's comment, in one line. */
  readonly why: string
  readonly action: Action
}

/**
 * What a statement does.
 *
 * - `create`: makes a table or view, unless it is there.
 * - `rename`: gives a table another name, if it is there.
 * - `drop`: takes a table or view away, if it is there.
 * - `query`: gives a view that is there another query.
 * - `add_column`, `add_index`, `add_projection`, `setting`: changes a table; `value` is the setting
 *   as the table's own statement shows it.
 * - `drop_projection`: takes a projection away, if it is there.
 * - `fill`: makes an index, a projection or a column for the rows that a table has already.
 */
export type Action =
  | { readonly kind: 'create'; readonly name: string }
  | { readonly kind: 'add_column'; readonly table: string; readonly column: string }
  | { readonly kind: 'add_index'; readonly table: string; readonly index: string }
  | { readonly kind: 'add_projection'; readonly table: string; readonly projection: string }
  | { readonly kind: 'drop_projection'; readonly table: string; readonly projection: string }
  | { readonly kind: 'fill'; readonly table: string }
  | { readonly kind: 'setting'; readonly table: string; readonly value: string }
  | { readonly kind: 'query'; readonly name: string }
  | { readonly kind: 'drop'; readonly name: string }
  | { readonly kind: 'rename'; readonly table: string }

/** Text of an .sql file of this package. */
export async function readSql(path: string): Promise<string> {
  return await readFile(new URL(`../${path}`, import.meta.url), 'utf8')
}

/** @throws Error if the text is not one of the statements that a schema is made of */
export function parseStatement(text: string): Statement {
  const sql = text.replace(/^--.*\n/gm, '').trim()
  return { sql, why: whyOf(text), action: actionOf(sql) }
}

/** A file's comment up to the first full stop or blank line. */
function whyOf(text: string): string {
  const comment: string[] = []
  for (const line of text.split('\n')) {
    if (!line.startsWith('--') || line.trim() === '--') break
    comment.push(line.slice(2).trim())
  }
  const whole = comment.join(' ')
  return /^.*?[.:](?= |$)/.exec(whole)?.[0].slice(0, -1) ?? whole
}

const forms: readonly (readonly [RegExp, (groups: Readonly<Record<string, string>>) => Action])[] =
  [
    [
      /^CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS (?<name>\w+)/,
      ({ name = '' }) => ({ kind: 'create', name }),
    ],
    [
      /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? ADD COLUMN IF NOT EXISTS (?<column>`[^`]+`|\w+)/,
      ({ table = '', column = '' }) => ({
        kind: 'add_column',
        table,
        column: column.replaceAll('`', ''),
      }),
    ],
    [
      /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? ADD INDEX IF NOT EXISTS (?<index>\w+)/,
      ({ table = '', index = '' }) => ({ kind: 'add_index', table, index }),
    ],
    [
      /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? ADD PROJECTION IF NOT EXISTS (?<projection>\w+)/,
      ({ table = '', projection = '' }) => ({ kind: 'add_projection', table, projection }),
    ],
    [
      /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? DROP PROJECTION IF EXISTS (?<projection>\w+)/,
      ({ table = '', projection = '' }) => ({ kind: 'drop_projection', table, projection }),
    ],
    [
      /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? MATERIALIZE (?:INDEX|PROJECTION|COLUMN) \w+/,
      ({ table = '' }) => ({ kind: 'fill', table }),
    ],
    [
      /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? MODIFY SETTING (?<value>\w+ = \w+)/,
      ({ table = '', value = '' }) => ({ kind: 'setting', table, value }),
    ],
    [
      /^ALTER TABLE (?<name>\w+)(?: ON CLUSTER \S+)? MODIFY QUERY\s/,
      ({ name = '' }) => ({ kind: 'query', name }),
    ],
    [/^DROP (?:TABLE|VIEW) IF EXISTS (?<name>\w+)/, ({ name = '' }) => ({ kind: 'drop', name })],
    [
      /^RENAME TABLE IF EXISTS (?<table>\w+) TO \w+/,
      ({ table = '' }) => ({ kind: 'rename', table }),
    ],
  ]

function actionOf(sql: string): Action {
  for (const [form, toAction] of forms) {
    const groups = form.exec(sql)?.groups
    if (groups !== undefined) return toAction(groups)
  }
  throw new Error(`The schema has no such statement as "${sql.slice(0, 80)}"`)
}

const plainView = /^CREATE VIEW IF NOT EXISTS (?<name>\w+)(?=\s)/
const materializedView =
  /^CREATE MATERIALIZED VIEW IF NOT EXISTS (?<name>\w+)(?<where> ON CLUSTER \S+)? TO \w+\nAS (?<query>SELECT\s.*)$/s

/**
 * The statement that gives a view which is there the query of the one that would make it.
 *
 * @throws Error if that makes no view
 */
export function toQueryStatement({ sql, why }: Statement): Statement {
  const made = plainView.exec(sql)
  if (made !== null) {
    const [beginning, name = ''] = made
    return {
      sql: `CREATE OR REPLACE VIEW ${name}${sql.slice(beginning.length)}`,
      why: `The query of ${name} is another since. ${why}`,
      action: { kind: 'query', name },
    }
  }
  const groups = materializedView.exec(sql)?.groups
  if (groups === undefined) throw new Error(`No view is made by "${sql.slice(0, 80)}"`)
  const { name = '', where = '', query = '' } = groups
  return {
    sql: `ALTER TABLE ${name}${where} MODIFY QUERY\n${query}`,
    why: `The query of ${name} is another since. ${why}`,
    action: { kind: 'query', name },
  }
}
