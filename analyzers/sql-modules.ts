// The steps that several questions share, such as the holds of locks clipped to the window. Each is
// a file in modules/: `lock-holds.sql` is a SELECT that a question reads as `lock_holds`, or a
// function of SQL such as `(burden) -> …`. A question says in its head what it uses, and gets it
// as common table expressions in front of its own: what is sent to ClickHouse is one statement
// that needs nothing but the tables.
//
// Part of a module may find nothing in most stores, such as what was stored twice: it stands
// between `-- If repeated_holds:` and `-- End`, and is left out where that is known; what stands
// behind `-- Else` takes its place then, and is left out otherwise. ClickHouse plans a question for
// longer than it takes to answer it for an hour, and plans what it is told.
//
// A module that says "Kept where small" may be asked by itself before; its rows are then sent along
// with the questions, which read them by its name as any table. `-- If whole_…:` marks what a
// question needs only where that was not done.
import { readFile } from 'node:fs/promises'
import { parseSqlHeader, parseUses, type SqlHeader } from './sql-header.ts'

/** A question as it is sent, and what its head says. */
export interface Question {
  readonly header: SqlHeader
  /** With all that it uses, without the comments of the modules. */
  readonly sql: string
  /** Of the modules that are kept those that it reads. */
  readonly reads: readonly string[]
}

const modulesFolder = new URL('./modules/', import.meta.url)

/** What is known before a question is asked. */
export interface Scope {
  /** Modules that find nothing. */
  readonly empty: ReadonlySet<string>
  /** Parameters that are empty, which selects all. */
  readonly unset: ReadonlySet<string>
  /** Modules whose rows are sent along. @default none */
  readonly kept?: ReadonlySet<string>
}

/**
 * Modules with which a question takes less memory and more time: it is asked with them where it is
 * printed, and where ClickHouse has not enough for it without.
 */
export const sparingModules: ReadonlySet<string> = new Set(['lock_heavy_holders'])

/** Nothing is known: the question is good for all data and all values of its parameters. */
export const anyScope: Scope = { empty: new Set(), unset: new Set() }

/** @throws Error if the head cannot be read or names a module that is not there */
export async function readQuestion(file: URL, scope: Scope = anyScope): Promise<Question> {
  const sql = await readFile(file, 'utf8')
  const header = parseSqlHeader(sql)
  const { steps, reads } = await readSteps(header.uses, scope)
  const own = narrow(sql, scope)
  const { needed, text } = mentionedSteps(own, steps)
  return { header, sql: withSteps(own, needed), reads: namedIn(text, reads) }
}

/** What a question mentions, and what that mentions: its head names what its parts may need. */
function mentionedSteps(
  own: string,
  steps: ReadonlyMap<string, string>,
): { readonly needed: readonly string[]; readonly text: string } {
  const needed: string[] = []
  let text = own.replaceAll(/^--.*\n/gm, '')
  for (const [name, step] of [...steps].toReversed()) {
    if (namedIn(text, [name]).length === 0) continue
    needed.unshift(step)
    text += step
  }
  return { needed, text }
}

function namedIn(text: string, names: Iterable<string>): readonly string[] {
  return [...names].filter((name) => new RegExp(`\\b${name}\\b`).test(text))
}

/** A module that may be asked before the questions that use it. */
export interface KeepableModule {
  readonly name: string
  readonly columns: readonly string[]
  /** Whether it reads others that are kept. */
  readonly isMade: boolean
  /** Whether it is worth it only where several questions use it. */
  readonly isForSeveral: boolean
}

/** The modules of a question that say "Kept where small" or "Kept for several questions". */
export async function readKeepable(file: URL, scope: Scope): Promise<readonly KeepableModule[]> {
  const { uses } = parseSqlHeader(await readFile(file, 'utf8'))
  const { steps } = await readSteps(uses, scope)
  const texts = await Promise.all(
    [...steps.keys()].map(async (name) => ({ name, text: await readModuleFile(name) })),
  )
  const found = texts.filter(({ text }) => keptMark.test(text))
  const kept = new Set(found.map(({ name }) => name))
  return await Promise.all(
    found.map(async ({ name, text }) => ({
      name,
      columns: columnsOf(text),
      isMade: (await readSteps(parseUses(text), { ...scope, kept })).reads.size > 0,
      isForSeveral: /^-- Kept for several questions\b/m.test(text),
    })),
  )
}

const keptMark = /^-- Kept (?:where small|for several questions)\b/m

