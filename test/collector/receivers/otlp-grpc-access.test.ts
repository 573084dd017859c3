// Goal: over OTLP/gRPC only those send who may, with a real gRPC client.
import { systemTime } from '@wayward/base'
import { readFileSync, writeFileSync } from 'node:fs'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { defaultCollectorLimits } from '@wayward/collector'
import { createAccess } from '@wayward/collector/access/access'
import { createOtlpGrpcReceiver } from '@wayward/collector/receivers/otlp-grpc'
import { createTls } from '@wayward/collector/tls/tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  type CertificateFiles,
  createAuthority,
  hasOpenssl,
  type TestAuthority,
} from '../../harness/certificates.ts'
import { makeTokenFile, type TokenFile } from '../../harness/token-file.ts'
import { type ReceiverHarness, startReceiver } from '../receiver-harness.ts'

const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const stops: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

interface CallOptions {
  readonly authorization?: string
  readonly ca?: string
  readonly client?: CertificateFiles
}

/** @returns `ok`, or the error */
function connect(port: number, { ca, client }: CallOptions) {
  const channel =
    ca === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(
          readFileSync(ca),
          client === undefined ? null : readFileSync(client.key),
          client === undefined ? null : readFileSync(client.cert),
        )
  // The name that the certificate is checked for; an address is not a name.
  const options = { 'grpc.ssl_target_name_override': 'localhost' }
  const grpc = new Client(`127.0.0.1:${port}`, channel, ca === undefined ? {} : options)
  stops.push(() => grpc.close())
  const asItIs = (bytes: Buffer): Buffer => bytes
  return (authorization?: string): Promise<ServiceError | 'ok'> =>
    new Promise((resolve) => {
      const metadata = new Metadata()
      if (authorization !== undefined) metadata.set('authorization', authorization)
      const answered = (error: ServiceError | null): void => resolve(error ?? 'ok')
      const body = Buffer.alloc(0)
      const deadline = Date.now() + 10_000
      grpc.makeUnaryRequest(exportPath, asItIs, asItIs, body, metadata, { deadline }, answered)
    })
}

const unauthenticated = (details: string) =>
  expect.objectContaining({ code: 16, details: expect.stringContaining(details) })

describe('with tokens', () => {
  let file: TokenFile

  async function start(): Promise<ReceiverHarness> {
    file = makeTokenFile({ shop: 'shop-token-0123456789', bar: 'bar-token-0123456789' })
    const settings = { tokenFile: file.path, asksForCertificate: false }
    const access = createAccess(settings, { logger: silent, time: systemTime, lookIntervalMs: 20 })
    const harness = await startReceiver(createOtlpGrpcReceiver, {}, { access })
    stops.push(
      () => access.stop(),
      () => file.remove(),
      () => harness.receiver.shutdown(0),
    )
    return harness
  }

  test('requests of several senders on one connection are told apart', async () => {
    const harness = await start()
    const call = connect(harness.port, {})
    expect(await call('Bearer shop-token-0123456789')).toBe('ok')
    expect(await call('Bearer bar-token-0123456789')).toBe('ok')
    expect(await call()).toEqual(unauthenticated('A token is missing'))
    expect(await call('Bearer shop-token-012345678')).toEqual(unauthenticated('not valid here'))
    expect(await call('bearer shop-token-0123456789')).toBe('ok')
    const names = harness.consumer.senders.map(({ identity }) => identity)
    expect(names).toEqual(['shop', 'bar', 'shop'])
    const line =
      'wayward_requests_total{receiver="otlp_grpc",signal="traces",status="unauthenticated"}'
    expect(harness.metric(line)).toBe(2)
  })

  test('a token that is removed is refused on the connection that it opened', async () => {
    const harness = await start()
    const call = connect(harness.port, {})
    expect(await call('Bearer shop-token-0123456789')).toBe('ok')
    writeFileSync(file.path, 'bar: bar-token-0123456789')
    await expect
      .poll(() => call('Bearer shop-token-0123456789'))
      .toEqual(unauthenticated('not valid here'))
    expect(await call('Bearer bar-token-0123456789')).toBe('ok')
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

  async function start(asksForCertificate: boolean) {
    const { cert, key } = authority.issue('server', { purpose: 'serverAuth' })
    const clientAuthority = asksForCertificate ? { clientAuthority: authority.ca } : {}
    const files = { certificate: cert, key, ...clientAuthority }
    const watched = { logger: silent, time: systemTime, limits: defaultCollectorLimits }
    const tls = createTls(files, { ...watched, lookIntervalMs: 20 })
    const access = createAccess({ asksForCertificate }, { logger: silent, time: systemTime })
    const harness = await startReceiver(createOtlpGrpcReceiver, {}, { tls, access })
    stops.push(
      () => tls.stop(),
      () => harness.receiver.shutdown(0),
    )
    return { harness, cert, key }
  }

  test('requests come through, and plain text does not', async () => {
    const { harness } = await start(false)
    expect(await connect(harness.port, { ca: authority.ca })()).toBe('ok')
    expect(await connect(harness.port, {})()).toMatchObject({ code: 14 })
    expect(await connect(harness.port, { ca: foreign.ca })()).toMatchObject({ code: 14 })
    expect(await connect(harness.port, { ca: authority.ca })()).toBe('ok')
  })

  test('a client certificate is asked for, and its common name is the identity', async () => {
    const { harness } = await start(true)
    const client = authority.issue('checkout', { purpose: 'clientAuth' })
    expect(await connect(harness.port, { ca: authority.ca, client })()).toBe('ok')
    expect(harness.consumer.senders.map(({ identity }) => identity)).toEqual(['checkout'])
  })

  test('without a good one the answer is UNAUTHENTICATED and says why', async () => {
    const { harness } = await start(true)
    const cases = [
      [undefined, 'A client certificate is missing'],
      [foreign.issue('checkout'), 'not of an authority that this service trusts'],
      [authority.issue('old', { days: -1 }), 'it has expired'],
    ] as const
    for (const [client, message] of cases) {
      const options = client === undefined ? { ca: authority.ca } : { ca: authority.ca, client }
      expect(await connect(harness.port, options)()).toEqual(unauthenticated(message))
    }
    expect(harness.consumer.requests).toEqual([])
  })

  test('a new certificate is served to new connections, and old ones stay', async () => {
    const { harness, cert, key } = await start(false)
    const old = connect(harness.port, { ca: authority.ca })
    expect(await old()).toBe('ok')
    const renewed = foreign.issue('renewed')
    writeFileSync(cert, readFileSync(renewed.cert))
    writeFileSync(key, readFileSync(renewed.key))
    await expect
      .poll(() => connect(harness.port, { ca: foreign.ca })(), { timeout: 10_000 })
      .toBe('ok')
    expect(await old()).toBe('ok')
  })
})
