// Goal: a service that other machines may reach, as a person sets it up: what is missing is said
// before anything starts, real clients with the settings of docs/security.md get through, and
// reading commands find it as ever.
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OTLPTraceExporter as GrpcTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type CertificateFiles,
  createAuthority,
  hasOpenssl,
  type TestAuthority,
} from '../harness/certificates.ts'
import { requestHttps } from '../harness/https-request.ts'
import {
  anyPorts,
  type RunningService,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

/** OpenTelemetry's ExportResultCode. */
const exported = 0
const exitFailed = 1
const tokenText = 'shop-token-0123456789'
const folder = temporaryFolder()
const inFolder = { cwd: folder.path }
const tokens = join(folder.path, 'tokens')
writeFileSync(tokens, `shop: ${tokenText}\n`)
afterAll(() => folder.remove())
afterEach(() => {
  vi.unstubAllEnvs()
})

describe('wayward serve refuses to start', () => {
  test.each([
    [
      ['--otlp-grpc', '0.0.0.0:0'],
      /lacks TLS .* and a check of who sends.* with --otlp-grpc \(TLS: --tls-cert and --tls-key; /,
    ],
    [['--otlp-http', '[::]:0', '--token-file', tokens], /it lacks TLS .* with --otlp-http/],
    [['--clickhouse', '0.0.0.0:0'], /no accounts and no TLS.*--clickhouse-url/],
    [['--tls-cert', 'a.pem'], /there is tls-cert, but not tls-key/],
    [['--tls-client-ca', 'a.pem'], /there is tls-client-ca, but not tls-cert nor tls-key/],
    [['--tls-cert', 'a.pem', '--tls-key', 'b.pem'], /read the TLS file ".*a.pem": ENOENT/],
    [['--token-file', '/nowhere'], /read the token file "\/nowhere": ENOENT/],
    [['--cors-origin', 'https://a.com/x'], /Cannot use "https:\/\/a.com\/x" as an origin/],
    [['--request-bytes-max', '128MiB'], /request-bytes-in-flight-max to at least 268435456/],
    [['--request-bytes-max', '1GiB'], /more than 256MiB/],
  ])('with %j', async (flags, message) => {
    const dataDir = join(folder.path, 'refused')
    const { code, stderr } = await runWayward(
      ['serve', '--data-dir', dataDir, ...anyPorts, ...flags],
      inFolder,
    )
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(code).toBe(2)
  })
})

describe.skipIf(!hasOpenssl)('a service that is open (skipped without the openssl command)', () => {
  let authority: TestAuthority
  let client: CertificateFiles
  let server: CertificateFiles
  let service: RunningService
  const dataDir = join(folder.path, 'data')

  beforeAll(async () => {
    authority = createAuthority()
    client = authority.issue('shop-client', { purpose: 'clientAuth' })
    server = authority.issue('server', { purpose: 'serverAuth' })
    const config = join(folder.path, 'wayward.yaml')
    const lines = [
      'otlp-grpc: 0.0.0.0:0',
      'otlp-http: 0.0.0.0:0',
      'api: 0.0.0.0:0',
      'clickhouse: 127.0.0.1:0',
      `tls-cert: ${server.cert}`,
      `tls-key: ${server.key}`,
      `tls-client-ca: ${authority.ca}`,
      `token-file: ${tokens}`,
      'cors-origin:',
      '  - https://app.example.com',
      '  - https://*.example.org',
    ]
    writeFileSync(config, lines.join('\n'))
    service = await startService(dataDir, ['--config', config])
  })
  afterAll(async () => {
    await service.stop()
    authority.remove()
  })

  const portOf = (address: string): number => Number(/:(\d+)$/.exec(address)?.[1])

  function stubExporter(isToken = true): void {
    vi.stubEnv('OTEL_EXPORTER_OTLP_CERTIFICATE', authority.ca)
    vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE', client.cert)
    vi.stubEnv('OTEL_EXPORTER_OTLP_CLIENT_KEY', client.key)
    if (isToken) vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', `authorization=Bearer%20${tokenText}`)
  }

  /** @returns the result's code */
  async function exportSpan(exporter: SpanExporter, name: string): Promise<number> {
    const memory = new InMemorySpanExporter()
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] })
    provider.getTracer('test').startSpan(name).end()
    await provider.forceFlush()
    const { code } = await new Promise<{ readonly code: number }>((resolve) =>
      exporter.export(memory.getFinishedSpans(), resolve),
    )
    await exporter.shutdown()
    return code
  }

  const exporters: readonly [string, (url: (name: 'grpc' | 'http') => string) => SpanExporter][] = [
    ['gRPC', (url) => new GrpcTraceExporter({ url: url('grpc') })],
    ['HTTP and protobuf', (url) => new ProtobufTraceExporter({ url: url('http') })],
    ['HTTP and JSON', (url) => new JsonTraceExporter({ url: url('http') })],
  ]

  test.each(exporters)(
    'takes spans of OpenTelemetry’s exporter over %s, set by variables',
    async (name, create) => {
      const { otlpGrpc, otlpHttp } = service.endpoints
      const url = (protocol: 'grpc' | 'http'): string =>
        protocol === 'grpc'
          ? `https://localhost:${portOf(otlpGrpc)}`
          : `https://localhost:${portOf(otlpHttp)}/v1/traces`
      stubExporter()
      expect(await exportSpan(create(url), `over ${name}`)).toBe(exported)
      vi.unstubAllEnvs()
      stubExporter(false)
      expect(await exportSpan(create(url), `no token ${name}`)).toBe(exitFailed)
      const sql = 'SELECT SpanName FROM otel_traces ORDER BY SpanName'
      const { stdout } = await runWayward(
        ['query', '--data-dir', dataDir, '--format', 'csv', sql],
        inFolder,
      )
      expect(stdout).toContain(`over ${name}`)
      expect(stdout).not.toContain('no token')
    },
  )

  test('says https where it applies, and what senders need', () => {
    const { otlpGrpc, otlpHttp, api } = service.endpoints
    for (const address of [otlpGrpc, otlpHttp, api]) {
      expect(address).toMatch(/^https:\/\/0\.0\.0\.0:\d+$/)
      expect(service.stdout()).toContain(address)
    }
    expect(service.stdout()).toContain('a client certificate and a token')
    expect(service.stdout()).toContain(
      'OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20<token>"',
    )
  })

  test('is found by a probe, and its metrics by those who may', async () => {
    const port = portOf(service.endpoints.api)
    const { ca } = authority
    expect((await requestHttps(port, '/readyz', { ca })).status).toBe(200)
    expect((await requestHttps(port, '/metrics', { ca })).status).toBe(401)
    const headers = { authorization: `Bearer ${tokenText}` }
    const metrics = await requestHttps(port, '/metrics', { ca, client, headers })
    const text = metrics.body.toString()
    expect(text).toContain('status="unauthenticated"')
    const expiry = Number(/^wayward_tls_certificate_expiry_time_seconds (\S+)$/m.exec(text)?.[1])
    expect(expiry).toBeGreaterThan(Date.now() / 1000)
  })

  test('answers the preflight of a page', async () => {
    const port = portOf(service.endpoints.otlpHttp)
    const headers = {
      origin: 'https://shop.example.org',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    }
    const options = { ca: authority.ca, method: 'OPTIONS', headers }
    const answer = await requestHttps(port, '/v1/traces', options)
    expect(answer.status).toBe(204)
    expect(answer.headers['access-control-allow-origin']).toBe('https://shop.example.org')
  })

  test.skipIf(spawnSync('curl', ['--version']).status !== 0)('takes logs of curl', () => {
    const url = `https://localhost:${portOf(service.endpoints.otlpHttp)}/v1/logs`
    const log = { severityNumber: 9, body: { stringValue: 'It works' } }
    const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [log] }] }] })
    const certificates = ['--cacert', authority.ca, '--cert', client.cert, '--key', client.key]
    const headers = ['Content-Type: application/json', `Authorization: Bearer ${tokenText}`]
    const headerFlags = headers.flatMap((header) => ['-H', header])
    const flags = ['-sS', ...certificates, ...headerFlags, '-d', body, url]
    const answer = execFileSync('curl', flags)
    expect(answer.toString()).toBe('{}')
  })

  test('takes a new certificate while it runs', async () => {
    const renewed = authority.issue('renewed server')
    copyFileSync(renewed.key, server.key)
    copyFileSync(renewed.cert, server.cert)
    const nameAt = async (address: string): Promise<string> =>
      (await requestHttps(portOf(address), '/healthz', { ca: authority.ca })).server
    const { api, otlpHttp } = service.endpoints
    for (const address of [api, otlpHttp]) {
      await expect.poll(() => nameAt(address), { timeout: 20_000 }).toBe('renewed server')
    }
    expect(readFileSync(server.cert, 'utf8')).toContain('CERTIFICATE')
  })
})
