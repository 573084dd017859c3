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
 * - `add_column`, `setting`: changes a table; `value` is the setting as the table's own statement
 *   shows it.
 */
export type Action =
  | { readonly kind: 'create'; readonly name: string }
  | { readonly kind: 'add_column'; readonly table: string; readonly column: string }
  | { readonly kind: 'setting'; readonly table: string; readonly value: string }
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

const create = /^CREATE (?:TABLE|VIEW|MATERIALIZED VIEW) IF NOT EXISTS (?<name>\w+)/
const addColumn =
  /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? ADD COLUMN IF NOT EXISTS (?<column>`[^`]+`|\w+)/
const setting = /^ALTER TABLE (?<table>\w+)(?: ON CLUSTER \S+)? MODIFY SETTING (?<value>\w+ = \w+)/
const rename = /^RENAME TABLE IF EXISTS (?<table>\w+) TO \w+/

function actionOf(sql: string): Action {
  const name = create.exec(sql)?.groups?.['name']
  if (name !== undefined) return { kind: 'create', name }
  const added = addColumn.exec(sql)?.groups
  if (added?.['table'] !== undefined && added['column'] !== undefined) {
    const column = added['column'].replaceAll('`', '')
    return { kind: 'add_column', table: added['table'], column }
  }
  const set = setting.exec(sql)?.groups
  if (set?.['table'] !== undefined && set['value'] !== undefined) {
    return { kind: 'setting', table: set['table'], value: set['value'] }
  }
  const renamed = rename.exec(sql)?.groups?.['table']
  if (renamed !== undefined) return { kind: 'rename', table: renamed }
  throw new Error(`The schema has no such statement as "${sql.slice(0, 80)}"`)
}
