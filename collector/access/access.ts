// Who may send. Two things can be asked for, and what is asked for must be there: a bearer token,
// and a client certificate.
import { type Access, type Authorization, type Logger, openAccess, type Time } from '@wayward/base'
import { CollectorError } from '../collector-error.ts'
import { readWhole, watchFiles, type WatchedFiles } from './watched-files.ts'
import { readClientCertificate } from './client-certificate.ts'
import { parseTokens, TokenFileError, type Tokens } from './tokens.ts'

/** What is asked of those who send. */
export interface AccessSettings {
  /** A file of bearer tokens, one of which every request must carry. */
  readonly tokenFile?: string
  /** Whether a connection must have shown a certificate of the TLS settings' authority. */
  readonly asksForCertificate: boolean
}

/** The check of every request, until it is stopped. */
export interface WatchedAccess extends Access {
  /** Looks at the file no more. */
  stop(): void
}

export interface AccessParts {
  readonly logger: Logger
  readonly time: Time
  readonly lookIntervalMs?: number
}

/** A realm is what RFC 6750 wants; it names nothing that a sender does not know. */
const bearerChallenge = 'Bearer realm="wayward"'

/**
 * Reads the file of tokens and looks after it.
 *
 * @throws CollectorError `bad_token_file`
 */
export function createAccess(settings: AccessSettings, parts: AccessParts): WatchedAccess {
  const { tokenFile, asksForCertificate } = settings
  const tokens = tokenFile === undefined ? undefined : watchTokens(tokenFile, parts)
  if (tokens === undefined && !asksForCertificate) return { ...openAccess, stop: () => undefined }
  return {
    isRestricted: true,
    forConnection(socket) {
      const certificate = asksForCertificate ? readClientCertificate(socket) : undefined
      if (certificate?.status === 'refused') {
        const refusal: Authorization = { ...certificate, challenge: '' }
        return { authorize: () => refusal }
      }
      const identity = certificate?.identity ?? ''
      if (tokens === undefined) return { authorize: () => ({ status: 'allowed', identity }) }
      return { authorize: (authorization) => checkToken(tokens.current, authorization) }
    },
    stop: () => tokens?.stop(),
  }
}

/** @throws CollectorError `bad_token_file` */
export function checkTokenFile(path: string): void {
  readTokens(path)
}

function checkToken(tokens: Tokens, authorization: string | undefined): Authorization {
  if (authorization === undefined) {
    const message = 'A token is missing; send the header "Authorization: Bearer <token>"'
    return { status: 'refused', message, challenge: bearerChallenge }
  }
  const token = /^Bearer +(\S+)$/i.exec(authorization.trim())?.[1]
  if (token === undefined) {
    const message = 'The header Authorization is not "Bearer <token>"'
    return { status: 'refused', message, challenge: bearerChallenge }
  }
  const identity = tokens.nameOf(token)
  if (identity !== undefined) return { status: 'allowed', identity }
  const message = 'The token is not valid here'
  return { status: 'refused', message, challenge: `${bearerChallenge}, error="invalid_token"` }
}

interface WatchedTokens extends WatchedFiles {
  readonly current: Tokens
}

function watchTokens(path: string, { logger, lookIntervalMs, time }: AccessParts): WatchedTokens {
  const { content, tokens } = readTokens(path)
  let current = tokens
  const keep = (error: unknown): void =>
    logger.error('Cannot take the changed token file; the old tokens stay good', { error })
  const watched = watchFiles({
    paths: [path],
    contents: [content],
    onChange([changed]) {
      try {
        current = parseTokens(path, String(changed))
        logger.info('Took the changed token file', { tokens: current.count })
      } catch (error) {
        keep(error)
      }
    },
    onUnreadable: keep,
    time,
    ...(lookIntervalMs === undefined ? {} : { lookIntervalMs }),
  })
  return {
    get current() {
      return current
    },
    stop: () => watched.stop(),
  }
}

function readTokens(path: string): { readonly content: Buffer; readonly tokens: Tokens } {
  try {
    const content = readWhole(path)
    return { content, tokens: parseTokens(path, String(content)) }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message =
      cause instanceof TokenFileError
        ? `Cannot use the token file ${reason}`
        : `Cannot read the token file "${path}": ${reason}; name a file that this user may read`
    throw new CollectorError('bad_token_file', message, { cause })
  }
}
