import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createMetricsDecoder } from '@wayward/collector/decode/metrics'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { oracle } from '../collector/decode/oracle.ts'
import { createRandom, type Random } from '../collector/decode/random.ts'
import type { Bench, Figure } from './bench.ts'
import { median } from './load/median.ts'

const itemsPerRequest = 512
const rowsPerBlock = 32 * itemsPerRequest
const kinds = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer']
const codes = ['Unset', 'Ok', 'Error']
const routes = ['/cart/items', '/orders', '/stock/:id']

const bounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000]
const resourceAttributes = {
  'service.name': 'shop',
  'service.instance.id': '627cc493-f310-47de-96bd-71410b7dec09',
  'process.pid': 4711,
  'host.name': 'node-7',
}

const sizes = {
  tiny: { ours: 4, json: 2, plain: 2, metrics: 4, rounds: 1 },
  full: { ours: 1000, json: 200, plain: 200, metrics: 1000, rounds: 7 },
}

/**
 * Requests of 512 spans of about 400 bytes with 8 attributes, decoded into Native blocks, by two
 * ways; and requests of as many data points, half of them histograms.
 */
export const decodeBench: Bench = {
  name: 'decode',
  async run(size) {
    const { ours, json, plain, metrics, rounds } = sizes[size]
    const message = oracle('traces')
    const objects = Array.from({ length: 8 }, (_, i) => traceRequest(createRandom(i)))
    const bodies = objects.map(
      (object) => new Uint8Array(message.encode(message.fromObject(object)).finish()),
    )
    const texts = objects.map((object) => Buffer.from(JSON.stringify(object, idsAsHex)))
    const decoder = createTracesDecoder(defaultDecodeLimits, Date.now)
    const decodeProtobuf = decodeAll(decoder, 'protobuf', bodies)
    const decodeJson = decodeAll(decoder, 'json', texts)
    const points = metricBodies()
    const decodePoints = decodeAll(
      createMetricsDecoder(defaultDecodeLimits, Date.now),
      'protobuf',
      points,
    )
    const decodePlain = (i: number) =>
      void jsonEachRow(message, bodies[i % bodies.length] as Uint8Array)
    const rates: Record<'native' | 'nativeJson' | 'plain' | 'metrics' | 'ratio', number[]> = {
      native: [],
      nativeJson: [],
      plain: [],
      metrics: [],
      ratio: [],
    }
    for (let round = 0; round < rounds; round++) {
      // Side by side, so that a change of the machine's speed meets both.
      const native = itemsPerSecond(ours, decodeProtobuf)
      const plainRate = itemsPerSecond(plain, decodePlain)
      rates.native.push(native)
      rates.plain.push(plainRate)
      rates.ratio.push(native / plainRate)
      rates.nativeJson.push(itemsPerSecond(json, decodeJson))
      rates.metrics.push(itemsPerSecond(metrics, decodePoints))
    }
    return await Promise.resolve<Figure[]>([
      { name: 'span size', value: bytesPerItem(bodies), unit: 'bytes' },
      { name: 'protobuf → Native', value: median(rates.native), unit: 'spans/s' },
      { name: 'JSON → Native', value: median(rates.nativeJson), unit: 'spans/s' },
      { name: 'protobufjs → JSONEachRow', value: median(rates.plain), unit: 'spans/s' },
      { name: 'ratio', value: median(rates.ratio), unit: 'times' },
      { name: 'data point size', value: bytesPerItem(points), unit: 'bytes' },
      { name: 'metrics, protobuf → Native', value: median(rates.metrics), unit: 'data points/s' },
    ])
  },
}

function bytesPerItem(bodies: readonly Uint8Array[]): number {
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0)
  return Math.round(bytes / (bodies.length * itemsPerRequest))
}

function decodeAll(
  decoder: ReturnType<typeof createTracesDecoder>,
  encoding: 'protobuf' | 'json',
  bodies: readonly Uint8Array[],
): (index: number) => void {
  return (index) => {
    const result = decoder.decode(encoding, bodies[index % bodies.length] as Uint8Array)
    if (result.message !== '') throw new Error(result.message)
    for (const block of decoder.blocks) if (block.rows >= rowsPerBlock) block.take()
  }
}

interface PlainRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly PlainAttribute[] }
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string; readonly version: string }
      readonly spans: readonly PlainSpan[]
    }[]
  }[]
}
interface PlainAttribute {
  readonly key: string
  readonly value: { readonly stringValue: string | null; readonly intValue: PlainLong | null }
}
interface PlainSpan {
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly parentSpanId: Uint8Array
  readonly traceState: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: PlainLong
  readonly endTimeUnixNano: PlainLong
  readonly attributes: readonly PlainAttribute[]
  readonly status: { readonly code: number; readonly message: string }
  readonly events: readonly {
    readonly timeUnixNano: PlainLong
    readonly name: string
    readonly attributes: readonly PlainAttribute[]
  }[]
  readonly links: readonly {
    readonly traceId: Uint8Array
    readonly spanId: Uint8Array
    readonly traceState: string
    readonly attributes: readonly PlainAttribute[]
  }[]
}
interface PlainLong {
  subtract(other: PlainLong): PlainLong
  toString(): string
}

