// The requests of the crash test. Every item carries its number (`crash.item`), which no other item
// of the run has, and the number of its request (`crash.request`); its name, body or value says the
// same once more, so that a row whose columns belong to different items is noticed.
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_NAME,
  WAYWARD_KIND_VALUE_LOCK_HOLD,
} from '@wayward/semconv'
import { oracle } from '../collector/decode/oracle.ts'
import type { Random } from '../collector/decode/random.ts'

export type CrashSignal = 'traces' | 'logs' | 'metrics'

/** What is known of a request before it is sent. */
export interface CrashRequest {
  /** From 1, unique in the run. */
  readonly number: number
  readonly signal: CrashSignal
  /** Items are numbered from here on. */
  readonly firstItem: number
  readonly items: number
  /** Whether its spans are lock holds, which views copy to wayward_lock_holds. */
  readonly isLockHolds: boolean
}

export interface RequestShape {
  readonly signal: CrashSignal
  readonly items: number
  readonly isLockHolds: boolean
  /** Over how many days the items' times are spread: ClickHouse writes a part for each. */
  readonly days: number
}

/** The tables of the five kinds of points; item i of a request goes to kind i modulo 5. */
export const pointTables = [
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
] as const

const dayMs = 86_400_000
const itemsMax = 1000

/** A request of any size from 1 to 1000 items, small ones more often, as applications send. */
export function randomShape(random: Random, isLarge: boolean): RequestShape {
  const signal = random.pick(['traces', 'traces', 'logs', 'metrics'] as const)
  const sizes = isLarge ? [50, 200, 512, itemsMax] : [1, 3, 10, 50, 200]
  return {
    signal,
    items: 1 + random.below(random.pick(sizes)),
    isLockHolds: signal === 'traces' && random.chance(0.4),
    days: random.chance(0.1) ? 3 : 1,
  }
}

/** The request's body in OTLP. */
export function encodeRequest(
  request: CrashRequest,
  shape: RequestShape,
  random: Random,
  encoding: 'protobuf' | 'json',
): Buffer {
  const message = toMessage(request, shape, random)
  if (encoding === 'json') return Buffer.from(JSON.stringify(message, hexIds))
  const type = oracle(request.signal)
  return Buffer.from(type.encode(type.fromObject(message)).finish())
}

function hexIds(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

function toMessage(request: CrashRequest, shape: RequestShape, random: Random): object {
  const resource = { attributes: [attribute('service.name', `crash-${request.number % 4}`)] }
  const scope = { name: 'crash-test' }
  const numbers = Array.from({ length: request.items }, (_, index) => index)
  const timeOf = (index: number): string => {
    const ms = Date.now() - (index % shape.days) * dayMs
    return (BigInt(ms) * 1_000_000n + BigInt(index)).toString()
  }
  const make = { item: request.firstItem, attributes: itemAttributes(request), timeOf, random }
  if (request.signal === 'traces') {
    const traceId = random.bytes(16)
    const spans = numbers.map((index) => span(index, traceId, request, make))
    return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] }
  }
  if (request.signal === 'logs') {
    const logRecords = numbers.map((index) => logRecord(index, make))
    return { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] }
  }
  const metrics = pointTables.map((_, kind) => metric(kind, numbers, make))
  return { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] }
}

interface Make {
  /** The number of the first item. */
  readonly item: number
  readonly attributes: (item: number) => object[]
  readonly timeOf: (index: number) => string
  readonly random: Random
}

function itemAttributes({ number }: CrashRequest): (item: number) => object[] {
  return (item) => [
    attribute('crash.request', String(number)),
    attribute('crash.item', String(item)),
  ]
}

function span(index: number, traceId: Uint8Array, request: CrashRequest, make: Make): object {
  const item = make.item + index
  const start = make.timeOf(index)
  const lockHold = request.isLockHolds
    ? [
        attribute(ATTR_WAYWARD_KIND, WAYWARD_KIND_VALUE_LOCK_HOLD),
        attribute(ATTR_WAYWARD_LOCK_NAME, 'crash'),
        attribute(ATTR_WAYWARD_LOCK_ID, String(request.number)),
        attribute(ATTR_WAYWARD_EVENT_SEQUENCE, String(item)),
      ]
    : []
  return {
    traceId,
    spanId: make.random.bytes(8),
    name: `item ${item}`,
    kind: 1,
    startTimeUnixNano: start,
    endTimeUnixNano: (BigInt(start) + 1_000_000n).toString(),
    attributes: [...make.attributes(item), ...lockHold],
  }
}

function logRecord(index: number, make: Make): object {
  const item = make.item + index
  return {
    timeUnixNano: make.timeOf(index),
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: `item ${item}` },
    attributes: make.attributes(item),
  }
}

/** One metric of each kind; the point's value is the item's number. */
function metric(kind: number, numbers: readonly number[], make: Make): object {
  const name = `crash.${pointTables[kind]}`
  const points = (value: (item: number) => object): object[] =>
    numbers
      .filter((index) => index % pointTables.length === kind)
      .map((index) => ({
        timeUnixNano: make.timeOf(index),
        attributes: make.attributes(make.item + index),
        ...value(make.item + index),
      }))
  const temporality = { aggregationTemporality: 2 }
  switch (kind) {
    case 0:
      return { name, gauge: { dataPoints: points((item) => ({ asDouble: item })) } }
    case 1: {
      const dataPoints = points((item) => ({ asDouble: item }))
      return { name, sum: { dataPoints, isMonotonic: true, ...temporality } }
    }
    case 2: {
      const dataPoints = points((item) => ({
        count: '2',
        sum: item,
        bucketCounts: ['1', '1'],
        explicitBounds: [item],
      }))
      return { name, histogram: { dataPoints, ...temporality } }
    }
    case 3: {
      const dataPoints = points((item) => ({ count: '1', sum: item, scale: 1, zeroCount: '1' }))
      return { name, exponentialHistogram: { dataPoints, ...temporality } }
    }
    default:
      return { name, summary: { dataPoints: points((item) => ({ count: '1', sum: item })) } }
  }
}

function attribute(key: string, value: string): object {
  return { key, value: { stringValue: value } }
}
