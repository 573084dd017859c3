// A server's certificate, its key and the authority of client certificates, from the bytes of PEM
// files to what a TLS server takes. Everything that OpenSSL would say in its own words, or only to
// the client, is found here.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContextOptions } from 'node:tls'

/** Where the PEM files are. */
export interface TlsFiles {
  /** The server's certificate, followed by those between it and its authority. */
  readonly certificate: string
  readonly key: string
  /** Authorities; a client must show a certificate of one of them. */
  readonly clientAuthority?: string
}

/** PEM texts that were found to fit together. */
export interface Certificate {
  readonly secureContext: SecureContextOptions
  readonly subject: string
  readonly validFromMs: number
  readonly validToMs: number
  /** What will trouble clients, though the server can work with it. */
  readonly warnings: readonly string[]
}

/** The files cannot be used. The message names the file, what is wrong with it, and the cure. */
export class CertificateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CertificateError'
  }
}

/** Certificates are made a moment before they are used, often on another machine. */
const clockSkewMs = 60_000

/**
 * @param contents of the files: certificate, key, and the authority where there is one
 * @throws CertificateError
 */
export function parseCertificate(
  files: TlsFiles,
  contents: readonly Buffer[],
  nowMs: number,
): Certificate {
  const [certificateText = '', keyText = '', authorityText = ''] = contents.map(String)
  const certificate = readCertificates(files.certificate, certificateText)[0]
  const key = readKey(files.key, keyText)
  if (!certificate.checkPrivateKey(key)) {
    throw new CertificateError(
      `The key in "${files.key}" does not belong to the certificate in "${files.certificate}"; name the key with which it was requested`,
    )
  }
  const validFromMs = Date.parse(certificate.validFrom)
  const validToMs = Date.parse(certificate.validTo)
  assertValid(files.certificate, { validFromMs, validToMs }, nowMs)
  const secureContext: SecureContextOptions = { cert: certificateText, key: keyText }
  if (files.clientAuthority !== undefined) {
    readCertificates(files.clientAuthority, authorityText)
    secureContext.ca = authorityText
  }
  assertAccepted(files, secureContext)
  const warnings =
    certificate.subjectAltName === undefined
      ? [
          `The certificate in "${files.certificate}" names no host in its subject alternative names: most clients will refuse it`,
        ]
      : []
  const subject = commonName(certificate.subject) ?? certificate.subjectAltName ?? ''
  return { secureContext, subject, validFromMs, validToMs, warnings }
}

/** The CN of a subject as OpenSSL prints it in lines. */
export function commonName(subject: string | undefined): string | undefined {
  return /^CN=(.+)$/m.exec(subject ?? '')?.[1]
}

/** All certificates of a PEM text; at least one. */
function readCertificates(path: string, text: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  const [first, ...rest] = blocks.map((block) => readBlock(path, block))
  if (first !== undefined) return [first, ...rest]
  const seen = text.includes('PRIVATE KEY-----')
    ? 'it has a key, but no certificate'
    : 'it has no certificate'
  throw new CertificateError(
    `Cannot use "${path}": ${seen}; wanted PEM text that begins with -----BEGIN CERTIFICATE-----`,
  )
}

function readBlock(path: string, block: string): X509Certificate {
  try {
    return new X509Certificate(block)
  } catch (cause) {
    throw new CertificateError(
      `Cannot use "${path}": a certificate in it is damaged (${messageOf(cause)}); write it again`,
      { cause },
    )
  }
}

function readKey(path: string, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (cause) {
    const isEncrypted = cause instanceof Error && 'code' in cause && isPassphraseCode(cause.code)
    const reason = isEncrypted
      ? 'the key is encrypted; store it without a passphrase ("openssl pkey -in … -out …")'
      : text.includes('-----BEGIN CERTIFICATE-----') && !text.includes('PRIVATE KEY-----')
        ? 'it has a certificate, but no key; name the file of the private key'
        : `it has no private key that can be read (${messageOf(cause)}); wanted PEM text that begins with -----BEGIN PRIVATE KEY-----`
    throw new CertificateError(`Cannot use "${path}": ${reason}`, { cause })
  }
}

function isPassphraseCode(code: unknown): boolean {
  return code === 'ERR_MISSING_PASSPHRASE' || code === 'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED'
}

function assertValid(
  path: string,
  { validFromMs, validToMs }: { readonly validFromMs: number; readonly validToMs: number },
  nowMs: number,
): void {
  const date = (ms: number): string => new Date(ms).toISOString()
  if (nowMs > validToMs) {
    throw new CertificateError(
      `The certificate in "${path}" expired at ${date(validToMs)}, and it is ${date(nowMs)}; renew it`,
    )
  }
  if (nowMs < validFromMs - clockSkewMs) {
    throw new CertificateError(
      `The certificate in "${path}" is valid from ${date(validFromMs)}, and it is ${date(nowMs)}; check this machine's clock`,
    )
  }
}

/** OpenSSL refuses more than is checked above, such as keys that are too short. */
function assertAccepted(files: TlsFiles, secureContext: SecureContextOptions): void {
  try {
    createSecureContext(secureContext)
  } catch (cause) {
    throw new CertificateError(
      `Cannot serve TLS with "${files.certificate}" and "${files.key}": ${messageOf(cause)}`,
      { cause },
    )
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
