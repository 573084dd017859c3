import { createLiveStreams } from '@wayward/collector/live/live-streams'
import { systemTime } from '@wayward/base'
import { defaultCollectorLimits } from '@wayward/collector'
import { type Access, openAccess } from '@wayward/base'
import { createAccess } from '@wayward/collector/access/access'
import { createRoutes } from '@wayward/collector/routes'
import { createTelemetry } from '@wayward/collector/telemetry/telemetry'
import { createTls } from '@wayward/collector/tls/tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority, hasOpenssl, type TestAuthority } from '../harness/certificates.ts'
import { requestHttps } from '../harness/https-request.ts'
import { exchangeHttp, expectingHead } from '../harness/raw-http.ts'
import { makeTokenFile } from '../harness/token-file.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const stops: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function start(access: Access, tls?: ReturnType<typeof createTls>): Promise<number> {
  const routes = createRoutes({
    telemetry: createTelemetry(),
    checkReadiness: () => Promise.resolve({ reasons: ['No journal'], warnings: ['No server'] }),
    whenInserted: () => Promise.resolve(),
    streams: createLiveStreams({
      limits: defaultCollectorLimits,
      logger: silent,
      time: systemTime,
    }),
    jobRoutes: [],
    limits: defaultCollectorLimits,
    time: systemTime,
    access,
    tls,
  })
  stops.push(() => routes.shutdown(0))
  return (await routes.start({ host: '127.0.0.1', port: 0 })).port
}

describe('with tokens', () => {
  async function startWithTokens(): Promise<number> {
    const file = makeTokenFile({ prometheus: 'scrape-token-0123456789' })
    const access = createAccess(
      { tokenFile: file.path, asksForCertificate: false },
      { logger: silent, time: systemTime },
    )
    stops.push(
      () => access.stop(),
      () => file.remove(),
    )
    return await start(access)
  }

  test('probes are answered without a token, but are not told the reasons', async () => {
    const port = await startWithTokens()
    const healthy = await fetch(`http://127.0.0.1:${port}/healthz`)
    expect(healthy.status).toBe(200)
    expect((await fetch(`http://127.0.0.1:${port}/inserted`)).status).toBe(200)
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toEqual({ status: 'not_ready' })
    const headers = { authorization: 'Bearer scrape-token-0123456789' }
    const told = await fetch(`http://127.0.0.1:${port}/readyz`, { headers })
    expect(await told.json()).toEqual({
      status: 'not_ready',
      reasons: ['No journal'],
      warnings: ['No server'],
    })
  })

  test('metrics are for those with a token', async () => {
    const port = await startWithTokens()
    const path = '/metrics'
    const refused = await fetch(`http://127.0.0.1:${port}${path}`)
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="wayward"')
    expect(await refused.json()).toMatchObject({ status: 401, code: 'unauthenticated' })
    const headers = { authorization: 'Bearer scrape-token-0123456789' }
    expect((await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status).toBe(200)
  })
})

test('without a check everybody is told everything', async () => {
  const port = await start(openAccess)
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200)
  const ready = await fetch(`http://127.0.0.1:${port}/readyz`)
  expect(await ready.json()).toMatchObject({ reasons: ['No journal'] })
})

describe('a page that gives its name the address of this machine', () => {
  const head = (host: string): string =>
    `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`

  test('is refused', async () => {
    const port = await start(openAccess)
    expect(await exchangeHttp(port, head('127.evil.com'))).toMatch(/^HTTP\/1\.1 403 /)
    expect(await exchangeHttp(port, head('evil.com'))).toContain('"code":"foreign_host"')
    expect(await exchangeHttp(port, head('127.0.0.1:4320'))).toMatch(/^HTTP\/1\.1 200 /)
  })
})

test('a request that waits to be asked for its body is answered, in either form of its target', async () => {
  const port = await start(openAccess)
  const asked = await exchangeHttp(
    port,
    expectingHead('GET', '/healthz', ['Content-Length: 2']),
    'ab',
  )
  expect(asked).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
  const absolute = `GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
  expect(await exchangeHttp(port, absolute)).toMatch(/^HTTP\/1\.1 200 /)
})

describe.skipIf(!hasOpenssl)('with TLS (skipped without the openssl command)', () => {
  let authority: TestAuthority
  beforeAll(() => {
    authority = createAuthority()
  })
  afterAll(() => authority.remove())

  test('probes need no client certificate, Prometheus does', async () => {
    const { cert, key } = authority.issue('server')
    const files = { certificate: cert, key, clientAuthority: authority.ca }
    const tls = createTls(files, {
      logger: silent,
      time: systemTime,
      limits: defaultCollectorLimits,
    })
    stops.push(() => tls.stop())
    const port = await start(
      createAccess({ asksForCertificate: true }, { logger: silent, time: systemTime }),
      tls,
    )
    const { ca } = authority
    expect((await requestHttps(port, '/healthz', { ca })).status).toBe(200)
    expect((await requestHttps(port, '/metrics', { ca })).status).toBe(401)
    const client = authority.issue('prometheus')
    expect((await requestHttps(port, '/metrics', { ca, client })).status).toBe(200)
  })
})
