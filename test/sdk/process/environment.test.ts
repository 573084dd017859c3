// Goal: the OTEL_... variables of the table in docs/sdk.md mean what they say. Method: one program
// in a process of its own, against a real OTLP/gRPC server.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type OtlpServer, startOtlpServer } from '../otlp-server.ts'
import { run } from '../program.ts'

let server: OtlpServer
beforeEach(async () => {
  server = await startOtlpServer()
})
afterEach(() => server.close())

const program = `
import { propagation, trace } from '@opentelemetry/api'
import { register } from '@wayward/sdk'
const { reporter, status } = register()
const attributes = { one: 'abcdef', two: 2, three: 3 }
trace.getTracer('app').startSpan('span', { attributes }).end()
reporter.log({ body: 'log', attributes })
console.log(status, propagation.fields().join())`

const evaluate = (env: Record<string, string>) =>
  run(['--input-type=module', '--eval', program], {
    OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
    ...env,
  })
const arrived = () => [server.spans.length, server.events.length]

const host = () => new URL(server.url).host.replace('127.0.0.1', 'localhost')

test.each<[string, () => Record<string, string>, number[]]>([
  ['an endpoint with a path, which gRPC has not', () => at(`${server.url}/v1/traces`), [1, 1]],
  ['an endpoint without a scheme, insecure', () => insecure(host()), [1, 1]],
  ['an endpoint without a scheme is meant secure', () => at(host()), [0, 0]],
  ['an https endpoint', () => at(`https://${host()}`), [0, 0]],
  ['an invalid endpoint', () => at('::not a url::'), [0, 0]],
  [
    'endpoints by signal',
    () => ({ ...at('http://127.0.0.1:1'), OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: server.url }),
    [0, 1],
  ],
  ['no exporter for traces', () => ({ OTEL_TRACES_EXPORTER: 'none' }), [0, 1]],
  ['no exporter for logs', () => ({ OTEL_LOGS_EXPORTER: 'none' }), [1, 0]],
  ['an exporter that we do not have', () => ({ OTEL_TRACES_EXPORTER: 'zipkin' }), [0, 1]],
  ['ours and another', () => ({ OTEL_TRACES_EXPORTER: 'console, otlp' }), [1, 1]],
  ['another protocol: gRPC is used', () => ({ OTEL_EXPORTER_OTLP_PROTOCOL: 'thrift' }), [1, 1]],
  ['gzip', () => ({ OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' }), [1, 1]],
  ['always_on', () => ({ OTEL_TRACES_SAMPLER: 'always_on' }), [1, 1]],
  ['always_off', () => ({ OTEL_TRACES_SAMPLER: 'always_off' }), [0, 1]],
  ['parentbased_always_off', () => ({ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }), [0, 1]],
  ['traceidratio', () => ratio('traceidratio'), [0, 1]],
  ['parentbased_traceidratio', () => ratio('parentbased_traceidratio'), [0, 1]],
  ['a sampler that does not exist', () => ({ OTEL_TRACES_SAMPLER: 'sometimes' }), [1, 1]],
  ['a queue that is no number', () => ({ OTEL_BSP_MAX_QUEUE_SIZE: 'many' }), [1, 1]],
  ['a queue of nothing', () => ({ OTEL_BLRP_MAX_QUEUE_SIZE: '0' }), [1, 1]],
  ['a batch larger than its queue', () => ({ OTEL_BSP_MAX_QUEUE_SIZE: '1' }), [1, 1]],
  ['the switch', () => ({ OTEL_SDK_DISABLED: 'TRUE' }), [0, 0]],
])('%s', async (_name, env, expected) => {
  const ended = await evaluate(env())
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(arrived()).toEqual(expected)
  expect(ended.ms).toBeLessThan(20_000)
})

function at(endpoint: string): Record<string, string> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
}

function insecure(endpoint: string): Record<string, string> {
  return { ...at(endpoint), OTEL_EXPORTER_OTLP_INSECURE: 'true' }
}

function ratio(name: string): Record<string, string> {
  return { OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: '0' }
}

test('headers, for all signals and for one', async () => {
  await evaluate({
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=a%20b,x-other=1',
    OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-token=logs',
  })
  const tokens = server.metadata.map((headers) => String(headers['x-token']))
  expect(new Set(tokens)).toEqual(new Set(['a b', 'logs']))
})

test('limits of attributes: count and length', async () => {
  await evaluate({
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2',
    OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT: '1',
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3',
  })
  expect(server.spans[0]?.attributes).toEqual({ one: 'abc', two: '2' })
  expect(server.events[0]?.attributes).toEqual({ one: 'abc' })
})

test('resource attributes, with percent signs', async () => {
  await evaluate({ OTEL_RESOURCE_ATTRIBUTES: 'team=a%20b%2Cc%3D%C3%A4,service.name=shop' })
  expect(server.spans[0]?.resource).toMatchObject({ team: 'a b,c=ä', 'service.name': 'shop' })
})

test('the service name goes before the one among the resource attributes', async () => {
  await evaluate({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop', OTEL_SERVICE_NAME: 'cart' })
  expect(server.spans[0]?.resource).toMatchObject({ 'service.name': 'cart' })
})

test.each([
  ['tracecontext,baggage', 'traceparent,tracestate,baggage'],
  ['baggage', 'baggage'],
  ['none', ''],
  ['b3', ''],
])('the propagators %s', async (names, fields) => {
  const ended = await evaluate({ OTEL_PROPAGATORS: names })
  expect(ended.stdout.trim()).toBe(`registered ${fields}`.trim())
})

test.each([
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'thrift' }, 'Cannot export with the protocol "thrift"'],
  [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }, '"http/protobuf" is used'],
  [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'Cannot use the exporter "zipkin"'],
  [{ OTEL_PROPAGATORS: 'b3' }, 'Cannot use the propagator "b3"'],
  [{ OTEL_BSP_SCHEDULE_DELAY: '-1' }, 'Cannot use OTEL_BSP_SCHEDULE_DELAY=-1'],
])('with OTEL_LOG_LEVEL=warn, %o is complained of', async (env, message) => {
  const ended = await evaluate({ OTEL_LOG_LEVEL: 'warn', ...env })
  expect(ended.stdout + ended.stderr).toContain(message)
})

test('every variable that is tested here is in the table of docs/sdk.md', () => {
  const source = readFileSync(new URL(import.meta.url), 'utf8')
  const page = readFileSync(new URL('../../../docs/sdk.md', import.meta.url), 'utf8')
  const table = page.slice(page.indexOf('## Variables'))
  for (const [name] of source.matchAll(/OTEL_[A-Z]+[A-Z_]*[A-Z]/g)) {
    const generic = name
      .replace(/OTEL_(BSP|BLRP)_/, '…_')
      .replace(/_(TRACES|LOGS)_(ENDPOINT|HEADERS)/, '_$2')
    expect(
      [name, generic].some((wanted) => table.includes(wanted)),
      name,
    ).toBe(true)
  }
})
