// What the tests of the page look at: a lock that one holds for seconds while two wait for it, one
// after the other, a queue, a job that fails, log records and metrics; all of hostile names.
import { expect } from 'vitest'
import type { RunningService } from '../../e2e/wayward-process.ts'

export const hostile =
  '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u001b[31m'
export const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const startMs = Date.now() - 60_000

type Value = string | number | boolean
interface Reported {
  readonly name: string
  readonly at: number
  readonly ms: number
  readonly attributes: Readonly<Record<string, Value>>
}

const resource = {
  attributes: [
    { key: 'service.name', value: { stringValue: 'shop' } },
    { key: 'wayward.session.id', value: { stringValue: 'run-1' } },
  ],
}
const lock = {
  'wayward.lock.name': hostile,
  'wayward.lock.id': 'l1',
  'wayward.lock.type': 'mutex',
  'thread.id': 1,
}

function hold(task: number, at: number, ms: number, waitMs: number, sequence: number): Reported {
  const attributes = {
    ...lock,
    'wayward.kind': 'lock_hold',
    'wayward.task.id': String(task),
    'wayward.lock.contended': waitMs > 0,
    'wayward.lock.wait.duration': waitMs * 1e6,
    'wayward.event.sequence': sequence,
  }
  return { name: 'hold', at, ms, attributes }
}

function wait(task: number, at: number, ms: number, sequence: number): Reported {
  const attributes = {
    ...lock,
    'wayward.kind': 'lock_wait',
    'wayward.task.id': String(task),
    'wayward.lock.wait.result': 'granted',
    'wayward.lock.holder.task.id': '1',
    'wayward.event.sequence': sequence,
  }
  return { name: 'wait', at, ms, attributes }
}

const item: Reported = {
  name: 'process',
  at: 4000,
  ms: 3000,
  attributes: {
    'wayward.kind': 'queue_item',
    'wayward.queue.name': hostile,
    'wayward.queue.id': 'q1',
    'wayward.queue.item.id': 'i1',
    'wayward.queue.wait.duration': 2e9,
    'wayward.event.sequence': 6,
  },
}
const run: Reported = {
  name: 'run',
  at: 5000,
  ms: 2000,
  attributes: {
    'wayward.kind': 'job_run',
    'wayward.job.name': hostile,
    'wayward.job.run.id': 'r1',
    'wayward.job.result': 'failure',
    'wayward.event.sequence': 7,
  },
}

/** Sends all of it and waits until it can be asked for. */
export async function report(endpoints: RunningService['endpoints']): Promise<void> {
  const spans = [
    { name: hostile, at: 0, ms: 20_000, attributes: { 'http.route': hostile } },
    hold(1, 0, 10_000, 0, 1),
    wait(2, 500, 9_500, 2),
    hold(2, 10_000, 5_000, 9_500, 3),
    wait(3, 1_000, 14_000, 4),
    hold(3, 15_000, 1_000, 14_000, 5),
    item,
    run,
  ]
  await send(endpoints, 'traces', {
    resourceSpans: [{ resource, scopeSpans: [{ spans: spans.map(toSpan) }] }],
  })
  await send(endpoints, 'logs', {
    resourceLogs: [
      { resource, scopeLogs: [{ scope: { name: `shop.${hostile}` }, logRecords: records() }] },
    ],
  })
  await send(endpoints, 'metrics', {
    resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [heap()] }] }],
  })
  expect((await fetch(`${endpoints.api}/inserted`)).status).toBe(200)
}

/** Sends one log record, with a text of its own each time. */
export async function reportLog(
  endpoints: RunningService['endpoints'],
  text: string,
): Promise<void> {
  const record = {
    timeUnixNano: `${Date.now()}000000`,
    severityNumber: 9,
    severityText: 'INFO',
    body: { stringValue: text },
  }
  await send(endpoints, 'logs', {
    resourceLogs: [{ resource, scopeLogs: [{ scope: { name: 'shop' }, logRecords: [record] }] }],
  })
}

/** A session that ended long ago. */
export async function reportRun(
  endpoints: RunningService['endpoints'],
  session: string,
): Promise<void> {
  const attributes = [
    { key: 'service.name', value: { stringValue: 'shop' } },
    { key: 'wayward.session.id', value: { stringValue: session } },
  ]
  const own = toSpan({ name: 'old', at: -3_600_000, ms: 10, attributes: {} }, 9)
  const span = { ...own, traceId: 'e'.repeat(32), parentSpanId: '' }
  await send(endpoints, 'traces', {
    resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }],
  })
  expect((await fetch(`${endpoints.api}/inserted`)).status).toBe(200)
}

async function send(
  endpoints: RunningService['endpoints'],
  signal: string,
  body: object,
): Promise<void> {
  const response = await fetch(`${endpoints.otlpHttp}/v1/${signal}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(200)
}

function toSpan({ at, attributes, ms, name }: Reported, i: number): object {
  return {
    traceId,
    spanId: `00f067aa0ba902b${i}`,
    parentSpanId: i === 0 ? '' : '00f067aa0ba902b0',
    name,
    kind: 1,
    startTimeUnixNano: `${startMs + at}000000`,
    endTimeUnixNano: `${startMs + at + ms}000000`,
    attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: toValue(value) })),
  }
}

function toValue(value: Value): object {
  if (typeof value === 'string') return { stringValue: value }
  return typeof value === 'number' ? { intValue: String(value) } : { boolValue: value }
}

function records(): readonly object[] {
  return ['pool is empty', hostile].map((text, i) => ({
    timeUnixNano: `${startMs + i}000000`,
    severityNumber: 17,
    severityText: 'ERROR',
    body: { stringValue: text },
    traceId,
  }))
}

function heap(): object {
  return {
    name: `heap.${hostile}`,
    unit: 'By',
    gauge: {
      dataPoints: [1, 2, 3].map((value) => ({
        timeUnixNano: `${startMs + value * 1000}000000`,
        asDouble: value,
        attributes: [{ key: 'heap.name', value: { stringValue: hostile } }],
      })),
    },
  }
}