/** What a collector without columns does: protobufjs' objects, then a line of JSON for each row. */
function jsonEachRow(message: ReturnType<typeof oracle>, body: Uint8Array): Buffer {
  const request = message.decode(body) as PlainRequest
  const lines: string[] = []
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const resourceAttributes = plainMap(resource.attributes)
    for (const { scope, spans } of scopeSpans) {
      for (const span of spans)
        lines.push(JSON.stringify(plainRow(resourceAttributes, scope, span)))
    }
  }
  return Buffer.from(lines.join('\n'))
}

function plainRow(
  resourceAttributes: Record<string, string>,
  scope: { readonly name: string; readonly version: string },
  span: PlainSpan,
): object {
  return {
    Timestamp: span.startTimeUnixNano.toString(),
    TraceId: Buffer.from(span.traceId).toString('hex'),
    SpanId: Buffer.from(span.spanId).toString('hex'),
    ParentSpanId: Buffer.from(span.parentSpanId).toString('hex'),
    TraceState: span.traceState,
    SpanName: span.name,
    SpanKind: kinds[span.kind],
    ServiceName: resourceAttributes['service.name'],
    ResourceAttributes: resourceAttributes,
    ScopeName: scope.name,
    ScopeVersion: scope.version,
    SpanAttributes: plainMap(span.attributes),
    Duration: span.endTimeUnixNano.subtract(span.startTimeUnixNano).toString(),
    StatusCode: codes[span.status.code],
    StatusMessage: span.status.message,
    'Events.Timestamp': span.events.map((event) => event.timeUnixNano.toString()),
    'Events.Name': span.events.map((event) => event.name),
    'Events.Attributes': span.events.map((event) => plainMap(event.attributes)),
    'Links.TraceId': span.links.map((link) => Buffer.from(link.traceId).toString('hex')),
    'Links.SpanId': span.links.map((link) => Buffer.from(link.spanId).toString('hex')),
    'Links.TraceState': span.links.map((link) => link.traceState),
    'Links.Attributes': span.links.map((link) => plainMap(link.attributes)),
  }
}

function plainMap(attributes: readonly PlainAttribute[]): Record<string, string> {
  const map: Record<string, string> = {}
  for (const { key, value } of attributes)
    map[key] = value.stringValue ?? value.intValue?.toString() ?? ''
  return map
}

/** By processor time, so that the neighbours on a shared machine count less. */
function itemsPerSecond(requests: number, decode: (index: number) => void): number {
  const before = process.cpuUsage()
  for (let i = 0; i < requests; i++) decode(i)
  const used = process.cpuUsage(before)
  return Math.round((requests * itemsPerRequest) / ((used.user + used.system) / 1e6))
}

function traceRequest(random: Random): object {
  const resource = {
    attributes: attributes(resourceAttributes),
  }
  const scope = { name: '@shop/http', version: '1.2.3' }
  const spans = Array.from({ length: itemsPerRequest }, () => span(random))
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] }
}

/**
 * As an SDK sends them every minute: 32 metrics of 16 time series each, half of them histograms.
 */
function metricBodies(): Uint8Array[] {
  const message = oracle('metrics')
  return Array.from({ length: 8 }, (_, seed) => {
    const random = createRandom(seed)
    const metrics = Array.from({ length: 32 }, (_unused, index) => metric(random, index))
    const resource = { attributes: attributes(resourceAttributes) }
    const scope = { name: '@shop/http', version: '1.2.3' }
    const request = { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] }
    return new Uint8Array(message.encode(message.fromObject(request)).finish())
  })
}

function metric(random: Random, index: number): object {
  const now = BigInt(Date.now()) * 1_000_000n
  const isHistogram = index % 2 === 0
  const dataPoints = Array.from({ length: itemsPerRequest / 32 }, (_, worker) => ({
    startTimeUnixNano: String(now - 60_000_000_000n),
    timeUnixNano: String(now),
    attributes: attributes({
      'http.request.method': 'GET',
      'http.route': random.pick(routes),
      'http.response.status_code': 200,
      worker,
    }),
    ...(isHistogram
      ? {
          count: 1000,
          sum: random.below(1e6),
          min: 0.5,
          max: 9000,
          explicitBounds: bounds,
          bucketCounts: [0, ...bounds].map(() => random.below(100)),
        }
      : { asInt: random.below(1e6) }),
  }))
  const name = `http.server.measure.${index}`
  const description = 'Duration of the requests that the server has answered'
  const data = { dataPoints, aggregationTemporality: 2 }
  const texts = { name, description, unit: 'ms' }
  return isHistogram
    ? { ...texts, histogram: data }
    : { ...texts, sum: { ...data, isMonotonic: true } }
}

function span(random: Random): object {
  const route = random.pick(routes)
  const start = BigInt(Date.now() - 1000 - random.below(1000)) * 1_000_000n
  return {
    traceId: random.bytes(16),
    spanId: random.bytes(8),
    parentSpanId: random.bytes(8),
    name: `GET ${route}`,
    kind: 2 + random.below(2),
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(random.below(1e8))),
    attributes: attributes({
      'http.request.method': 'GET',
      'http.route': route,
      'http.response.status_code': 200,
      'server.address': 'shop.internal.example.com',
      'server.port': 8080,
      'url.path': `/shop/v2/items/${random.below(1e9)}`,
      'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0',
      'thread.id': random.below(64),
    }),
    status: { code: random.below(2) },
    flags: 257,
  }
}

function attributes(values: Record<string, string | number>): object[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: value },
  }))
}

function idsAsHex(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}
