// The comment that an analyzer's SQL opens with is the only declaration of what goes in and comes
// out:
//
//   -- Question: Which locks make others wait, how long and how often?
//   --
//   -- Parameters:
//   --   service  String         only this service, empty for all
//   --
//   -- Uses: lock_waits, severity
//   --
//   -- Headline, the columns of a table, the last left out first:
//   --   lock_name, wait_sum_ns
//   --
//   -- Output, one row per service and lock name, the most waited for first:
//   --   lock_name    text         class of the lock
//   --   wait_sum_ns  duration ns  sum of the waits

import type { Column, ColumnType } from './analyzer.ts'

/** What the head of an analyzer's SQL says. */
export interface SqlHeader {
  readonly question: string
  /** Names of parameters, with what they are. */
  readonly parameters: readonly Parameter[]
  /** Names of the modules that it uses, see sql-modules.ts. */
  readonly uses: readonly string[]
  /** Names of the columns that answer the question at a glance; the last may be left out first. */
  readonly headline: readonly string[]
  /**
   * What a row is, and the order: `one row per service and lock name, the most waited for first`.
   */
  readonly rowsAre: string
  readonly columns: readonly Column[]
}

export interface Parameter {
  readonly name: string
  /** ClickHouse's type. */
  readonly type: string
  readonly description: string
}

// Name, type, an optional unit (one word, no capital), two or more spaces, description.
const columnLine = /^-- {3}(\w+) {2,}(\w+)(?: (\S+))? {2,}(.+)$/
const parameterLine = /^-- {3}(\w+) {2,}(\S+) {2,}(.+)$/

const columnTypes: ReadonlySet<string> = new Set<ColumnType>([
  'text',
  'count',
  'duration',
  'fraction',
  'rate',
  'number',
  'time',
  'hour',
  'counts',
  'json',
])

/** @throws Error if a part is missing, a line cannot be read, or the headline names no column */
export function parseSqlHeader(sql: string): SqlHeader {
  const lines = sql.split('\n')
  const comment = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('--')),
  )
  const question = comment[0]?.match(/^-- Question: (.+)$/)?.[1]
  if (question === undefined)
    throw new Error('Cannot read SQL: no "-- Question:" in its first line')
  const output = section(comment, 'Output')
  const columns = output.lines.map(parseColumn)
  const headline = section(comment, 'Headline')
    .lines.flatMap((line) => line.slice('--'.length).split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const unknown = headline.find((name) => !columns.some((column) => column.name === name))
  if (unknown !== undefined)
    throw new Error(`Cannot read SQL: its headline names "${unknown}", which is no column`)
  const parameters = section(comment, 'Parameters').lines.map(parseParameter)
  return { question, parameters, uses: parseUses(sql), headline, rowsAre: output.title, columns }
}

/** The part of the head that begins with a word, up to an empty line. */
function section(
  comment: readonly string[],
  word: string,
): { readonly title: string; readonly lines: readonly string[] } {
  const start = comment.findIndex((line) => line.startsWith(`-- ${word}`))
  if (start < 0) throw new Error(`Cannot read SQL: no "-- ${word}" in its head`)
  const rest = comment.slice(start + 1)
  const end = rest.indexOf('--')
  const title = (comment[start] ?? '').slice(`-- ${word}`.length).replace(/^,? */, '')
  return { title: title.replace(/:$/, ''), lines: end < 0 ? rest : rest.slice(0, end) }
}

function parseColumn(line: string): Column {
  const [, name = '', type = '', unit = '', description = ''] = line.match(columnLine) ?? []
  if (!isColumnType(type))
    throw new Error(`Cannot read SQL: no column with a known type in "${line}"`)
  return { name, type, unit, description }
}

function parseParameter(line: string): Parameter {
  const [, name, type = '', description = ''] = line.match(parameterLine) ?? []
  if (name === undefined) throw new Error(`Cannot read SQL: no parameter in "${line}"`)
  return { name, type, description }
}

function isColumnType(type: string): type is ColumnType {
  return columnTypes.has(type)
}

/** The names after `-- Uses:` in a head, which may go on in the next line. */
export function parseUses(sql: string): readonly string[] {
  const list = /^-- Uses: (.+(?:\n-- {3,}\S.*)*)/m.exec(sql)?.[1] ?? ''
  return list.split(/[\s,]+|\n--/).filter((name) => /^\w+$/.test(name))
}
