import { createLexer, isWord, type Lexer, type Token } from './statement-tokens.ts'

// Finds where the statement ends and an insert's data begins. Bytes that came from outside as data
// must never reach the engine as part of a statement (a blank line in them would end the data, and
// the rest would run as SQL), so an INSERT with data is taken apart here: the head, and the data,
// which goes through a file.
//
//   INSERT INTO t (a, b) SETTINGS x = 1 FORMAT JSONEachRow\n{"a":1}
//   └─ target ──────────┘└─ settings ──┘        └─ format ┘ └─ data
//
// This decides nothing about rights: what runs is judged by the engine's own parser
// (statement-guard.ts).

/** An INSERT whose data follow it. */
export interface InsertHead {
  /** `INSERT INTO t (a, b)` */
  readonly target: string
  /** `SETTINGS x = 1`, or empty. */
  readonly settings: string
  readonly format: string
  /** Where the data begin in the text. */
  readonly dataStart: number
}

/** The head of an INSERT with data, or undefined for every other statement. */
export function parseInsertHead(text: string): InsertHead | undefined {
  const lexer = createLexer(text)
  let next = lexer.next(0)
  if (!isWord(next, 'INSERT')) return undefined
  next = lexer.next(next.end)
  if (isWord(next, 'INTO')) next = lexer.next(next.end)
  if (isWord(next, 'TABLE')) {
    const after = lexer.next(next.end)
    if (after?.kind === 'word' || after?.kind === 'quoted') next = after
  }
  if (isWord(next, 'FUNCTION')) next = lexer.next(next.end)
  next = next && afterName(lexer, next)
  let depth = 0
  let targetEnd = next?.start ?? text.length
  let settingsStart: number | undefined
  for (; next !== undefined; next = lexer.next(next.end)) {
    if (next.value === '(' || next.value === '[') depth += 1
    if (next.value === ')' || next.value === ']') depth -= 1
    const word = depth === 0 && next.kind === 'word' ? next.value.toUpperCase() : ''
    if (word === 'SELECT' || word === 'WITH' || word === 'FROM' || word === 'WATCH')
      return undefined
    if (word === 'SETTINGS') settingsStart ??= next.start
    if (word === 'VALUES' || word === 'FORMAT') {
      const name = word === 'FORMAT' ? lexer.next(next.end) : undefined
      if (word === 'FORMAT' && name?.kind !== 'word') return undefined
      return {
        target: text.slice(0, targetEnd),
        settings: settingsStart === undefined ? '' : text.slice(settingsStart, next.start),
        format: name?.value ?? 'Values',
        dataStart: name === undefined ? next.end : afterLineEnd(text, name.end),
      }
    }
    if (settingsStart === undefined) targetEnd = next.end
  }
  return undefined
}

/** The format that the statement asks for itself with a FORMAT clause. */
export function formatClause(text: string): string | undefined {
  let format: string | undefined
  let depth = 0
  const lexer = createLexer(text)
  for (let next = lexer.next(0); next !== undefined; next = lexer.next(next.end)) {
    if (next.value === '(') depth += 1
    if (next.value === ')') depth -= 1
    if (depth > 0 || !isWord(next, 'FORMAT')) continue
    const name = lexer.next(next.end)
    if (name?.kind === 'word') format = name.value
  }
  return format
}

/** `db.table`, `"db"."table"`: returns the first token behind it. */
function afterName(lexer: Lexer, first: Token): Token | undefined {
  let next = lexer.next(first.end)
  while (next?.value === '.') {
    const part = lexer.next(next.end)
    next = part && lexer.next(part.end)
  }
  return next
}

/** As ClickHouse does: blanks, then one line end, are not part of the data. */
function afterLineEnd(text: string, position: number): number {
  let at = position
  while (text[at] === ' ' || text[at] === '\t' || text[at] === '\f') at += 1
  if (text[at] === '\r') at += 1
  if (text[at] === '\n') at += 1
  return at
}
