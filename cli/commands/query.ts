// `wayward query "<sql>"`: one statement of the reading account, its answer as a table, JSON or
// CSV.
import { formatTimeNs } from '@wayward/base'
import assert from 'node:assert/strict'
import type { QueryParameters, Store } from '@wayward/clickhouse'
import { CommandError, exitCodes } from '../command-error.ts'
import type { outputFields, storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { toCommandError, withStore } from '../open-store.ts'
import type { OutputFormat } from '@wayward/analyzers/report/answer'
import { renderTable, type TableColumn } from '@wayward/analyzers/report/table'
import type { Selection } from '../selection.ts'
import type { Terminal } from '../terminal.ts'

/** A table is for eyes; more rows than this belong into a file. */
export const tableRowsMax = 1000

export interface QueryCommand {
  readonly sql: string
  readonly values: Resolved<typeof storeFields & typeof outputFields>
  readonly selection: Selection
}

/** The statement as it was given, or from the standard input. @throws CommandError if neither is */
export async function readStatement(
  terminal: Terminal,
  given: string | undefined,
): Promise<string> {
  if (given !== undefined && given !== '-') return given
  const read = await terminal.read()
  if (read !== undefined) return read
  throw new CommandError(
    exitCodes.usage,
    'No statement: wanted SQL, such as "SELECT count() FROM otel_traces", or a file of it behind "<"',
    { page: 'query.md' },
  )
}

export async function query(terminal: Terminal, command: QueryCommand): Promise<void> {
  const { sql, values } = command
  if (sql.trim() === '') {
    throw new CommandError(
      exitCodes.usage,
      'The statement is empty; wanted SQL, such as "SELECT count() FROM otel_traces"',
      { page: 'query.md' },
    )
  }
  const parameters = toParameters(sql, command.selection)
  await withStore(terminal, values, async (store) => {
    try {
      await answer(terminal, store, sql, parameters, values.format)
    } catch (error) {
      throw toCommandError(error)
    }
  })
}

const flagsOfParameters: Readonly<Record<string, string>> = {
  from: '--from or --since',
  sessions: '--session',
}
const typesOfParameters: Readonly<Record<string, string>> = {
  from: "DateTime64(9, 'UTC')",
  to: "DateTime64(9, 'UTC')",
  sessions: 'Array(String)',
}

/**
 * The selection's flags are the parameters {from}, {to}, {service} and {session} or {sessions} of
 * the statement.
 */
function toParameters(sql: string, selection: Selection): QueryParameters {
  const given: Record<string, string | readonly string[] | undefined> = {
    from: selection.from === undefined ? undefined : clickhouseTime(selection.from),
    to: selection.to === undefined ? undefined : clickhouseTime(selection.to),
    service: selection.service,
    ...sessionOf(sql, selection.sessions),
  }
  const parameters: Record<string, string | readonly string[]> = {}
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const type = typesOfParameters[name] ?? 'String'
    if (!new RegExp(`\\{\\s*${name}\\s*:`).test(sql)) {
      const flag = flagsOfParameters[name] ?? `--${name}`
      throw new CommandError(
        exitCodes.usage,
        `${flag} has no effect: the statement does not use {${name}:${type}}; write it where it belongs, or leave the flag out`,
        { page: 'query.md' },
      )
    }
    parameters[name] = value
  }
  return parameters
}

function clickhouseTime(ns: bigint): string {
  return formatTimeNs(ns).replace('T', ' ').replace('Z', '')
}

async function answer(
  terminal: Terminal,
  store: Store,
  sql: string,
  parameters: QueryParameters,
  format: OutputFormat,
): Promise<void> {
  const asked = asFormats[format]
  const stream = await store.queryRaw(sql, asked, parameters)
  // A statement with a FORMAT of its own is answered in it, byte for byte.
  const isOwnFormat = stream.format !== undefined && stream.format !== asked
  if (format === 'table' && !isOwnFormat) await writeTable(terminal, stream)
  else for await (const chunk of stream) await terminal.write(chunk)
}

/** What ClickHouse is asked for. */
const asFormats: Readonly<Record<OutputFormat, string>> = {
  table: 'JSONCompactStringsEachRowWithNamesAndTypes',
  json: 'JSON',
  csv: 'CSVWithNames',
}

async function writeTable(terminal: Terminal, stream: AsyncIterable<Uint8Array>): Promise<void> {
  const rows: string[][] = []
  let names: string[] | undefined
  let types: string[] | undefined
  let hasMore = false
  for await (const line of lines(stream)) {
    const values = toRow(line)
    if (names === undefined) names = values
    else if (types === undefined) types = values
    else if (rows.length < tableRowsMax) rows.push(values)
    else {
      hasMore = true
      break
    }
  }
  if (names === undefined) return
  const columns = names.map(
    (heading, index): TableColumn => ({
      heading,
      align: isNumber(types?.[index]) ? 'right' : 'left',
      isWhole: /^(?:Nullable\()?Date/.test(types?.[index] ?? ''),
    }),
  )
  await terminal.write(renderTable({ columns, rows }, terminal.width, terminal.style))
  if (hasMore) {
    terminal.note(
      `Only the first ${tableRowsMax} rows are shown; take --format csv or json for all`,
    )
  }
}

function isNumber(type: string | undefined): boolean {
  return /^(?:Nullable\(|LowCardinality\()*(?:U?Int|Float|BFloat|Decimal)/.test(type ?? '')
}

function toRow(line: string): string[] {
  const parsed: unknown = JSON.parse(line)
  assert(Array.isArray(parsed), `A row of the answer is no list: ${line.slice(0, 100)}`)
  return parsed.map((value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)))
}

async function* lines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

/** Several sessions are an array; one may be either. */
function sessionOf(
  sql: string,
  sessions: readonly string[],
): Record<string, string | readonly string[]> {
  const [only, ...others] = sessions
  if (only === undefined) return {}
  const isArray = others.length > 0 || /\{\s*sessions\s*:/.test(sql)
  return isArray ? { sessions } : { session: only }
}
