// Goal: over OTLP/HTTP only those send who may, and everybody else learns what is missing and
// nothing more.
import { systemTime } from '@wayward/base'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { connect as connectTls } from 'node:tls'
import { createAccess } from '@wayward/collector/access/access'
import { createCors } from '@wayward/base'
import { createOtlpHttpReceiver } from '@wayward/collector/receivers/otlp-http'
import type { ReceiverParts } from '@wayward/collector/receivers/receiver'
import { createTls } from '@wayward/collector/tls/tls'
import { defaultCollectorLimits } from '@wayward/collector'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority, hasOpenssl, type TestAuthority } from '../../harness/certificates.ts'
import { requestHttps } from '../../harness/https-request.ts'
import { makeTokenFile, type TokenFile } from '../../harness/token-file.ts'
import { type ReceiverHarness, startReceiver } from '../receiver-harness.ts'
import { decodeStatus } from './rpc-status.ts'

const protobufType = { 'content-type': 'application/x-protobuf' }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const stops: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function start(
  protection: Partial<Pick<ReceiverParts, 'access' | 'tls' | 'cors'>>,
): Promise<ReceiverHarness> {
  const harness = await startReceiver(createOtlpHttpReceiver, {}, protection)
  stops.push(() => harness.receiver.shutdown(0))
  return harness
}

function post(
  { port }: ReceiverHarness,
  headers: Record<string, string>,
  path = '/v1/traces',
): Promise<Response> {
  const options = { method: 'POST', headers: { ...protobufType, ...headers }, body: 'x' }
  return fetch(`http://127.0.0.1:${port}${path}`, options)
}

describe('with tokens', () => {
  let file: TokenFile

  function startWithTokens(): Promise<ReceiverHarness> {
    file = makeTokenFile({ shop: 'shop-token-0123456789', bar: 'bar-token-0123456789' })
    const settings = { tokenFile: file.path, asksForCertificate: false }
    const access = createAccess(settings, { logger: silent, time: systemTime, lookIntervalMs: 20 })
    stops.push(() => access.stop(), file.remove)
    return start({ access })
  }

  test('a good token is let in, and its name is the identity of the sender', async () => {
    const harness = await startWithTokens()
    for (const scheme of ['Bearer', 'bearer']) {
      const response = await post(harness, { authorization: `${scheme} shop-token-0123456789` })
      expect(response.status).toBe(200)
    }
    expect(harness.consumer.senders.map(({ identity }) => identity)).toEqual(['shop', 'shop'])
  })

  test.each([
    ['no token', {}, 'A token is missing'],
    ['a wrong token', { authorization: 'Bearer shop-token-0123456780' }, 'not valid here'],
    [
      'the beginning of a token',
      { authorization: 'Bearer shop-token-012345678' },
      'not valid here',
    ],
    ['a name', { authorization: 'Bearer shop' }, 'not valid here'],
    ['another scheme', { authorization: 'Basic c2hvcDp4' }, 'is not "Bearer <token>"'],
    ['an empty one', { authorization: 'Bearer ' }, 'is not "Bearer <token>"'],
    ['a very long one', { authorization: `Bearer ${'x'.repeat(10_000)}` }, 'not valid here'],
  ])('%s is refused with 401', async (_name, headers, message) => {
    const harness = await startWithTokens()
    const response = await post(harness, headers)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="wayward"/)
    const status = decodeStatus(new Uint8Array(await response.arrayBuffer()))
    expect(status).toMatchObject({ code: 16, message: expect.stringContaining(message) })
    expect(JSON.stringify(status)).not.toMatch(/0123456789|bar/)
    const line =
      'wayward_requests_total{receiver="otlp_http",signal="traces",status="unauthenticated"}'
    expect(harness.metric(line)).toBe(1)
    expect(harness.consumer.requests).toEqual([])
  })

  test('paths are not told to strangers, and JSON is answered in JSON', async () => {
    const harness = await startWithTokens()
    expect((await post(harness, {}, '/v1/nothing')).status).toBe(401)
    const json = await post(harness, { 'content-type': 'application/json' })
    expect(await json.json()).toMatchObject({ code: 16 })
  })

  test('the body of a stranger is not kept, and one without end costs the connection', async () => {
    const harness = await startReceiver(
      createOtlpHttpReceiver,
      { requestBytesMax: 100_000 },
      { access: (await startWithTokens()).parts.access },
    )
    stops.push(() => harness.receiver.shutdown(0))
    const chunk = new Uint8Array(65_536)
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += chunk.length
        controller.enqueue(chunk)
      },
    })
    const url = `http://127.0.0.1:${harness.port}/v1/traces`
    await fetch(url, {
      method: 'POST',
      headers: protobufType,
      body: endless,
      duplex: 'half',
    }).catch(() => undefined)
    expect(sent).toBeLessThan(50_000_000)
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('a token that is removed is refused on the connection that it opened', async () => {
    const harness = await startWithTokens()
    const good = { authorization: 'Bearer shop-token-0123456789' }
    expect((await post(harness, good)).status).toBe(200)
    writeFileSync(file.path, 'bar: bar-token-0123456789\nshop: new-token-0123456789')
    await expect.poll(async () => (await post(harness, good)).status).toBe(401)
    const renewed = { authorization: 'Bearer new-token-0123456789' }
    expect((await post(harness, renewed)).status).toBe(200)
    writeFileSync(file.path, 'not a token file at all')
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect((await post(harness, renewed)).status).toBe(200)
  })
})