/** The statement of the first rows of a module. */
export async function readFirstRows(
  { name, columns }: KeepableModule,
  rowsMax: number,
  scope: Scope,
): Promise<Pick<Question, 'sql' | 'reads'>> {
  const { steps, reads } = await readSteps([name], scope)
  const list = columns.join(', ')
  return {
    sql: `WITH\n${[...steps.values()].join(',\n')}\nSELECT ${list} FROM ${name} LIMIT ${rowsMax}`,
    reads: namedIn([...steps.values()].join('\n'), reads),
  }
}

/** Names of the columns of a SELECT that begins a line and whose FROM does. */
function columnsOf(text: string): readonly string[] {
  const list = /^SELECT\n([^]*?)^FROM\b/m.exec(text)?.[1] ?? ''
  const parts: string[] = []
  let depth = 0
  let part = ''
  for (const character of list) {
    if (character === '(' || character === '[') depth++
    if (character === ')' || character === ']') depth--
    if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += character
  }
  return [...parts, part].map((one) => one.trim().split(/\s+/).at(-1) ?? '')
}

/** The modules of which it can be known, before a question is asked, that they find nothing. */
export async function readOptionalModules(file: URL): Promise<readonly string[]> {
  const question = await readFile(file, 'utf8')
  const { uses } = parseSqlHeader(question)
  const modules = [...(await readSteps(uses, anyScope)).steps.keys()]
  const texts = [question, ...(await Promise.all(modules.map(readModuleFile)))]
  const names = texts.flatMap((text) => [...text.matchAll(optionalPart)].map(([, name]) => name))
  return [
    ...new Set(
      names.filter(
        (name): name is string =>
          name !== undefined && !sparingModules.has(name) && !name.startsWith(wholeMark),
      ),
    ),
  ]
}

/** The statement that shows what a module gives, for tests and for the curious. */
export async function readModule(name: string): Promise<string> {
  const { steps } = await readSteps([name], anyScope)
  return `WITH\n${[...steps.values()].join(',\n')}\nSELECT COLUMNS('.*') FROM ${name}`
}

/** A statement of one row with the values of these modules, which are expressions. */
export async function readValues(names: readonly string[], scope: Scope): Promise<string> {
  const { steps } = await readSteps(names, scope)
  return `WITH\n${[...steps.values()].join(',\n')}\nSELECT ${names.join(', ')}`
}

/** The modules of these names and those that they use, each once, after all that it uses. */
async function readSteps(
  names: readonly string[],
  scope: Scope,
): Promise<{
  readonly steps: ReadonlyMap<string, string>
  /** Kept ones that they read. */
  readonly reads: ReadonlySet<string>
}> {
  const steps = new Map<string, string>()
  const reads = new Set<string>()
  const add = async (name: string, users: readonly string[]): Promise<void> => {
    const isKept = scope.kept?.has(name) === true
    if (isKept) reads.add(name)
    if (isKept || steps.has(name) || scope.empty.has(name)) return
    if (users.includes(name)) {
      throw new Error(`Cannot read SQL: module ${name} uses itself, through ${users.join(', ')}`)
    }
    const text = await readModuleFile(name)
    for (const used of parseUses(text)) await add(used, [...users, name])
    steps.set(name, toStep(name, narrow(text, scope)))
  }
  for (const name of names) await add(name, [])
  return { steps, reads }
}

/** `-- If whole_steps:` is left out where the rows of the module `steps` are sent along. */
const wholeMark = 'whole_'
const optionalPart = /^ *-- If (\w+):\n([\s\S]*?)(?:^ *-- Else\n([\s\S]*?))?^ *-- End\n/gm
const conditionOfParameter =
  /^ *AND \((?:\{(\w+):String\} = ''|empty\(\{(\w+):Array\(String\)\}\)) OR .*\)\n/gm

/** The text without what selects all and what finds nothing. */
function narrow(text: string, { empty, unset, kept }: Scope): string {
  const isLeftOut = (name: string): boolean =>
    empty.has(name) ||
    (name.startsWith(wholeMark) && kept?.has(name.slice(wholeMark.length)) === true)
  return text
    .replaceAll(optionalPart, (_, name: string, part: string, otherwise: string | undefined) =>
      isLeftOut(name) ? (otherwise ?? '') : part,
    )
    .replaceAll(conditionOfParameter, (line: string, ...names: string[]) =>
      unset.has(names[0] ?? names[1] ?? '') ? '' : line,
    )
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
