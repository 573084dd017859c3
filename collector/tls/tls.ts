// TLS for every listener of the collector, from one certificate that is read again when its files
// change.
import type { Logger, Time } from '@wayward/base'
import { constants } from 'node:crypto'
import type { Server, TlsOptions } from 'node:tls'
import { CollectorError } from '../collector-error.ts'
import { readWhole, watchFiles, type WatchedFiles } from '../access/watched-files.ts'
import {
  type Certificate,
  CertificateError,
  parseCertificate,
  type TlsFiles,
} from './certificate.ts'
import { limitHandshakes } from './handshakes.ts'

/** Makes servers speak TLS. */
export interface Tls {
  /** For `https.createServer` and `http2.createSecureServer`. */
  readonly options: TlsOptions
  /** When the certificate in use expires, in milliseconds since 1970. */
  readonly validToMs: number
  /** Handshakes that failed since the start, over all servers. */
  readonly failedHandshakes: number
  /** To be called once for each server that was made with `options`, before it listens. */
  serve(server: Server): void
  /** Looks at the files no more. */
  stop(): void
}

export interface TlsParts {
  readonly logger: Logger
  readonly time: Time
  readonly limits: { readonly handshakesMax: number; readonly handshakeTimeoutMs: number }
  readonly lookIntervalMs?: number
}

const dayMs = 24 * 60 * 60 * 1000
/**
 * The last days of a certificate, or the last part of a short one, in which it should have been
 * renewed.
 */
const expiresSoonMs = 14 * dayMs
const expiresSoonShare = 1 / 6

/**
 * Reads the files and looks after them.
 *
 * @throws CollectorError `bad_certificate`
 */
export function createTls(files: TlsFiles, parts: TlsParts): Tls {
  return new WatchedTls(files, parts)
}

/** @throws CollectorError `bad_certificate` */
export function checkTlsFiles(files: TlsFiles, nowMs: number): void {
  readCertificate(files, nowMs)
}

class WatchedTls implements Tls {
  readonly options: TlsOptions
  readonly #files: TlsFiles
  readonly #parts: TlsParts
  readonly #servers = new Set<Server>()
  readonly #watched: WatchedFiles
  #certificate: Certificate
  #warnedAtMs = Number.NEGATIVE_INFINITY
  failedHandshakes = 0

  constructor(files: TlsFiles, parts: TlsParts) {
    const { contents, certificate } = readCertificate(files, parts.time.wallMs())
    this.#files = files
    this.#parts = parts
    this.#certificate = certificate
    this.options = { ...certificate.secureContext, ...fixedOptions(files, parts) }
    this.#warn()
    this.#watched = watchFiles({
      paths: pathsOf(files),
      contents,
      onChange: (changed) => this.#reload(changed),
      onUnreadable: (error) => this.#keep(error),
      onLook: () => this.#warnOfExpiry(),
      time: parts.time,
      ...(parts.lookIntervalMs === undefined ? {} : { lookIntervalMs: parts.lookIntervalMs }),
    })
  }

  get validToMs(): number {
    return this.#certificate.validToMs
  }

  serve(server: Server): void {
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    server.setSecureContext(this.#certificate.secureContext)
    limitHandshakes(server, this.#parts.limits.handshakesMax)
    // A handshake that fails is the client's affair; without a listener Node would leave some of
    // the sockets open.
    server.on('tlsClientError', (_error, socket) => {
      this.failedHandshakes++
      socket.destroy()
    })
  }

  stop(): void {
    this.#watched.stop()
  }

  #reload(contents: readonly Buffer[]): void {
    try {
      const certificate = parseCertificate(this.#files, contents, this.#parts.time.wallMs())
      for (const server of this.#servers) server.setSecureContext(certificate.secureContext)
      this.#certificate = certificate
    } catch (error) {
      this.#keep(error)
      return
    }
    this.#warnedAtMs = Number.NEGATIVE_INFINITY
    const { subject, validToMs } = this.#certificate
    const validTo = new Date(validToMs).toISOString()
    this.#parts.logger.info('Took the new certificate; connections that are open stay', {
      subject,
      validTo,
    })
    this.#warn()
  }

  #keep(error: unknown): void {
    this.#parts.logger.error('Cannot take the changed certificate files; serving on with the old', {
      error,
    })
  }

  #warn(): void {
    for (const warning of this.#certificate.warnings) this.#parts.logger.warn(warning)
    this.#warnOfExpiry()
  }

  /** Once a day, while the certificate is about to expire or has expired. */
  #warnOfExpiry(): void {
    const { validFromMs, validToMs } = this.#certificate
    const nowMs = this.#parts.time.wallMs()
    const soonMs = Math.min(expiresSoonMs, (validToMs - validFromMs) * expiresSoonShare)
    if (nowMs < validToMs - soonMs || nowMs < this.#warnedAtMs + dayMs) return
    this.#warnedAtMs = nowMs
    const { certificate } = this.#files
    const date = new Date(validToMs).toISOString()
    if (nowMs < validToMs) {
      this.#parts.logger.warn(`The certificate in "${certificate}" expires at ${date}; renew it`)
    } else {
      const message = `The certificate in "${certificate}" expired at ${date}: clients refuse it; renew it`
      this.#parts.logger.error(message)
    }
  }
}

function fixedOptions({ clientAuthority }: TlsFiles, { limits }: TlsParts): TlsOptions {
  const options: TlsOptions = {
    minVersion: 'TLSv1.2',
    handshakeTimeout: limits.handshakeTimeoutMs,
  }
  if (clientAuthority === undefined) return options
  return {
    ...options,
    requestCert: true,
    // A missing or foreign certificate is answered in the protocol's words, which say more than a
    // broken connection.
    rejectUnauthorized: false,
    // No resumed sessions: they would outlive a change of the authority, and in TLS 1.3 Node takes
    // one without any client certificate for authorized.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

function pathsOf({ certificate, key, clientAuthority }: TlsFiles): string[] {
  return [certificate, key, ...(clientAuthority === undefined ? [] : [clientAuthority])]
}

function readCertificate(
  files: TlsFiles,
  nowMs: number,
): { readonly contents: Buffer[]; readonly certificate: Certificate } {
  const contents = pathsOf(files).map((path) => readFile(path))
  try {
    return { contents, certificate: parseCertificate(files, contents, nowMs) }
  } catch (cause) {
    if (!(cause instanceof CertificateError)) throw cause
    throw new CollectorError('bad_certificate', cause.message, { cause })
  }
}

function readFile(path: string): Buffer {
  try {
    return readWhole(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CollectorError(
      'bad_certificate',
      `Cannot read the TLS file "${path}": ${reason}; name a PEM file that this user may read`,
      { cause },
    )
  }
}
