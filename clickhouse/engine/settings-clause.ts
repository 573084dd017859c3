import { settingsWord } from './query-settings.ts'
import { isWord, type Token, tokensOf } from './statement-tokens.ts'

/** A statement without the SETTINGS clause at its end, and what that clause asked for. */
export interface LiftedSettings {
  readonly sql: string
  readonly settings: ReadonlyMap<string, string>
}

/** Where a clause lies, and what it says. */
interface Clause {
  readonly start: number
  readonly end: number
  readonly settings: ReadonlyMap<string, string>
}

/**
 * Takes off the SETTINGS clauses that hold for the whole statement: the engine lets the reading
 * account set nothing, and judges not by value. What they ask for can then be set, or refused, like
 * the settings in an address. Clauses of subqueries stay, as they hold for these alone.
 */
export function liftSettings(sql: string): LiftedSettings {
  const settings = new Map<string, string>()
  let rest = sql
  for (;;) {
    const clause = settingsWord.test(rest) ? clauseIn(rest) : undefined
    if (clause === undefined) return { sql: rest, settings }
    for (const [name, value] of clause.settings) settings.set(name, value)
    rest = `${rest.slice(0, clause.start)} ${rest.slice(clause.end)}`
  }
}

function clauseIn(sql: string): Clause | undefined {
  const tokens = tokensOf(sql)
  let depth = 0
  for (const [at, token] of tokens.entries()) {
    if (/^[([{]$/.test(token.value)) depth += 1
    if (/^[)\]}]$/.test(token.value)) depth -= 1
    if (depth > 0 || !isWord(token, 'SETTINGS')) continue
    const before = tokens[at - 1]
    if (before === undefined || before.value === '.' || isWord(before, 'AS')) continue
    const clause = readClause(tokens, at)
    if (clause !== undefined) return clause
  }
  return undefined
}

function readClause(tokens: readonly Token[], start: number): Clause | undefined {
  const read = readSettings(tokens, start + 1)
  if (read === undefined) return undefined
  const next = tokens[read.end]
  const isEnd = next === undefined || next.value === ';' || isWord(next, 'FORMAT')
  const [first, last] = [tokens[start], tokens[read.end - 1]]
  if (!isEnd || first === undefined || last === undefined) return undefined
  return { start: first.start, end: last.end, settings: read.settings }
}

/** Reads `a = 1, b = 'x'` up to the first token that is none of it. */
export function readSettings(
  tokens: readonly Token[],
  start: number,
): { readonly settings: ReadonlyMap<string, string>; readonly end: number } | undefined {
  const settings = new Map<string, string>()
  let at = start
  for (;;) {
    const name = tokens[at]
    if (name?.kind !== 'word') return undefined
    at += 1
    let value: string | undefined = '1'
    if (tokens[at]?.value === '=') {
      const first = at + 1
      at = valueEnd(tokens, first)
      value = valueOf(tokens.slice(first, at))
    }
    if (value === undefined) return undefined
    settings.set(name.value, value)
    if (tokens[at]?.value !== ',') return { settings, end: at }
    at += 1
  }
}

/** A number is cut into several tokens, with no blanks between them. */
function valueEnd(tokens: readonly Token[], start: number): number {
  let at = start + 1
  while (tokens[start]?.kind !== 'text' && tokens[at]?.start === tokens[at - 1]?.end) {
    if (!/^[\w.+-]+$/.test(tokens[at]?.value ?? '')) break
    at += 1
  }
  return at
}

const words: Readonly<Record<string, string>> = { TRUE: '1', FALSE: '0' }
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' }

/** @returns undefined for what is no plain number, string, true or false */
function valueOf(tokens: readonly Token[]): string | undefined {
  const text = tokens.map(({ value }) => value).join('')
  const first = tokens[0]
  if (first?.kind === 'word') return words[text.toUpperCase()]
  if (first?.kind === 'mark') return /^[+-]?[\d.][\w.+-]*$/.test(text) ? text : undefined
  if (first?.kind !== 'text' || !text.startsWith("'")) return undefined
  const inner = text.slice(1, -1)
  if (/\\[^ntr0\\']/.test(inner)) return undefined
  return inner.replace(/\\(.)|''/g, (_, sign?: string) => escapes[sign ?? "'"] ?? sign ?? "'")
}
