/**
 * Judges a reading statement by the engine's own reading of it: the text that the engine's
 * formatter writes from what its parser understood. There are no comments in it, no heredocs, and
 * no escapes in names.
 *
 *   SELECT * APPLY(`fi\x6ce`)   is   SELECT * APPLY file
 */
import { parseColumnList } from './column-list.ts'
import { isReadingSetting, settingsWord } from './query-settings.ts'
import { isWord, type Token, tokensOf } from './statement-tokens.ts'

/** Functions that reach files, programs or the network; the engine checks no right for them. */
const forbidden = 'file|eval|catboostEvaluate|hasColumnInTable|(?:ai|AI)[A-Z]\\w*'
/**
 * Table functions that everybody may use and whose first argument may be a list of columns, whose
 * defaults are expressions in a string: `generateRandom('a String ALIAS file(…)')`.
 */
const listing = 'values|generateRandom|null|input|SQLStandardValues|fuzzJSON'

/**
 * Table functions that reach files, programs or the network. The engine asks for a right, but some
 * act before it does: `sqlite` makes the file that it is to read.
 */
const outside =
  '(?:azureBlobStorage|deltaLake|hudi|iceberg|paimon)(?:Azure|HDFS|Local|S3)?(?:Cluster)?|' +
  '(?:file|hdfs|s3|url)(?:Cluster)?|filesystem|sqlite|executable|arrowstream|cosn|gcs|oss|jdbc|' +
  'odbc|mongodb|mysql|postgresql|redis|ytsaurus|remote|remoteSecure|cluster|clusterAllReplicas'

const forbiddenName = new RegExp(`^(?:${forbidden})$`)
const listingName = new RegExp(`^(?:${listing})$`, 'i')
const forbiddenWord = new RegExp(`\\b(?:${forbidden})\\b`)
const outsideName = new RegExp(`^(?:${outside})$`, 'i')
const tableWord = new RegExp(`\\b(?:${listing}|${outside})\\b`, 'i')
const tableCall = new RegExp(`\\b(?:${listing}|${outside})\\b\\W*\\(`, 'i')
/** Functions that take a function's name where they want a lambda. */
const takesFunctions = /^(?:array|map)(?!Join$)/i

/** What a statement must not use, as the refusal names it, or undefined. */
export interface Objection {
  readonly what: string
  readonly kind: 'function' | 'columns' | 'setting'
}

