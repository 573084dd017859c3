import { ClickhouseException } from './exception.ts'
import { readSettings } from './settings-clause.ts'
import { isWord, type Token, tokensOf } from './statement-tokens.ts'

/** What a statement changes for those that follow it in its session. */
export interface SessionChange {
  readonly database: string | undefined
  readonly settings: ReadonlyMap<string, string>
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Reads SET and USE, which hold for a session.
 *
 * @returns undefined for every other statement
 * @throws ClickhouseException for a SET that would be lost
 */
export function sessionChange(sql: string): SessionChange | undefined {
  const tokens = tokensOf(sql)
  if (tokens.at(-1)?.value === ';') tokens.pop()
  const [first, second] = tokens
  const database = isWord(first, 'USE') && tokens.length === 2 ? plainName(second) : undefined
  if (database !== undefined) return { database, settings: new Map(), parameters: new Map() }
  if (!isWord(first, 'SET')) return undefined
  const read = readSettings(tokens, 1)
  if (read.settings === undefined || read.end !== tokens.length) {
    throw new ClickhouseException(
      'NOT_IMPLEMENTED',
      'SET in a session takes names with numbers, strings, true or false: SET a = 1, b = "x" is written ' +
        "SET a = 1, b = 'x', and a role cannot be set",
    )
  }
  const settings = new Map<string, string>()
  const parameters = new Map<string, string>()
  for (const [name, value] of read.settings) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value)
    else settings.set(name, value)
  }
  return { database: undefined, settings, parameters }
}

/** A name as it is, or in quotes without anything that would have to be understood. */
function plainName(token: Token | undefined): string | undefined {
  if (token?.kind === 'word') return token.value
  return token?.kind === 'quoted' && /^(["`])[^"`\\]+\1$/.test(token.value)
    ? token.value.slice(1, -1)
    : undefined
}

/** Whether the statement makes a temporary table. */
export function makesTemporaryTable(sql: string): boolean {
  const words = tokensOf(sql.slice(0, 1000)).slice(0, 4) as readonly (Token | undefined)[]
  const at = isWord(words[1], 'OR') && isWord(words[2], 'REPLACE') ? 3 : 1
  const isTemporary = isWord(words[at], 'TEMPORARY') || isWord(words[at], 'TEMP')
  return isWord(words[0], 'CREATE') && isTemporary
}
