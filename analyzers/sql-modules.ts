// The steps that several questions share, such as the holds of locks clipped to the window. Each is
// a file in modules/: `lock-holds.sql` is a SELECT that a question reads as `lock_holds`, or a
// function of SQL such as `(burden) -> …`. A question says in its head what it uses, and gets it
// as common table expressions in front of its own: what is sent to ClickHouse is one statement
// that needs nothing but the tables.
import { readFile } from 'node:fs/promises'
import { parseSqlHeader, parseUses, type SqlHeader } from './sql-header.ts'

/** A question as it is sent, and what its head says. */
export interface Question {
  readonly header: SqlHeader
  /** With all that it uses, without the comments of the modules. */
  readonly sql: string
}

const modulesFolder = new URL('./modules/', import.meta.url)

/** @throws Error if the head cannot be read or names a module that is not there */
export async function readQuestion(file: URL): Promise<Question> {
  const sql = await readFile(file, 'utf8')
  const header = parseSqlHeader(sql)
  return { header, sql: withSteps(sql, await readSteps(header.uses)) }
}

/** The statement that shows what a module gives, for tests and for the curious. */
export async function readModule(name: string): Promise<string> {
  const steps = await readSteps([name])
  return `WITH\n${steps.join(',\n')}\nSELECT COLUMNS('.*') FROM ${name}`
}

/** The modules of these names and those that they use, each once, after all that it uses. */
async function readSteps(names: readonly string[]): Promise<readonly string[]> {
  const steps = new Map<string, string>()
  const add = async (name: string, users: readonly string[]): Promise<void> => {
    if (steps.has(name)) return
    if (users.includes(name)) {
      throw new Error(`Cannot read SQL: module ${name} uses itself, through ${users.join(', ')}`)
    }
    const text = await readModuleFile(name)
    for (const used of parseUses(text)) await add(used, [...users, name])
    steps.set(name, toStep(name, text))
  }
  for (const name of names) await add(name, [])
  return [...steps.values()]
}

async function readModuleFile(name: string): Promise<string> {
  const file = `${name.replaceAll('_', '-')}.sql`
  try {
    return await readFile(new URL(file, modulesFolder), 'utf8')
  } catch (error) {
    throw new Error(`Cannot read SQL: there is no module ${name} (modules/${file})`, {
      cause: error,
    })
  }
}

/** A function stands before its name, a SELECT after it. A costly one says "Evaluated once". */
function toStep(name: string, text: string): string {
  const body = text.replaceAll(/^--.*\n/gm, '').trim()
  if (!/^(WITH|SELECT)\b/.test(body)) return `  ${indent(body, '  ')} AS ${name}`
  const once = /^-- Evaluated once\b/m.test(text) ? ' MATERIALIZED' : ''
  return `  ${name} AS${once}\n  (\n    ${indent(body, '    ')}\n  )`
}

function indent(text: string, blanks: string): string {
  return text.replaceAll(/\n(?=.)/g, `\n${blanks}`)
}

function withSteps(sql: string, steps: readonly string[]): string {
  if (steps.length === 0) return sql
  const start = /^(?:WITH\n|SELECT\b)/m.exec(sql)
  if (start === null) throw new Error('Cannot read SQL: neither WITH nor SELECT begins a line')
  const before = sql.slice(0, start.index)
  const rest = sql.slice(start.index)
  return rest.startsWith('WITH\n')
    ? `${before}WITH\n${steps.join(',\n')},\n${rest.slice('WITH\n'.length)}`
    : `${before}WITH\n${steps.join(',\n')}\n${rest}`
}
