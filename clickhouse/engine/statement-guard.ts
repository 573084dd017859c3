/**
 * What may run is judged by the engine's own parser, never by patterns on the text: comments,
 * quoting and encodings cannot be used to get a different reading here than there. Patterns only
 * decide whether the closer look of statement-judge.ts is needed, and they err on the side of
 * looking.
 */
import type { Connection } from './database.ts'
import { ClickhouseException, exceptionFrom } from './exception.ts'
import { makesTemporaryTable } from './session-statement.ts'
import { quoteString } from './sql-text.ts'
import { filtersIn, needsJudgement, type Objection, objectionTo } from './statement-judge.ts'
import { countTags } from './statement-tokens.ts'

const classReadOnly = 0
const classUnknown = 4

/** @throws ClickhouseException unless the text is exactly one statement that parses */
export async function guardSingle(connection: Connection, sql: string): Promise<number> {
  const { statementCount, queryClass } = await connection.analyze(sql)
  if (statementCount > 1) {
    throw syntaxError(
      `the text has ${statementCount} statements (Multi-statements are not allowed)`,
    )
  }
  if (queryClass === classUnknown || statementCount === 0) {
    // Such a text must not be run to see what the engine says: it runs the first statements of a
    // text before it finds out that a later one does not parse. As a string it is only parsed.
    if (/^;?$/.test(sql.trim())) throw syntaxError('Empty query')
    await format(connection, sql)
  }
  return queryClass
}

/** @throws ClickhouseException unless the text is one statement that only reads tables */
export async function guardReading(
  connection: Connection,
  sql: string,
  parameters: ReadonlyMap<string, string>,
): Promise<void> {
  const tags = countTags(sql)
  if (tags > tagsMax) throw tooManyTags(tags)
  if ((await guardSingle(connection, sql)) !== classReadOnly) {
    throw readonly(
      makesTemporaryTable(sql)
        ? 'Cannot execute query in readonly mode: this account makes no tables; one for a single ' +
            'query can come with it, as a file of a form'
        : 'Cannot execute query in readonly mode: this account may only read',
    )
  }
  if (!needsJudgement(sql, parameters)) return
  const formatted = await judge(connection, sql, parameters, true)
  const filters = filtersIn(formatted)
  if (filters.length > filtersMax) throw tooManyFilters(filters.length)
  for (const filter of filters) {
    if (filter === undefined) throw readonly(refusals.setting('additional_table_filters'))
    await judge(connection, `SELECT 1 WHERE (${filter}\n)`, parameters, false)
  }
}

/** The engine looks for the end of each through all of the text, and nothing can stop that. */
const tagsMax = 100

function tooManyTags(count: number): ClickhouseException {
  return new ClickhouseException(
    'LIMIT_EXCEEDED',
    `The statement has ${count} different tags of heredocs ($tag$), but at most ${tagsMax} are taken: write strings in quotes`,
  )
}

/** Each is read by the engine before the query is, and nothing can stop that. */
const filtersMax = 100

function tooManyFilters(count: number): ClickhouseException {
  return new ClickhouseException(
    'LIMIT_EXCEEDED',
    `additional_table_filters has ${count} filters, but at most ${filtersMax} are taken: join those of a table with AND`,
  )
}

/** @returns the text as the engine has understood it */
async function judge(
  connection: Connection,
  sql: string,
  parameters: ReadonlyMap<string, string>,
  mayFilter: boolean,
): Promise<string> {
  const formatted = await format(connection, sql)
  // The formatter writes this for secrets, and then nobody has seen what is there.
  const isHidden = formatted.includes('[HIDDEN]') && !sql.includes('[HIDDEN]')
  const objection = isHidden
    ? ({ what: '[HIDDEN]', kind: 'function' } as const)
    : objectionTo(formatted, parameters, mayFilter)
  if (objection !== undefined) throw readonly(refusals[objection.kind](objection.what))
  return formatted
}

/** The statement as the engine has understood it. @throws ClickhouseException where it does not */
async function format(connection: Connection, sql: string): Promise<string> {
  try {
    const text = `SELECT formatQuerySingleLine(${quoteString(sql)})`
    return (await connection.run(text, 'RawBLOB')).bytes.toString()
  } catch (error) {
    const exception = exceptionFrom(error)
    throw exception.saying(exception.message.replace(ownScope, ''))
  }
}

/** What the engine says about the question that carried the text. */
const ownScope = /: In scope SELECT formatQuerySingleLine\([^]*$/

function syntaxError(message: string): ClickhouseException {
  return new ClickhouseException('SYNTAX_ERROR', `Syntax error: ${message}`)
}

const refusals: Readonly<Record<Objection['kind'], (what: string) => string>> = {
  function: (what) =>
    `Cannot execute query in readonly mode: this account cannot use "${what}" here. Functions that ` +
    'read files or reach the network are closed to it; where it is a column, write its table ' +
    `before it, as in t.${what}`,
  columns: (what) =>
    `Cannot execute query in readonly mode: the columns of "${what}" must be one string of names ` +
    "and types, as in 'a UInt8, b String'",
  setting: (what) => `Cannot modify '${what}' setting in readonly mode`,
}

function readonly(message: string): ClickhouseException {
  return new ClickhouseException('READONLY', message)
}
