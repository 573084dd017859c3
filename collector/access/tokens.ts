// The file of bearer tokens: one `name: token` or `name token` per line; empty lines and lines that
// begin with # count for nothing. A name may stand twice, so that an old token is good until all
// clients have the new one.
import { hash, randomBytes } from 'node:crypto'

/** Which tokens are good. */
export interface Tokens {
  /** The name of a token; undefined if it is not a valid one. */
  nameOf(token: string): string | undefined
  readonly count: number
}

/** The file cannot be used. The message names the line, never what stands in it. */
export class TokenFileError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'TokenFileError'
  }
}

const tokenCharactersMin = 16
const tokenCharactersMax = 4096
const nameCharactersMax = 128

/** @throws TokenFileError */
export function parseTokens(path: string, text: string): Tokens {
  // Tokens are looked up by a digest with a salt that nobody knows: how long the look-up takes says
  // nothing about any token, however many of them there are.
  const salt = randomBytes(32).toString('hex')
  const digestOf = (token: string): string => hash('sha256', `${salt}${token}`, 'hex')
  const names = new Map<string, string>()
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)
  for (const [index, line] of lines.entries()) {
    const content = line.trim()
    if (content === '' || content.startsWith('#')) continue
    const where = `"${path}", line ${index + 1}`
    const { name, token } = parseLine(content, where)
    const digest = digestOf(token)
    const other = names.get(digest)
    if (other !== undefined && other !== name) {
      throw new TokenFileError(
        `${where}: "${name}" has the same token as "${other}"; give each sender its own`,
      )
    }
    names.set(digest, name)
  }
  if (names.size === 0) {
    throw new TokenFileError(`"${path}" has no token; wanted lines such as "shop: <token>"`)
  }
  return { nameOf: (token) => names.get(digestOf(token)), count: names.size }
}

function parseLine(content: string, where: string): { name: string; token: string } {
  const match = /^(?<name>[^\s:]+)\s*(?::\s*|\s)\s*(?<token>\S+)$/.exec(content)
  const { name, token } = match?.groups ?? {}
  if (name === undefined || token === undefined) {
    throw new TokenFileError(`${where} is not "name: token", the name without spaces or colons`)
  }
  if (name.length > nameCharactersMax) {
    throw new TokenFileError(
      `${where}: the name has ${name.length} characters; at most ${nameCharactersMax} are taken`,
    )
  }
  // What RFC 6750 lets a token consist of; anything else would not come through every proxy.
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) {
    throw new TokenFileError(
      `${where}: the token of "${name}" has characters other than letters, digits and -._~+/ (with = at its end)`,
    )
  }
  if (token.length < tokenCharactersMin || token.length > tokenCharactersMax) {
    throw new TokenFileError(
      `${where}: the token of "${name}" has ${token.length} characters; wanted ${tokenCharactersMin} to ${tokenCharactersMax}, such as "openssl rand -hex 32" prints`,
    )
  }
  return { name, token }
}
