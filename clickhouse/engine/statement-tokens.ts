/** The tokens of SQL, as ClickHouse's lexer cuts them. */

/** A piece of a statement. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'text' | 'mark'
  readonly value: string
  readonly start: number
  readonly end: number
}

export function isWord(token: Token | undefined, word: string): token is Token {
  return token?.kind === 'word' && token.value.toUpperCase() === word
}

/** What a statement begins with, behind comments and brackets. */
export function firstWord(sql: string): string {
  let next = nextToken(sql, 0)
  while (next?.value === '(') next = nextToken(sql, next.end)
  return next?.kind === 'word' ? next.value : ''
}

/** All tokens of a text. */
export function tokensOf(text: string, hasHeredocs = true): Token[] {
  const tokens: Token[] = []
  for (let at = 0; ; ) {
    const next = nextToken(text, at, hasHeredocs)
    if (next === undefined) return tokens
    tokens.push(next)
    at = next.end
  }
}

const blanks = /(?:\s+|--[^\n]*|#[ !][^\n]*|\/\*[^]*?(?:\*\/|$))+/y
const wordPattern = /[A-Za-z_$][A-Za-z0-9_$]*/y
const heredocHead = /\$\w*\$/y
/** Quotes of word processors, which ClickHouse takes as well; no escapes are known between them. */
const curlyQuotes: Readonly<Record<string, { end: string; kind: Token['kind'] }>> = {
  '‘': { end: '’', kind: 'text' },
  '“': { end: '”', kind: 'quoted' },
}

export function nextToken(text: string, position: number, hasHeredocs = true): Token | undefined {
  blanks.lastIndex = position
  const start = blanks.test(text) ? blanks.lastIndex : position
  if (start >= text.length) return undefined
  const first = text[start] ?? ''
  const token = (kind: Token['kind'], end: number): Token => {
    return { kind, value: text.slice(start, end), start, end }
  }
  if (first === "'" || first === '"' || first === '`') {
    return token(first === "'" ? 'text' : 'quoted', closingQuote(text, start))
  }
  const heredoc = first === '$' && hasHeredocs ? heredocEnd(text, start) : undefined
  if (heredoc !== undefined) return token('text', heredoc)
  wordPattern.lastIndex = start
  if (wordPattern.test(text)) return token('word', wordPattern.lastIndex)
  const curly = curlyQuotes[first]
  if (curly === undefined) return token('mark', start + 1)
  const close = text.indexOf(curly.end, start)
  return token(curly.kind, close < 0 ? text.length : close + 1)
}

/**
 * The position behind a quoted token, or the end of the text where it is never closed. Not a
 * regular expression: one that fails at the end of the text would be tried again from every later
 * quote.
 */
function closingQuote(text: string, start: number): number {
  const quote = text[start]
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text[at]
    if (character === '\\') at += 1
    else if (character === quote) {
      if (text[at + 1] !== quote) return at + 1
      at += 1
    }
  }
  return text.length
}

/** `$tag$ … $tag$` */
function heredocEnd(text: string, start: number): number | undefined {
  heredocHead.lastIndex = start
  const head = heredocHead.exec(text)?.[0]
  if (head === undefined) return undefined
  const close = text.indexOf(head, start + head.length)
  return close < 0 ? undefined : close + head.length
}
