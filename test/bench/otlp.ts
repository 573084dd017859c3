import { randomBytes } from 'node:crypto'
import { createRequire } from 'node:module'
import { encode, exportTraceRequest, ProtobufWriter, type Span, writeMessage } from '@wayward/otlp'
import type { Bench } from './bench.ts'
import { median } from './load/median.ts'

const spanCount = 512

/** Writing a request of spans with 8 attributes from plain values. */
export const otlpBench: Bench = {
  name: 'otlp',
  async run(size) {
    const rounds = size === 'full' ? 200 : 3
    const request = { resourceSpans: [{ scopeSpans: [{ spans: spans() }] }] }
    const writer = new ProtobufWriter()
    const peer = protobufjsWriter(request)
    const ours: number[] = []
    const theirs: number[] = []
    for (let round = 0; round < rounds; round++) {
      const begin = performance.now()
      writer.reset()
      writeMessage(writer, exportTraceRequest, request)
      const middle = performance.now()
      peer()
      ours.push((middle - begin) * (1e6 / spanCount))
      theirs.push((performance.now() - middle) * (1e6 / spanCount))
    }
    const own = median(ours)
    const bytes = encode(exportTraceRequest, request).length / spanCount
    return [
      { name: 'a span of 8 attributes, written', value: own, unit: 'ns' },
      { name: 'the same, protobufjs', value: median(theirs), unit: 'ns' },
      { name: 'protobufjs / ours', value: median(theirs) / own, unit: 'x' },
      { name: 'bytes of a span', value: bytes, unit: 'bytes' },
    ]
  },
}

function spans(): Span[] {
  const traceId = new Uint8Array(randomBytes(16))
  return Array.from({ length: spanCount }, (_, index) => ({
    traceId,
    spanId: new Uint8Array(randomBytes(8)),
    name: 'lock inventory',
    kind: 1,
    startTimeUnixNano: 1_795_000_000_000_000_000n + BigInt(index),
    endTimeUnixNano: 1_795_000_000_000_100_000n + BigInt(index),
    attributes: [
      { key: 'http.request.method', value: { stringValue: 'GET' } },
      { key: 'url.path', value: { stringValue: `/orders/${index}` } },
      { key: 'http.response.status_code', value: { intValue: 200 } },
      { key: 'thread.id', value: { intValue: 1 } },
      { key: 'thread.name', value: { stringValue: 'main' } },
      { key: 'server.address', value: { stringValue: 'shop.example.com' } },
      { key: 'retry', value: { boolValue: false } },
      { key: 'ratio', value: { doubleValue: 0.5 } },
    ],
  }))
}

/** protobufjs' code for OTLP, which OpenTelemetry's exporters used. */
function protobufjsWriter(request: object): () => void {
  const require = createRequire(import.meta.url)
  const root = require('otlp-oracle/build/src/generated/root.js') as {
    opentelemetry: {
      proto: {
        collector: { trace: { v1: { ExportTraceServiceRequest: PeerMessage } } }
      }
    }
  }
  const peer = root.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest
  const message = peer.fromObject(
    JSON.parse(
      JSON.stringify(request, (_, value) => (typeof value === 'bigint' ? String(value) : value)),
    ) as object,
  )
  return () => peer.encode(message).finish()
}

interface PeerMessage {
  fromObject(value: object): object
  encode(message: object): { finish(): Uint8Array }
}
