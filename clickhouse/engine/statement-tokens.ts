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

/** Cuts a text into tokens, as far as it is asked. */
export interface Lexer {
  /** The token at a position or behind it; undefined at the end. */
  next(position: number): Token | undefined
}

export function createLexer(text: string, hasHeredocs = true): Lexer {
  const heredocs = hasHeredocs ? createHeredocs(text) : undefined
  return { next: (position) => nextToken(text, position, heredocs) }
}

/** What a statement begins with, behind comments and brackets. */
export function firstWord(sql: string): string {
  const lexer = createLexer(sql)
  let next = lexer.next(0)
  while (next?.value === '(') next = lexer.next(next.end)
  return next?.kind === 'word' ? next.value : ''
}

/** All tokens of a text. */
export function tokensOf(text: string, hasHeredocs = true): Token[] {
  const tokens: Token[] = []
  const lexer = createLexer(text, hasHeredocs)
  for (let at = 0; ; ) {
    const next = lexer.next(at)
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

function nextToken(
  text: string,
  position: number,
  heredocs: Heredocs | undefined,
): Token | undefined {
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
  const heredoc = first === '$' ? heredocs?.endOf(start) : undefined
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
interface Heredocs {
  /** Where the one that begins here ends; undefined where none does. */
  endOf(start: number): number | undefined
}

/**
 * Where tags are is looked up once: a text of tags that never end must not be searched for each.
 */
function createHeredocs(text: string): Heredocs {
  let last: ReadonlyMap<string, number> | undefined
  return {
    endOf(start) {
      heredocHead.lastIndex = start
      const head = heredocHead.exec(text)?.[0]
      if (head === undefined) return undefined
      last ??= lastTags(text)
      const inside = start + head.length
      if ((last.get(head) ?? -1) < inside) return undefined
      const close = text.indexOf(head, inside)
      return close < 0 ? undefined : close + head.length
    },
  }
}

/** Of a text, the different tags of heredocs that may be in it. */
export function countTags(text: string): number {
  return lastTags(text).size
}

/** The last position of each tag: two dollar signs with nothing but letters between them. */
function lastTags(text: string): ReadonlyMap<string, number> {
  const last = new Map<string, number>()
  let before = text.indexOf('$')
  while (before >= 0) {
    const next = text.indexOf('$', before + 1)
    if (next < 0) break
    const tag = text.slice(before, next + 1)
    if (/^\$\w*\$$/.test(tag)) last.set(tag, before)
    before = next
  }
  return last
}
