// Goal: spans that a real application reported come out of the tables as they went in. Method: the
// recorded minutes of the Online Boutique demo (IntelligentDDS/Nezha), where they lie beside the
// checkout, as OTLP/HTTP into a real service.
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { oracle } from '../collector/decode/oracle.ts'
import { startTestService, type TestService } from '../collector/test-service.ts'

const folder = new URL('../../../shared/data/nezha/', import.meta.url)
const isPresent = existsSync(folder)
if (!isPresent) console.warn('Skipped: the recorded spans do not lie beside this checkout')

const spansPerRequest = 4096

interface RecordedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string
  readonly service: string
  readonly name: string
  readonly startNs: string
  readonly endNs: string
}

function readSpans(file: string): RecordedSpan[] {
  const lines = gunzipSync(readFileSync(new URL(file, folder)))
    .toString('utf8')
    .trim()
    .split('\n')
  return lines.slice(1).map((line) => {
    const [
      traceId = '',
      spanId = '',
      parentId = '',
      pod = '',
      name = '',
      startNs = '',
      endNs = '',
    ] = line.split(',')
    // The pod of a deployment is named <service>-<replica set>-<pod>.
    const service = pod.split('-').slice(0, -2).join('-')
    return { traceId, spanId, parentId, service, name, startNs, endNs }
  })
}

/** One export request, a resource for each service. */
function encode(spans: readonly RecordedSpan[]): Uint8Array {
  const request = oracle('traces')
  const resourceSpans = [...byServiceOf(spans)].map(([service, ofService]) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
    scopeSpans: [{ spans: ofService.map(toMessage) }],
  }))
  return request.encode(request.fromObject({ resourceSpans })).finish()
}

function byServiceOf(spans: readonly RecordedSpan[]): Map<string, RecordedSpan[]> {
  const groups = new Map<string, RecordedSpan[]>()
  for (const span of spans) {
    const group = groups.get(span.service)
    if (group === undefined) groups.set(span.service, [span])
    else group.push(span)
  }
  return groups
}

function toMessage(span: RecordedSpan): object {
  return {
    traceId: Buffer.from(span.traceId, 'hex'),
    spanId: Buffer.from(span.spanId, 'hex'),
    parentSpanId: Buffer.from(span.parentId === 'root' ? '' : span.parentId, 'hex'),
    name: span.name,
    startTimeUnixNano: span.startNs,
    endTimeUnixNano: span.endNs,
  }
}

describe.skipIf(!isPresent)('recorded spans of the Online Boutique', () => {
  let service: TestService
  const spans = isPresent ? readSpans('fault_free_17_00.csv.gz') : []

  beforeAll(async () => {
    service = await startTestService()
    for (let first = 0; first < spans.length; first += spansPerRequest) {
      const response = await fetch(`http://${service.addresses.otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: Buffer.from(encode(spans.slice(first, first + spansPerRequest))),
      })
      expect(response.status).toBe(200)
      // Full success: no item was rejected, and there is no warning.
      expect(await response.text()).toBe('')
    }
  }, 60_000)

  afterAll(async () => {
    await service.shutdown()
  })

  test('are all there, with their nanoseconds', async () => {
    const rows = await service.query<Record<string, string>>(
      `SELECT ServiceName AS service, count() AS spans, sum(Duration) AS duration_ns,
         min(toUnixTimestamp64Nano(Timestamp)) AS first_ns, countIf(ParentSpanId = '') AS roots
       FROM otel_traces GROUP BY service ORDER BY service`,
    )
    const expected = [...byServiceOf(spans)]
      .map(([name, ofService]) => ({
        service: name,
        spans: String(ofService.length),
        duration_ns: String(
          ofService.reduce((sum, span) => sum + BigInt(span.endNs) - BigInt(span.startNs), 0n),
        ),
        first_ns: ofService.map((span) => span.startNs).toSorted()[0],
        roots: String(ofService.filter((span) => span.parentId === 'root').length),
      }))
      .toSorted((a, b) => (a.service < b.service ? -1 : 1))
    expect(rows).toEqual(expected)
  })

  test('give a session for each service and find a trace by its id', async () => {
    const [first] = spans
    const rows = await service.query<{ sessions: string; spans: string }>(
      `SELECT (SELECT uniqExact(service) FROM wayward_sessions) AS sessions, count() AS spans
       FROM otel_traces WHERE TraceId = {trace:String}`,
      { trace: first?.traceId ?? '' },
    )
    const wanted = spans.filter((span) => span.traceId === first?.traceId).length
    const services = new Set(spans.map((span) => span.service)).size
    expect(rows).toEqual([{ sessions: String(services), spans: String(wanted) }])
  })
})
