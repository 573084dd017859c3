// What stands between the listeners and the network: TLS, the check of who sends, and the origins
// of browser pages.
import {
  type Cors,
  createCors,
  formatAddress,
  isLoopbackHost,
  type Logger,
  OriginError,
  systemTime,
  type Time,
} from '@wayward/base'
import { checkTokenFile, createAccess, type WatchedAccess } from './access.ts'
import { CollectorError } from '../collector-error.ts'
import type { CollectorLimits } from '../limits.ts'
import { type ListenAddresses, listenerSettings } from '../listeners.ts'
import type { TlsFiles } from '../tls/certificate.ts'
import { checkTlsFiles, createTls, type Tls } from '../tls/tls.ts'

/** Without any of them the listeners speak plain text, ask for nothing, and are on loopback. */
export interface ProtectionSettings {
  /**
   * Certificate and key of all listeners; with an authority, clients must show a certificate of it.
   */
  readonly tls?: TlsFiles
  /** File of bearer tokens, one of which every request must carry. */
  readonly tokenFile?: string
  /** Origins of the pages that may send, such as `https://app.example.com`. */
  readonly corsOrigins?: readonly string[]
}

/** For the listeners. */
export interface Protection {
  readonly tls: Tls | undefined
  readonly access: WatchedAccess
  readonly cors: Cors | undefined
  /** Looks at the files no more. */
  stop(): void
}

export interface ProtectionParts {
  readonly logger: Logger
  readonly time: Time
  readonly limits: Pick<CollectorLimits, 'handshakesMax' | 'handshakeTimeoutMs'>
  /** How often the files are looked at. */
  readonly lookIntervalMs?: number
}

/**
 * @throws CollectorError where a listener is not protected, or a file or an origin cannot be used
 */
export function createProtection(
  settings: ProtectionSettings & ListenAddresses,
  parts: ProtectionParts,
): Protection {
  assertProtected(settings)
  const { tls, tokenFile, corsOrigins = [] } = settings
  const cors = corsOrigins.length === 0 ? undefined : toCors(corsOrigins)
  const accessSettings = {
    asksForCertificate: tls?.clientAuthority !== undefined,
    ...(tokenFile === undefined ? {} : { tokenFile }),
  }
  const access = createAccess(accessSettings, parts)
  const served = tls === undefined ? undefined : createTls(tls, parts)
  return {
    tls: served,
    access,
    cors,
    stop() {
      served?.stop()
      access.stop()
    },
  }
}

/**
 * Checks what `createProtection` would refuse, for those who have much to do before they make a
 * collector.
 *
 * @throws CollectorError
 */
export function checkProtection(settings: ProtectionSettings & ListenAddresses): void {
  assertProtected(settings)
  if (settings.tls !== undefined) checkTlsFiles(settings.tls, systemTime.wallMs())
  if (settings.tokenFile !== undefined) checkTokenFile(settings.tokenFile)
  if (settings.corsOrigins !== undefined) toCors(settings.corsOrigins)
}

/** @throws CollectorError `bad_origin` */
function toCors(origins: readonly string[]): Cors {
  try {
    return createCors(origins)
  } catch (error) {
    if (!(error instanceof OriginError)) throw error
    throw new CollectorError('bad_origin', error.message, { cause: error })
  }
}

/**
 * Refuses addresses that other machines can reach, unless they are TLS and it is known who sends.
 */
function assertProtected(settings: ProtectionSettings & ListenAddresses): void {
  const { tls, tokenFile } = settings
  const setting = listenerSettings.find((name) => !isLoopbackHost(settings[name].host))
  if (setting === undefined) return
  const missing: string[] = []
  if (tls === undefined) missing.push('TLS (a certificate and its key)')
  if (tokenFile === undefined && tls?.clientAuthority === undefined) {
    missing.push('a check of who sends (a file of tokens, or an authority of client certificates)')
  }
  if (missing.length === 0) return
  const address = settings[setting]
  throw new CollectorError(
    'unprotected',
    `Cannot listen on ${formatAddress(address)}: other machines can reach it, and it lacks ` +
      `${missing.join(' and ')}; set what is missing, or choose a loopback address such as ` +
      `127.0.0.1:${address.port}`,
    { setting },
  )
}