describe('with CORS', () => {
  const preflight = (harness: ReceiverHarness, origin: string, path = '/v1/traces') =>
    fetch(`http://127.0.0.1:${harness.port}${path}`, {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type,x-any',
      },
    })

  test('a page of an allowed origin asks, sends, and reads the answer', async () => {
    const harness = await start({ cors: createCors(['https://*.example.com']) })
    const asked = await preflight(harness, 'https://app.example.com')
    expect(asked.status).toBe(204)
    const told = (name: string): string | null => asked.headers.get(`access-control-${name}`)
    expect(told('allow-origin')).toBe('https://app.example.com')
    expect(told('allow-methods')).toBe('POST')
    expect(told('allow-headers')).toBe('authorization,content-type,x-any')
    expect(told('allow-credentials')).toBe('true')
    expect(asked.headers.get('vary')).toContain('Origin')
    const sent = await post(harness, { origin: 'https://app.example.com' })
    expect(sent.status).toBe(200)
    expect(sent.headers.get('access-control-allow-origin')).toBe('https://app.example.com')
  })

  test('a page of another origin is told nothing, and everything is as before without an origin', async () => {
    const harness = await start({ cors: createCors(['https://app.example.com']) })
    const asked = await preflight(harness, 'https://evil.com')
    expect(asked.headers.get('access-control-allow-origin')).toBeNull()
    expect(asked.headers.get('access-control-allow-headers')).toBeNull()
    const sent = await post(harness, {})
    expect(sent.status).toBe(200)
    expect(sent.headers.get('access-control-allow-origin')).toBeNull()
    expect(sent.headers.get('vary')).toBe('Origin')
  })

  test('every page may send with *, but not with credentials', async () => {
    const harness = await start({ cors: createCors(['*']) })
    const asked = await preflight(harness, 'https://anywhere.com')
    expect(asked.headers.get('access-control-allow-origin')).toBe('*')
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('without the setting a preflight is no more than a wrong method', async () => {
    const harness = await start({})
    const asked = await preflight(harness, 'https://app.example.com')
    expect(asked.status).toBe(405)
    expect(asked.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('preflights need no token, what is sent does, and the page can read that', async () => {
    const file = makeTokenFile({ page: 'page-token-0123456789' })
    const settings = { tokenFile: file.path, asksForCertificate: false }
    const access = createAccess(settings, { logger: silent, time: systemTime })
    stops.push(() => access.stop(), file.remove)
    const harness = await start({ access, cors: createCors(['https://app.example.com']) })
    const origin = 'https://app.example.com'
    expect((await preflight(harness, origin)).status).toBe(204)
    const refused = await post(harness, { origin })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin)
    const sent = await post(harness, { origin, authorization: 'Bearer page-token-0123456789' })
    expect(sent.status).toBe(200)
    // A request with a preflight's method that is not a preflight is checked like any other.
    const url = `http://127.0.0.1:${harness.port}/v1/traces`
    expect((await fetch(url, { method: 'OPTIONS', headers: { origin } })).status).toBe(401)
  })
})

describe.skipIf(!hasOpenssl)('with TLS (skipped without the openssl command)', () => {
  let authority: TestAuthority
  let foreign: TestAuthority

  beforeAll(() => {
    authority = createAuthority()
    foreign = createAuthority('Foreign authority')
  })
  afterAll(() => {
    authority.remove()
    foreign.remove()
  })

  function startWithTls(asksForCertificate: boolean, tokenFile?: string): Promise<ReceiverHarness> {
    const { cert, key } = authority.issue('server', { purpose: 'serverAuth' })
    const clientAuthority = asksForCertificate ? { clientAuthority: authority.ca } : {}
    const files = { certificate: cert, key, ...clientAuthority }
    const parts = { logger: silent, time: systemTime, limits: defaultCollectorLimits }
    const tls = createTls(files, parts)
    const tokens = tokenFile === undefined ? {} : { tokenFile }
    const access = createAccess(
      { asksForCertificate, ...tokens },
      { logger: silent, time: systemTime },
    )
    stops.push(
      () => tls.stop(),
      () => access.stop(),
    )
    return start({ tls, access })
  }

  const send = (harness: ReceiverHarness, options: Partial<Parameters<typeof requestHttps>[2]>) =>
    requestHttps(harness.port, '/v1/logs', {
      ca: authority.ca,
      method: 'POST',
      headers: protobufType,
      body: 'x',
      ...options,
    })

  test('requests come through, and plain text does not', async () => {
    const harness = await startWithTls(false)
    expect((await send(harness, {})).status).toBe(200)
    expect(harness.consumer.senders[0]).toMatchObject({ address: '127.0.0.1', identity: '' })
    await expect(post(harness, {})).rejects.toThrow()
    expect((await send(harness, {})).status).toBe(200)
  })

  test('TLS 1.1 is not spoken', async () => {
    const harness = await startWithTls(false)
    const ended = new Promise<string>((resolve) => {
      const options = { ca: readFileSync(authority.ca), minVersion: 'TLSv1', maxVersion: 'TLSv1.1' }
      const socket = connectTls(harness.port, '127.0.0.1', {
        ...options,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'DEFAULT@SECLEVEL=0',
      })
      socket.once('secureConnect', () => resolve('connected'))
      socket.once('error', (error) => resolve(error.message))
    })
    expect(await ended).not.toBe('connected')
  })

  test('a client certificate is asked for, and its common name is the identity', async () => {
    const harness = await startWithTls(true)
    const client = authority.issue('checkout', { purpose: 'clientAuth' })
    expect((await send(harness, { client })).status).toBe(200)
    expect(harness.consumer.senders.map(({ identity }) => identity)).toEqual(['checkout'])
  })

  test('without a good one the answer is 401 and says why', async () => {
    const harness = await startWithTls(true)
    const cases = [
      [undefined, 'A client certificate is missing'],
      [foreign.issue('checkout'), 'not of an authority that this service trusts'],
      [authority.issue('old', { days: -1 }), 'it has expired'],
      [authority.issue('a server', { purpose: 'serverAuth' }), 'it is not meant for clients'],
    ] as const
    for (const [client, message] of cases) {
      const answer = await send(harness, client === undefined ? {} : { client })
      expect(answer.status).toBe(401)
      expect(answer.headers['www-authenticate']).toBeUndefined()
      expect(decodeStatus(answer.body)).toMatchObject({
        code: 16,
        message: expect.stringContaining(message),
      })
    }
    expect(harness.consumer.requests).toEqual([])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a %s session that is resumed without a certificate is refused as well',
    async (version) => {
      const harness = await startWithTls(true)
      const agent = new Agent({ maxCachedSessions: 10, minVersion: version, maxVersion: version })
      stops.push(() => agent.destroy())
      for (let round = 0; round < 3; round++) {
        expect((await send(harness, { agent })).status).toBe(401)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
  )

  test('with tokens as well both are needed, and the token names the sender', async () => {
    const file = makeTokenFile({ shop: 'shop-token-0123456789' })
    stops.push(file.remove)
    const harness = await startWithTls(true, file.path)
    const client = authority.issue('checkout')
    const headers = { ...protobufType, authorization: 'Bearer shop-token-0123456789' }
    expect((await send(harness, { client })).status).toBe(401)
    expect((await send(harness, { headers })).status).toBe(401)
    expect((await send(harness, { client, headers })).status).toBe(200)
    expect(harness.consumer.senders.map(({ identity }) => identity)).toEqual(['shop'])
  })
})
