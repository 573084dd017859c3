// Goal: certificates that cannot be used are told apart in clear words, new ones are taken while
// the server runs, and bad ones are not.
import { systemTime } from '@wayward/base'
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TlsFiles } from '@wayward/collector/tls/certificate'
import { checkTlsFiles, createTls, type Tls } from '@wayward/collector/tls/tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority, hasOpenssl, type TestAuthority } from '../../harness/certificates.ts'
import { requestHttps } from '../../harness/https-request.ts'

const dayMs = 86_400_000
const limits = { handshakesMax: 10, handshakeTimeoutMs: 1_000 }

describe.skipIf(!hasOpenssl)('TLS (skipped without the openssl command)', () => {
  let authority: TestAuthority
  const stops: (() => void)[] = []

  beforeAll(() => {
    authority = createAuthority()
  })
  afterAll(() => {
    for (const stop of stops) stop()
    authority.remove()
  })

  function write(name: string, content: string | Buffer): string {
    const path = join(authority.folder, name)
    writeFileSync(path, content)
    return path
  }

  test('checkTlsFiles() says what is wrong, with which file, and what is wanted', () => {
    const good = authority.issue('one')
    const other = authority.issue('two')
    const pem = readFileSync(good.cert, 'utf8')
    const cut = write('cut.pem', pem.replace(/(.{60})\n(.{40})/, '$1\n'))
    const encrypted = write(
      'encrypted.key',
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIH0MF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBDh\n-----END ENCRYPTED PRIVATE KEY-----\n',
    )
    const text = write('text.pem', 'no certificate at all')
    const expired = authority.issue('old', { days: -1 })
    const cases: readonly [TlsFiles, RegExp][] = [
      [{ certificate: '/nowhere.pem', key: good.key }, /read the TLS file "\/nowhere.pem": ENOENT/],
      [{ certificate: authority.folder, key: good.key }, /is not a plain file/],
      [{ certificate: text, key: good.key }, /text.pem": it has no certificate; wanted PEM/],
      [{ certificate: good.key, key: good.key }, /it has a key, but no certificate/],
      [{ certificate: cut, key: good.key }, /cut.pem": a certificate in it is damaged/],
      [{ certificate: good.cert, key: good.cert }, /it has a certificate, but no key/],
      [{ certificate: good.cert, key: text }, /text.pem": it has no private key/],
      [{ certificate: good.cert, key: encrypted }, /encrypted.key": /],
      [{ certificate: good.cert, key: other.key }, /does not belong to the certificate in/],
      [{ certificate: expired.cert, key: expired.key }, /expired at 20.* and it is 20.*; renew it/],
      [
        { certificate: good.cert, key: good.key, clientAuthority: text },
        /text.pem": it has no certificate/,
      ],
    ]
    for (const [files, message] of cases) {
      const check = (): void => checkTlsFiles(files, Date.now())
      expect(check).toThrow(message)
      expect(check).toThrow(expect.objectContaining({ code: 'bad_certificate' }))
    }
    const files = { certificate: good.cert, key: good.key }
    expect(() => checkTlsFiles(files, Date.now() - 30 * dayMs)).toThrow(
      "check this machine's clock",
    )
    expect(() => checkTlsFiles(files, Date.now())).not.toThrow()
  })

  interface Served {
    readonly tls: Tls
    readonly port: number
    readonly logged: string[]
    readonly files: TlsFiles
    /** Puts another certificate where the server reads its own. */
    readonly put: (commonName: string) => void
  }

  async function serve(wallMs: () => number = Date.now): Promise<Served> {
    const folder = authority.folder
    const stem = `served-${stops.length}`
    const files = { certificate: join(folder, `${stem}.pem`), key: join(folder, `${stem}.key`) }
    const put = (commonName: string): void => {
      const issued = authority.issue(commonName)
      copyFileSync(issued.cert, files.certificate)
      copyFileSync(issued.key, files.key)
    }
    put('first')
    const logged: string[] = []
    const log = (message: string, fields?: object): void =>
      void logged.push(`${message} ${JSON.stringify(fields ?? {})}`)
    const logger = { info: log, warn: log, error: log }
    const tls = createTls(files, {
      logger,
      time: { ...systemTime, wallMs },
      limits,
      lookIntervalMs: 20,
    })
    const server = createServer(tls.options, (_request, response) => response.end('ok'))
    tls.serve(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(() => {
      tls.stop()
      server.closeAllConnections()
      server.close()
    })
    return { tls, port: (server.address() as AddressInfo).port, logged, files, put }
  }

  const nameAt = async (port: number): Promise<string> =>
    (await requestHttps(port, '/', { ca: authority.ca })).server

  test('a new certificate is served without a restart', async () => {
    const { port, put, logged } = await serve()
    expect(await nameAt(port)).toBe('first')
    put('second')
    await expect.poll(() => nameAt(port)).toBe('second')
    expect(logged.join('\n')).toMatch(/Took the new certificate.*"second"/)
  })

  test('a bad certificate is not taken: the old one is served, and the log says why, once', async () => {
    const { port, put, logged, files } = await serve()
    writeFileSync(files.certificate, 'garbage')
    await expect.poll(() => logged.length).toBe(1)
    copyFileSync(authority.issue('of another key').cert, files.certificate)
    await expect.poll(() => logged.length).toBe(2)
    rmSync(files.key)
    await expect.poll(() => logged.length).toBe(3)
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(logged).toHaveLength(3)
    expect(logged.every((line) => line.includes('serving on with the old'))).toBe(true)
    expect(await nameAt(port)).toBe('first')
    put('third')
    await expect.poll(() => nameAt(port)).toBe('third')
  })

  test('a certificate that is about to expire, and one that has, are warned of once a day', async () => {
    let nowMs = Date.now()
    const { logged, tls } = await serve(() => nowMs)
    nowMs = tls.validToMs - 20 * dayMs
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(logged).toEqual([])
    nowMs = tls.validToMs - 10 * dayMs
    await expect.poll(() => logged.length).toBe(1)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(logged).toEqual([expect.stringMatching(/expires at .*; renew it/)])
    nowMs = tls.validToMs + 1
    await expect.poll(() => logged.at(-1)).toMatch(/expired at .*: clients refuse it/)
  })

  test('a certificate without names is warned of', () => {
    const { cert, key } = authority.issue('nameless', { hasNames: false })
    const logged: string[] = []
    const log = (message: string): void => void logged.push(message)
    const logger = { info: log, warn: log, error: log }
    createTls({ certificate: cert, key }, { logger, time: systemTime, limits }).stop()
    expect(logged).toEqual([expect.stringContaining('names no host')])
  })
})
