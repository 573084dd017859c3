import { settingsWord } from './query-settings.ts'
import { isWord, type Token, tokensOf } from './statement-tokens.ts'

/** A statement without the SETTINGS clause at its end, and what that clause asked for. */
export interface LiftedSettings {
  readonly sql: string
  readonly settings: ReadonlyMap<string, string>
}

/**
 * Takes off the SETTINGS clauses that hold for the whole statement: the engine lets the reading
 * account set nothing, and judges not by value. What they ask for can then be set, or refused, like
 * the settings in an address. Clauses of subqueries stay, as they hold for these alone.
 */
export function liftSettings(sql: string): LiftedSettings {
  const settings = new Map<string, string>()
  if (!settingsWord.test(sql)) return { sql, settings }
  const tokens = tokensOf(sql)
  const kept: string[] = []
  let from = 0
  let depth = 0
  // Once along the statement: what anybody may send must not be read again for each clause in it.
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]
    if (/^[([{]$/.test(token?.value ?? '')) depth += 1
    if (/^[)\]}]$/.test(token?.value ?? '')) depth -= 1
    const before = tokens[at - 1]
    if (depth > 0 || !isWord(token, 'SETTINGS')) continue
    if (before === undefined || before.value === '.' || isWord(before, 'AS')) continue
    const { settings: found, end } = readSettings(tokens, at + 1)
    const last = tokens[end - 1]
    if (found !== undefined && last !== undefined && isClauseEnd(tokens[end])) {
      for (const [name, value] of found) settings.set(name, value)
      kept.push(sql.slice(from, token.start))
      from = last.end
    }
    // Whatever the names up to there begin ends in the same place.
    at = Math.max(at, end - 1)
  }
  return { sql: [...kept, sql.slice(from)].join(' '), settings }
}

function isClauseEnd(next: Token | undefined): boolean {
  return next === undefined || next.value === ';' || isWord(next, 'FORMAT')
}

/**
 * Reads `a = 1, b = 'x'` up to the first token that is none of it.
 *
 * @returns no settings where a name or a value is missing there
 */
export function readSettings(
  tokens: readonly Token[],
  start: number,
): { readonly settings: ReadonlyMap<string, string> | undefined; readonly end: number } {
  const settings = new Map<string, string>()
  let at = start
  for (;;) {
    const name = tokens[at]
    if (name?.kind !== 'word') return { settings: undefined, end: at }
    at += 1
    let value: string | undefined = '1'
    if (tokens[at]?.value === '=') {
      const first = at + 1
      at = valueEnd(tokens, first)
      value = valueOf(tokens.slice(first, at))
      if (value === undefined) return { settings: undefined, end: first }
    }
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
