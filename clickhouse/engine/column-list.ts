import { createLexer, isWord, type Lexer, type Token, tokensOf } from './statement-tokens.ts'

/** A column of a list, each part as it is written there. */
export interface ListedColumn {
  readonly name: string
  readonly type: string
}

/**
 * Reads a list of columns, `a UInt8, b Array(String)`, that comes from outside. Only names and
 * types are let through: a column's default is an expression, which the engine computes without
 * asking whether the account may use its functions.
 *
 * @returns undefined where there is anything else
 */
export function parseColumnList(text: string): readonly ListedColumn[] | undefined {
  // What is a comment is the engine's to say; without any there is nothing to misread.
  if (/--|\/\*|#/.test(text)) return undefined
  const columns: ListedColumn[] = []
  const lexer = createLexer(text)
  for (let at = 0; ; ) {
    const name = lexer.next(at)
    if (name?.kind !== 'word' && name?.kind !== 'quoted') return undefined
    const end = typeEnd(lexer, name.end)
    if (end === undefined) return undefined
    columns.push({ name: name.value, type: text.slice(name.end, end).trim() })
    const after = lexer.next(end)
    if (after === undefined) return columns
    if (after.value !== ',') return undefined
    at = after.end
  }
}

/** Cuts `UInt8, Array(String)` at its commas. */
export function splitTypes(text: string): readonly string[] {
  const types: string[] = []
  let depth = 0
  let start = 0
  for (const { value, start: at, end } of tokensOf(text)) {
    if (value === '(') depth += 1
    if (value === ')') depth -= 1
    if (value !== ',' || depth > 0) continue
    types.push(text.slice(start, at).trim())
    start = end
  }
  return [...types, text.slice(start).trim()]
}

const expressionWords = /^(?:DEFAULT|MATERIALIZED|ALIAS|EPHEMERAL|AS|CODEC|TTL|SELECT)$/i

/** Where a type ends: a word, its arguments in brackets, and whether it may be null. */
function typeEnd(lexer: Lexer, start: number): number | undefined {
  const word = lexer.next(start)
  if (word?.kind !== 'word' || expressionWords.test(word.value)) return undefined
  let end = word.end
  let next = lexer.next(end)
  if (next?.value === '(') {
    const close = bracketsEnd(lexer, next)
    if (close === undefined) return undefined
    end = close
    next = lexer.next(end)
  }
  if (isWord(next, 'NOT')) next = lexer.next(next.end)
  return isWord(next, 'NULL') ? next.end : end
}

function bracketsEnd(lexer: Lexer, open: Token): number | undefined {
  let depth = 0
  for (let next: Token | undefined = open; next !== undefined; next = lexer.next(next.end)) {
    if (next.kind === 'word' && expressionWords.test(next.value)) return undefined
    if (next.value === '(') depth += 1
    if (next.value === ')') depth -= 1
    if (depth === 0) return next.end
  }
  return undefined
}
