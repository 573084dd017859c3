// A server behind TLS, with certificates of the test.
import { createServer as createHttpsServer, type Server } from 'node:https'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { createStore, type Store, type StoreTls } from '@wayward/clickhouse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAuthority, hasOpenssl, type TestAuthority } from '../harness/certificates.ts'

let authority: TestAuthority
let proxy: Server
let url: string
/** What the last request came with. */
let seen: { readonly headers: IncomingHttpHeaders; readonly peer: string }

beforeAll(async () => {
  if (!hasOpenssl) return
  authority = createAuthority()
  const server = authority.issue('clickhouse.test')
  proxy = createHttpsServer(
    {
      cert: readFileSync(server.cert),
      key: readFileSync(server.key),
      ca: readFileSync(authority.ca),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const socket = request.socket as TLSSocket
      seen = {
        headers: request.headers,
        peer: socket.authorized ? String(socket.getPeerCertificate().subject.CN) : '',
      }
      request.resume()
      response.setHeader('X-ClickHouse-Query-Id', 'a')
      request.on('end', () => response.end(request.method === 'POST' ? '{"one":1}\n' : ''))
    },
  )
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`
})

afterAll(() => {
  proxy?.closeAllConnections()
  proxy?.close()
  authority?.remove()
})

test.runIf(hasOpenssl)('a server whose authority is not known is not trusted', async () => {
  const store = open('secret', undefined)
  await expect(store.query('SELECT 1 AS one')).rejects.toMatchObject({ code: 'unreachable' })
  await store.close()
})

test.runIf(hasOpenssl)('an authority by a file of our own is trusted', async () => {
  const store = open('secret', { caPath: authority.ca })
  expect(await store.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  expect(seen.peer).toBe('')
  expect(seen.headers.authorization).toBe(`Basic ${btoa('writer:secret')}`)
  await store.close()
})

test.runIf(hasOpenssl)(
  'a certificate goes along with a password, and stands for one without',
  async () => {
    const { cert: certPath, key: keyPath } = authority.issue('wayward')
    const tls = { caPath: authority.ca, certPath, keyPath }
    const both = open('secret', tls)
    await both.query('SELECT 1 AS one')
    expect(seen.peer).toBe('wayward')
    expect(seen.headers.authorization).toBe(`Basic ${btoa('writer:secret')}`)
    await both.close()
    const alone = open('', tls)
    await alone.query('SELECT 1 AS one')
    expect(seen.peer).toBe('wayward')
    expect(seen.headers).toMatchObject({
      'x-clickhouse-user': 'writer',
      'x-clickhouse-ssl-certificate-auth': 'on',
    })
    expect(seen.headers.authorization).toBeUndefined()
    await alone.close()
  },
)

test('files that are none, and certificates without TLS, are said at once', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'wayward-pem-')), 'ca.pem')
  url ??= 'https://127.0.0.1:1'
  expect(() => open('', { caPath: path })).toThrow(/Cannot read ".*ca\.pem".*wanted a PEM file/)
  writeFileSync(path, 'nothing')
  expect(() => open('', { caPath: path })).toThrow(/has no "-----BEGIN" line/)
  url = 'http://127.0.0.1:1'
  expect(() => open('', { caPath: path })).toThrow(/not encrypted; wanted https/)
})

function open(password: string, tls: StoreTls | undefined): Store {
  return createStore({
    url,
    user: 'writer',
    password,
    database: 'wayward',
    requestTimeoutMs: 5000,
    tls,
  })
}
