import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ClickhouseException } from './exception.ts'

/** Who asks: everybody on this machine may read, only the holder of the token may write. */
export type Account = 'reading' | 'writing'

export const readingUser = 'default'
export const writingUser = 'wayward_writer'

/** What clients send for none: JDBC 0.9 writes the word. There is no password to find out. */
const noPasswords: ReadonlySet<string> = new Set(['', 'null'])

/** @throws ClickhouseException 516 when user or password are wrong, or given in two ways */
export function authenticate(
  headers: IncomingHttpHeaders,
  parameters: URLSearchParams,
  writerToken: string,
): Account {
  const { user, password } = credentials(headers, parameters)
  if (user === readingUser && noPasswords.has(password)) return 'reading'
  if (user === writingUser && isSame(password, writerToken)) return 'writing'
  throw new ClickhouseException(
    'AUTHENTICATION_FAILED',
    `${user}: Authentication failed: password is incorrect, or there is no user with such name.`,
    403,
  )
}

function credentials(
  headers: IncomingHttpHeaders,
  parameters: URLSearchParams,
): { user: string; password: string } {
  const keyUser = headers['x-clickhouse-user']
  const keyPassword = headers['x-clickhouse-key']
  const { authorization } = headers
  if (keyUser !== undefined || keyPassword !== undefined) {
    if (authorization !== undefined) throw mixed('X-ClickHouse headers and Authorization')
    return { user: String(keyUser ?? readingUser), password: String(keyPassword ?? '') }
  }
  if (authorization !== undefined) {
    if (parameters.has('password')) throw mixed('Authorization and URL parameters')
    const [scheme, value] = authorization.split(' ', 2)
    // The token alone is enough for those who prefer to send it as a bearer.
    if (scheme?.toLowerCase() === 'bearer') return { user: writingUser, password: value ?? '' }
    const text = Buffer.from(value ?? '', 'base64').toString('utf8')
    const colon = text.indexOf(':')
    if (scheme?.toLowerCase() !== 'basic' || colon < 0) {
      throw new ClickhouseException(
        'AUTHENTICATION_FAILED',
        'The header Authorization is neither Basic nor Bearer',
        403,
      )
    }
    return { user: text.slice(0, colon) || readingUser, password: text.slice(colon + 1) }
  }
  return {
    user: parameters.get('user') || readingUser,
    password: parameters.get('password') ?? '',
  }
}

function mixed(ways: string): ClickhouseException {
  return new ClickhouseException(
    'AUTHENTICATION_FAILED',
    `Credentials were given by ${ways} at once; use one of them`,
    403,
  )
}

/** Takes the same time for every wrong password. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
