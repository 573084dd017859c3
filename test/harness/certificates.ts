// Certificates for tests, made again by the openssl command; nothing secret is kept in the
// repository.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Tests that need certificates are skipped where there is no such command. */
export const hasOpenssl = spawnSync('openssl', ['version']).status === 0

/** A certificate and its key, as paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** A certificate authority in a temporary folder. */
export interface TestAuthority {
  readonly folder: string
  /** Its own certificate. */
  readonly ca: string
  /** Makes a certificate for 127.0.0.1, localhost and collector.test. */
  issue(commonName: string, options?: IssueOptions): CertificateFiles
  remove(): void
}

interface IssueOptions {
  /** Negative for one that has expired. */
  readonly days?: number
  /** @default both */
  readonly purpose?: 'serverAuth' | 'clientAuth'
  readonly hasNames?: boolean
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export function createAuthority(name = 'Test authority'): TestAuthority {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-tls-'))
  const at = (file: string): string => join(folder, file)
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const isAuthority = ['-addext', 'basicConstraints=critical,CA:TRUE']
  const subject = ['-subj', `/CN=${name}`]
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    ...subject,
    ...isAuthority,
  )
  let issued = 0
  return {
    folder,
    ca: at('ca.pem'),
    issue(commonName, { days = 365, purpose, hasNames = true } = {}) {
      const stem = `issued-${++issued}`
      const extensions = [
        `extendedKeyUsage=${purpose ?? 'serverAuth,clientAuth'}`,
        ...(hasNames ? ['subjectAltName=DNS:localhost,DNS:collector.test,IP:127.0.0.1'] : []),
      ]
      writeFileSync(at(`${stem}.ext`), `${extensions.join('\n')}\n`)
      const request = ['-keyout', `${stem}.key`, '-out', `${stem}.csr`]
      openssl('req', ...newKey, ...request, '-subj', `/O=Shop/CN=${commonName}`)
      const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-extfile', `${stem}.ext`]
      const files = ['-in', `${stem}.csr`, '-out', `${stem}.pem`]
      openssl('x509', '-req', ...files, '-days', String(days), ...signer)
      return { cert: at(`${stem}.pem`), key: at(`${stem}.key`) }
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
