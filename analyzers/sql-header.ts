import type { Column, ColumnType } from './analyzer.ts'

/** What the head of an analyzer's SQL says. */
export interface SqlHeader {
  readonly question: string
  readonly columns: readonly Column[]
}

// Name, type, an optional unit (one word, no capital), two or more spaces, description.
const columnLine = /^-- {3}(\w+) {2,}(\w+)(?: (\S+))? {2,}(.+)$/

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
])

/**
 * Reads the comment that an analyzer's SQL opens with: it is the only declaration of the output columns.
 *
 * @throws Error if it lacks the question or declares a column in a way that cannot be read
 */
export function parseSqlHeader(sql: string): SqlHeader {
  const lines = sql.split('\n')
  const end = lines.findIndex((line) => !line.startsWith('--'))
  const comment = lines.slice(0, end)
  const question = comment[0]?.match(/^-- Question: (.+)$/)?.[1]
  if (question === undefined)
    throw new Error('Cannot read SQL: no "-- Question:" in its first line')
  const output = comment.findIndex((line) => line.startsWith('-- Output'))
  if (output < 0) throw new Error('Cannot read SQL: no "-- Output" in its head')
  return { question, columns: comment.slice(output + 1).map(parseColumn) }
}

function parseColumn(line: string): Column {
  const [, name = '', type = '', unit = '', description = ''] = line.match(columnLine) ?? []
  if (!isColumnType(type))
    throw new Error(`Cannot read SQL: no column with a known type in "${line}"`)
  return { name, type, unit, description }
}

function isColumnType(type: string): type is ColumnType {
  return columnTypes.has(type)
}
