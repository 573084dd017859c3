// Statements with their parameters filled in, to be run as they are in any ClickHouse client.
import type { Question } from '../sql-modules.ts'

/** The values that a question is asked with, by the names of its parameters. */
export type FilledParameters = Readonly<Record<string, string | number | readonly string[]>>

/**
 * The statement with values for its parameters, the tables' database before their names and the
 * settings that it was asked with behind it: a client needs to set nothing.
 *
 * @param database where the tables are, as the client sees it
 * @throws RangeError if a parameter has no value
 */
export function fillSql(
  { sql }: Pick<Question, 'sql'>,
  parameters: FilledParameters,
  database: string,
): string {
  const filled = sql.trimEnd().replaceAll(placeholder, (_, name: string, type: string) => {
    const value = parameters[name]
    if (value === undefined) throw new RangeError(`No value for the parameter {${name}:${type}}`)
    return literal(value, type)
  })
  return `${qualified(filled, database)}\nSETTINGS ${settingsOf(filled)}`
}

const placeholder = /\{(\w+): ?([^{}]+)\}/g
/** A text or a comment is kept as it is; a table is one of ours behind FROM, JOIN or IN. */
const tableOrText = /'(?:[^'\\]|\\.)*'|--.*|\b(FROM|JOIN|IN) (wayward_\w+|otel_\w+)\b/g

function qualified(sql: string, database: string): string {
  const prefix = /^[a-z_]\w*$/i.test(database) ? database : quoteIdentifier(database)
  return sql.replaceAll(tableOrText, (whole, word?: string, table?: string) =>
    table === undefined ? whole : `${word} ${prefix}.${table}`,
  )
}

/** What the store sends with every question, as far as this one needs it. */
function settingsOf(sql: string): string {
  const once = / AS MATERIALIZED\n/.test(sql) ? ', enable_materialized_cte = 1' : ''
  return `session_timezone = 'UTC'${once}`
}

function literal(value: FilledParameters[string], type: string): string {
  if (typeof value === 'object') {
    // An empty array has no type of its own.
    if (value.length === 0) return `CAST([], '${type}')`
    return `[${value.map(quoteText).join(', ')}]`
  }
  if (type.startsWith('DateTime64')) return `toDateTime64('${readable(String(value))}', 9, 'UTC')`
  if (typeof value === 'number') return String(value)
  // What a double cannot hold comes as digits.
  if (/^U?Int\d+$/.test(type) && /^-?\d{1,20}$/.test(value)) return `to${type}(${value})`
  return quoteText(value)
}

/** Seconds since 1970 with nanoseconds, as they are sent, in a form that people read. */
function readable(seconds: string): string {
  const [whole = '0', fraction = ''] = seconds.split('.')
  const date = new Date(Number(whole) * 1000).toISOString().slice(0, 19).replace('T', ' ')
  return `${date}.${fraction.padEnd(9, '0')}`
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\0': '\\0',
}

function quoteText(text: string): string {
  return `'${text.replaceAll(/[\\'\n\r\t\0]/g, (sign) => escapes[sign] ?? sign)}'`
}

function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll(/[\\`]/g, (sign) => `\\${sign}`)}\``
}
