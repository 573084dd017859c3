// Goal: reports go out over HTTP where the port or the environment says so, and are kept, tried
// again or given up as over gRPC. Method: real HTTP servers, one of them the collector's own
// receiver; the SDK in a process of its own.
import { spawn } from 'node:child_process'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { decode, exportLogsRequest, exportTraceRequest } from '@wayward/otlp'
import { createOtlpHttpReceiver } from '@wayward/collector/receivers/otlp-http'
import { afterEach, describe, expect, test } from 'vitest'
import { startReceiver } from '../../collector/receiver-harness.ts'

interface Seen {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

/** Answers with the statuses in turn, and with the last for good; 0 never answers. */
async function startServer(statuses: readonly number[]): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const status = statuses[Math.min(seen.length, statuses.length - 1)] ?? 200
      const { url = '', headers } = request
      const isGzip = headers['content-encoding'] === 'gzip'
      const body = Buffer.concat(chunks)
      seen.push({ path: url, headers, body: isGzip ? gunzipSync(body) : body })
      if (status > 0) response.writeHead(status).end(status === 200 ? '' : 'not\u0007 now')
    })
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, seen }
}

const index = fileURLToPath(new URL('../../../sdk/dist/index.js', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly ms: number
  readonly dropped: number
}

/** A program that reports a hold and a log record and shuts down. */
function report(env: Record<string, string>, options = '{}', before = ''): Promise<Ended> {
  const program = `
    const { register } = await import(${JSON.stringify(index)})
    const wayward = register(${options})
    wayward.reporter.lock({ name: 'cart' }).request().granted().released()
    wayward.reporter.log({ body: 'hello' })
    ${before}
    const begin = performance.now()
    await wayward.shutdown()
    console.log(JSON.stringify({ ms: performance.now() - begin, dropped: wayward.droppedCount }))`
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      env: { PATH: process.env['PATH'] ?? '', WAYWARD_PAUSES: 'false', ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let stdout = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.on('close', (code) => resolve({ code, ...(JSON.parse(stdout) as Omit<Ended, 'code'>) }))
  })
}

const httpEnvironment = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }
const pathsOf = (seen: readonly Seen[]): string[] => seen.map(({ path }) => path).toSorted()
const spanNames = (seen: readonly Seen[]) =>
  seen
    .filter(({ path }) => path.endsWith('/v1/traces'))
    .flatMap(({ body }) => decode(exportTraceRequest, body).resourceSpans ?? [])
    .flatMap(({ scopeSpans = [] }) => scopeSpans.flatMap(({ spans = [] }) => spans))
    .map(({ name }) => name)

describe('over HTTP', () => {
  test('reports arrive at the collector, and are accepted', async () => {
    const harness = await startReceiver(createOtlpHttpReceiver)
    const ended = await report(httpEnvironment, `{ endpoint: 'http://127.0.0.1:${harness.port}' }`)
    expect(ended).toMatchObject({ code: 0, dropped: 0 })
    const signals = harness.consumer.requests.map(({ signal }) => signal)
    expect(signals.toSorted()).toEqual(['logs', 'traces'])
    await harness.receiver.shutdown(0)
  })

  test('with the headers, the path and the compression that the environment names', async () => {
    const { port, seen } = await startServer([200])
    const ended = await report({
      ...httpEnvironment,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}/prefix/`,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `http://127.0.0.1:${port}/own`,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20secret,x-all=1',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-all=2',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    })
    expect(ended).toMatchObject({ code: 0, dropped: 0 })
    expect(pathsOf(seen)).toEqual(['/own', '/prefix/v1/traces'])
    const traces = seen.find(({ path }) => path === '/prefix/v1/traces')
    expect(traces?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'x-all': '2',
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
    })
    expect(spanNames(seen)).toEqual(['hold cart'])
    const logs = seen.find(({ path }) => path === '/own')
    expect(logs?.headers).toMatchObject({ 'x-all': '1' })
    const records = decode(exportLogsRequest, logs?.body ?? new Uint8Array()).resourceLogs ?? []
    expect(records[0]?.scopeLogs?.[0]?.logRecords?.[0]?.body).toEqual({ stringValue: 'hello' })
  })

  test('what is refused for now is kept, and what is refused for good is counted', async () => {
    const busy = await startServer([503, 200])
    const program = `{ endpoint: 'http://127.0.0.1:${busy.port}' }`
    // The first try is refused for now; the next comes after a pause of a second.
    const waits = `await wayward.forceFlush(); await new Promise((done) => setTimeout(done, 2500))`
    const ended = await report({ ...httpEnvironment, OTEL_LOGS_EXPORTER: 'none' }, program, waits)
    expect(ended).toMatchObject({ code: 0, dropped: 0 })
    expect(spanNames(busy.seen)).toEqual(['hold cart', 'hold cart'])
    const refusing = await startServer([400])
    const refused = await report(
      httpEnvironment,
      `{ endpoint: 'http://127.0.0.1:${refusing.port}' }`,
    )
    expect(refused.code).toBe(0)
    expect(refused.dropped).toBeGreaterThanOrEqual(2)
    // Spans, log records and what is said of their loss, once, of the thread and of its recorder.
    expect(refusing.seen.length).toBeLessThanOrEqual(6)
  })

  test('a collector that never answers does not hold shutdown() beyond its bound', async () => {
    const { port } = await startServer([0])
    const options = `{ endpoint: 'http://127.0.0.1:${port}', shutdownMsMax: 500 }`
    const ended = await report(httpEnvironment, options)
    expect(ended.code).toBe(0)
    expect(ended.ms).toBeLessThan(20_000)
    expect(ended.dropped).toBeGreaterThanOrEqual(1)
  })

  test('a collector that is away is reported as lost, and holds nobody', async () => {
    const ended = await report(
      httpEnvironment,
      `{ endpoint: 'http://127.0.0.1:9', shutdownMsMax: 500 }`,
    )
    expect(ended.code).toBe(0)
    expect(ended.dropped).toBeGreaterThanOrEqual(1)
  })
})