/** Whether the text alone cannot show that there is nothing to object to. Errs on that side. */
export function needsJudgement(sql: string, parameters: ReadonlyMap<string, string>): boolean {
  if (sql.includes('\\') || forbiddenWord.test(sql) || settingsWord.test(sql)) return true
  // Between the name and its bracket there may be a comment.
  if (tableCall.test(sql) || (tableWord.test(sql) && /\/\*|--|#/.test(sql))) return true
  if (!/\bIdentifier\b/i.test(sql)) return false
  return [...parameters.values()].some(
    (value) => value.includes('\\') || forbiddenWord.test(value) || tableWord.test(value),
  )
}

/**
 * @param formatted the statement as the engine's formatter writes it
 * @param parameters stand for names where the statement has `{x:Identifier}`
 * @param mayFilter whether the caller judges what filtersIn() finds
 */
export function objectionTo(
  formatted: string,
  parameters: ReadonlyMap<string, string>,
  mayFilter: boolean,
): Objection | undefined {
  const tokens = withIdentifiers(formatted, parameters)
  const callees: string[] = []
  // Of the whole and of each bracket that is open: whether a SETTINGS clause has begun in it.
  const clauses = [false]
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (token === undefined) break
    if (token.value === '(') {
      callees.push(nameOf(tokens[at - 1]))
      clauses.push(false)
    } else if (token.value === ')') {
      callees.pop()
      if (clauses.length > 1) clauses.pop()
    }
    const name = nameOf(token)
    // Of a parameter: the engine would read the escape in it, nobody here does.
    if (token.kind === 'word' && name.includes('\\')) return { what: name, kind: 'function' }
    if (forbiddenName.test(name) && isReference(tokens, at, callees)) {
      return { what: name, kind: 'function' }
    }
    if (outsideName.test(name) && tokens[at + 1]?.value === '(') {
      return { what: name, kind: 'function' }
    }
    if (listingName.test(name) && tokens[at + 1]?.value === '(' && !listsColumns(tokens, at + 2)) {
      return { what: name, kind: 'columns' }
    }
    const setting = clauses.at(-1) === true ? refusedSetting(tokens, at, mayFilter) : undefined
    if (setting !== undefined) return { what: setting, kind: 'setting' }
    if (isWord(token, 'SETTINGS')) clauses[clauses.length - 1] = true
  }
  return undefined
}

/** The name that a word or quoted token stands for; the formatter quotes names with backquotes. */
function nameOf(token: Token | undefined): string {
  if (token?.kind === 'word') return token.value
  return token?.kind === 'quoted' ? token.value.slice(1, -1) : ''
}

/** Whether a name may mean the function: it is called, applied, or handed to one that calls it. */
function isReference(tokens: readonly Token[], at: number, callees: readonly string[]): boolean {
  const before = tokens[at - 1]
  if (tokens[at + 1]?.value === '(') return true
  // A column of a table, `t.file`, never is one.
  if (before?.value === '.') return false
  if (isWord(before, 'APPLY') || callees.at(-1)?.toUpperCase() === 'APPLY') return true
  return callees.some((callee) => takesFunctions.test(callee))
}

/**
 * Whether the argument from here on can be no list of columns, or is one of names and types alone.
 * Of an expression only the engine knows what text it gives: `(('a', 1).1)` and `(SELECT 'a')` are
 * texts, too.
 */
function listsColumns(tokens: readonly Token[], at: number): boolean {
  const argument = tokens.slice(at, argumentEnd(tokens, at))
  const [first, second] = argument
  if (first === undefined) return true
  if (first.kind === 'text' && second === undefined) {
    const text = unescaped(first.value)
    return text !== undefined && parseColumnList(text) !== undefined
  }
  if (first.value === '(' || first.value === '[') return isCollection(argument)
  const text = argument.map(({ value }) => value).join('')
  return /^[-+]?\d[\d.]*(?:e[-+]?\d+)?$/i.test(text) || /^(?:NULL|true|false)$/i.test(text)
}

/** Where an argument ends: its comma, or the bracket that ends them all. */
function argumentEnd(tokens: readonly Token[], start: number): number {
  let depth = 0
  for (let at = start; at < tokens.length; at += 1) {
    const value = tokens[at]?.value ?? ''
    if (depth === 0 && (value === ',' || value === ')')) return at
    if (value === '(' || value === '[') depth += 1
    if (value === ')' || value === ']') depth -= 1
  }
  return tokens.length
}

const queryWord = /^(?:SELECT|WITH|FROM|UNION|EXCEPT|INTERSECT|EXPLAIN|SHOW|DESCRIBE)$/i

/** Whether an argument is `[…]` or `(…, …)` as a whole: never a text. */
function isCollection(argument: readonly Token[]): boolean {
  const inner = argument.slice(1, -1)
  if (argumentEnd(argument, 0) !== argument.length) return false
  let depth = 0
  let commas = 0
  for (const { kind, value } of inner) {
    if (value === '(' || value === '[') depth += 1
    if (value === ')' || value === ']') depth -= 1
    // Its bracket ends before the argument does, or it is a query.
    if (depth < 0 || (depth === 0 && kind === 'word' && queryWord.test(value))) return false
    if (depth === 0 && value === ',') commas += 1
  }
  if (argument[0]?.value === '[') return argument.at(-1)?.value === ']'
  if (argument.at(-1)?.value !== ')') return false
  // Brackets around a number alone are no tuple, and no text either.
  return commas > 0 || (inner[0]?.kind !== 'text' && listsColumns(inner, 0))
}

/** The content of a string literal that has the simple escapes only. */
function unescaped(literal: string): string | undefined {
  const inner = literal.slice(1, -1)
  if (/\\[^'\\nt]/.test(inner)) return undefined
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t' }
  return inner.replace(/\\(.)/g, (_, sign: string) => escapes[sign] ?? sign)
}

/** `SETTINGS a = 1, b = 2`: the name that is set here, where one is and must not be. */
function refusedSetting(
  tokens: readonly Token[],
  start: number,
  mayFilter: boolean,
): string | undefined {
  const before = tokens[start - 1]
  if (before?.value !== ',' && !isWord(before, 'SETTINGS')) return undefined
  let at = start
  let name = nameOf(tokens[at])
  while (tokens[at + 1]?.value === '.') {
    name += `.${nameOf(tokens[at + 2])}`
    at += 2
  }
  if (tokens[at + 1]?.value !== '=' || isReadingSetting(name)) return undefined
  const isFilter = name === filterSetting && tokens[at + 2]?.value === '{'
  return mayFilter && isFilter ? undefined : name
}

/** Grafana's filters of a dashboard are there: `{'otel_traces': 'ServiceName = \'shop\''}` */
const filterSetting = 'additional_table_filters'

/**
 * The expressions of such filters, which are statements' parts in strings.
 *
 * @returns undefined among them for one that cannot be read here
 */
export function filtersIn(formatted: string): readonly (string | undefined)[] {
  const filters: (string | undefined)[] = []
  let isIn = false
  let before: Token | undefined
  for (const token of tokensOf(formatted, false)) {
    if (nameOf(token) === filterSetting) isIn = true
    else if (token.value === '}') isIn = false
    else if (isIn && before?.value === ':') {
      filters.push(token.kind === 'text' ? unescaped(token.value) : undefined)
    }
    before = token
  }
  return filters
}

/** Puts names in the place of `{x:Identifier}`. There are no heredocs, but names such as `$x$`. */
function withIdentifiers(
  formatted: string,
  parameters: ReadonlyMap<string, string>,
): readonly Token[] {
  const tokens = tokensOf(formatted, false)
  const replaced: Token[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (token === undefined) break
    const colon = token.value === '{' ? colonAfter(tokens, at) : undefined
    const name = formatted.slice(token.end, tokens[colon ?? at]?.start).trim()
    const value = colon === undefined ? undefined : parameters.get(name)
    if (colon === undefined || value === undefined) {
      replaced.push(token)
      continue
    }
    replaced.push({ ...token, kind: 'word', value })
    at = colon + 2
  }
  return replaced
}

/** Where the colon of `{x:Identifier}` is; a name such as `13_` is cut into several tokens. */
function colonAfter(tokens: readonly Token[], open: number): number | undefined {
  for (let at = open + 1; at < tokens.length; at += 1) {
    const value = tokens[at]?.value
    if (value === '}' || value === '{') return undefined
    if (value === ':' && tokens[at + 2]?.value === '}') {
      return isWord(tokens[at + 1], 'IDENTIFIER') ? at : undefined
    }
  }
  return undefined
}
