// Goal: what is recorded arrives as what is reported as spans does. Method: one program, run both
// ways, and an OTLP server in the collector's place.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Item, type OtlpServer, startOtlpServer } from '../otlp-server.ts'
import { run } from '../program.ts'

let server: OtlpServer
beforeEach(async () => {
  server = await startOtlpServer()
})
afterEach(() => server.close())

interface Arrivals {
  readonly spans: Item[]
  readonly events: Item[]
}

async function arrivalsOf(recorder: boolean): Promise<Arrivals> {
  const own = await startOtlpServer()
  try {
    const { stdout, stderr } = await run(['recorded-app.mjs'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: own.url,
      WAYWARD_RECORDER: String(recorder),
    })
    expect(stderr).toBe('')
    expect(stdout).toBe('registered 0 0\n')
    return own.raw
  } finally {
    own.close()
  }
}

describe('a process that records', () => {
  test('sends what it would send as spans, but for ids that are made up', async () => {
    const [asSpans, recorded] = await Promise.all([arrivalsOf(false), arrivalsOf(true)])
    expect(comparable(recorded.spans)).toEqual(comparable(asSpans.spans))
    expect(told(recorded.events)).toEqual(told(asSpans.events))
  })
})

/** What differs from snapshot to snapshot. */
const ofSnapshot = [
  'wayward.event.sequence',
  'wayward.operation.age',
  'wayward.session.uptime',
  'wayward.operation.start_time',
]

/** What was told of each operation that was open: how it was, and how that ended. */
function told(events: readonly Item[]): Record<string, unknown> {
  const byOperation: Record<string, unknown> = {}
  for (const { eventName, attributes = [], traceId, spanId, ...rest } of events) {
    const facts = Object.fromEntries(
      attributes
        .filter(({ key }) => !ofSnapshot.includes(key))
        .map(({ key, value }) => [key, Object.values(value ?? {})[0]]),
    )
    const sequence = String(facts['wayward.operation.sequence'])
    byOperation[`${sequence} ${eventName}`] = {
      facts,
      isInTrace: [traceId, spanId].map((id) => (id ?? '').length > 0),
      severity: (rest as { severityNumber?: unknown }).severityNumber,
    }
  }
  // The process's number, of which the ids of its locks and queues begin.
  return JSON.parse(JSON.stringify(byOperation).replaceAll(/"\d+:(?=\d+")/g, '"pid:')) as never
}

/** Until then the program gives all times itself. */
const madeUpTo = '1795300000000000000'

/**
 * Spans by their sequence: with ids by the order of their first use, without what is not the same
 * in two runs, and without what protobuf may leave out.
 */
function comparable(items: readonly Item[]): unknown[] {
  const plain = items.map(({ attributes = [], ...rest }) => ({
    ...rest,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, value])),
  }))
  const sequence = (item: (typeof plain)[number]): number =>
    Number(item.attributes['wayward.event.sequence']?.['intValue'] ?? 0)
  const sorted = plain.toSorted(
    (a, b) => sequence(a) - sequence(b) || String(a.name).localeCompare(String(b.name)),
  )
  const known = new Map<string, number>()
  return JSON.parse(JSON.stringify(sorted), (key, value: unknown) => {
    if (value === 0 && key.startsWith('dropped')) return undefined
    if (key === 'code' && value === 'STATUS_CODE_UNSET') return undefined
    if (key === 'status' && Object.keys(value as object).length === 0) return undefined
    if (typeof value !== 'string') return value
    if (key.endsWith('UnixNano') && value > madeUpTo) return 'present'
    if (key === 'stringValue') return value.replace(/^\d+:(?=\d+$)/, 'pid:')
    if (!/^(?:trace|span|parentSpan)Id$/.test(key)) return value
    if (!known.has(value)) known.set(value, known.size)
    return known.get(value)
  }) as unknown[]
}
