// Goal: what the export queue promises. Method: the real processors, with an exporter that does as
// it is reported.
import { trace } from '@opentelemetry/api'
import type { LogRecord } from '@opentelemetry/api-logs'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import {
  LoggerProvider,
  type LogRecordExporter,
  type ReadableLogRecord,
} from '@opentelemetry/sdk-logs'
import {
  ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL,
} from '@wayward/semconv'
import { expect, test } from 'vitest'
import { createClock } from '@wayward/sdk/process/clock'
import {
  createExportLine,
  createExportQueue,
  queueLogs,
  queueSpans,
} from '@wayward/sdk/emit/export-queue'
import { createSpanEmitter } from '@wayward/sdk/emit/span-emitter'
import { createLossReport, type LossReport } from '@wayward/sdk/report/loss-report'
import { sleep } from '../recording.ts'

type Answer = { readonly code: number; readonly error?: Error } | 'never'

/** The values of ExportResultCode. */
const ok = 0
const failed = 1

/** Reports the losses as the log records that they become. */
function reportTo(losses: LossReport, emit: (record: LogRecord) => unknown): void {
  const logger = { emit: (record: LogRecord) => void emit(record), enabled: () => true }
  const emitter = createSpanEmitter({ tracer: trace.getTracer('test'), logger })
  losses.report(emitter, { clock: createClock(0n, 0), nextSequence: () => 7 })
}

const success = { code: ok }
const failure = (code: number) => ({
  code: failed,
  error: Object.assign(new Error('no'), { code }),
})

function setUp(
  answers: Answer[],
  limits: { queueItemsMax?: number; exportTimeoutMs?: number } = {},
) {
  const sent: string[] = []
  const exporter: SpanExporter = {
    export(spans: ReadableSpan[], onResult: (answer: Exclude<Answer, 'never'>) => void) {
      const answer = answers.shift() ?? success
      if (answer === 'never') return
      if (answer.code === ok) sent.push(...spans.map((span) => span.name))
      setImmediate(() => onResult(answer))
    },
    shutdown: async () => undefined,
  }
  const losses = createLossReport()
  const queued = queueSpans(
    exporter,
    { queueItemsMax: 100, batchItemsMax: 2, delayMs: 5, exportTimeoutMs: 5000, ...limits },
    losses,
    createExportLine(),
  )
  const tracer = new BasicTracerProvider({ spanProcessors: [queued.processor] }).getTracer('test')
  const end = (...names: string[]) => {
    for (const name of names) tracer.startSpan(name).end()
  }
  return { ...queued, sent, losses, end }
}

test('a batch that the collector could not take is tried again, in its order', async () => {
  const { end, sent, losses } = setUp([failure(14)])
  end('a', 'b', 'c')
  await sleep(1200)
  expect(sent).toEqual(['a', 'b', 'c'])
  expect(losses.count).toBe(0)
})

test('a batch that the collector refuses is dropped, counted, and not tried again', async () => {
  const { end, sent, losses, processor } = setUp([failure(3)])
  end('a', 'b', 'c')
  await sleep(20)
  await processor.forceFlush()
  expect(sent).toEqual(['c'])
  expect(losses.count).toBe(2)
})

test('a batch is given up when its time is over', async () => {
  const { end, losses } = setUp(['never'], { exportTimeoutMs: 20 })
  end('a', 'b')
  await sleep(40)
  expect(losses.count).toBe(2)
})

test('what does not fit is dropped and counted', () => {
  const { end, losses } = setUp(['never'], { queueItemsMax: 4 })
  end('a', 'b', 'c', 'd', 'e')
  expect(losses.count).toBe(1)
  const told: unknown[] = []
  reportTo(losses, ({ attributes }) => told.push(Object.values(attributes ?? {})))
  expect(told).toEqual([[7, 1, WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL]])
})

test('a flush sends all, ends at the first failure without a loss, and a shutdown counts the rest', async () => {
  const { end, sent, losses, processor } = setUp([success, failure(14), failure(14)])
  end('a', 'b', 'c', 'd', 'e')
  await processor.forceFlush()
  expect([sent, losses.count]).toEqual([['a', 'b'], 0])
  await processor.shutdown()
  expect([sent, losses.count]).toEqual([['a', 'b'], 3])
  end('late')
  await processor.forceFlush()
  expect(sent).toEqual(['a', 'b'])
})

test('an exporter that throws harms nobody', async () => {
  const losses = createLossReport()
  const { processor } = queueSpans(
    {
      export() {
        throw new Error('broken')
      },
      shutdown: () => Promise.reject(new Error('broken')),
    },
    { queueItemsMax: 10, batchItemsMax: 1, delayMs: 5, exportTimeoutMs: 50 },
    losses,
    createExportLine(),
  )
  new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('test').startSpan('a').end()
  await processor.forceFlush()
  await processor.shutdown()
  expect(losses.count).toBe(1)
})

/** The events of a queue that is full with one, while the collector answers as it is told. */
function setUpEvents(answers: Answer[], exportTimeoutMs = 5000) {
  const sent: (string | undefined)[] = []
  const exporter: LogRecordExporter = {
    export(records: ReadableLogRecord[], onResult: (answer: Exclude<Answer, 'never'>) => void) {
      const answer = answers.shift() ?? success
      if (answer === 'never') return
      if (answer.code === ok) sent.push(...records.map((record) => record.eventName))
      setImmediate(() => onResult(answer))
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
  const losses = createLossReport()
  const queued = queueLogs(
    exporter,
    { queueItemsMax: 1, batchItemsMax: 10, delayMs: 5, exportTimeoutMs },
    losses,
    createExportLine(),
  )
  const logger = new LoggerProvider({ processors: [queued.processor] }).getLogger('test')
  const emit = (...names: string[]) => {
    for (const eventName of names) logger.emit({ eventName })
  }
  return { ...queued, sent, losses, emit }
}

const open = EVENT_WAYWARD_OPERATION_OPEN
const ended = EVENT_WAYWARD_OPERATION_ENDED

test('ends of what was reported as open find a place in a full queue', async () => {
  const { emit, sent, losses, processor } = setUpEvents([])
  emit(open, open, ended, ended)
  await processor.forceFlush()
  expect(sent).toEqual([open, ended, ended])
  expect(losses.count).toBe(1)
})

test.each([
  ['refused', failure(3)],
  ['not answered', 'never' as const],
])('ends in a batch that is %s are sent again until they are taken', async (_what, answer) => {
  const { emit, sent, losses } = setUpEvents([answer, failure(3)], 30)
  emit(open, ended)
  await expect.poll(() => sent, { timeout: 15_000 }).toEqual([ended])
  expect(losses.count).toBe(1)
})

test('ends that are lost are counted among the losses', async () => {
  const { emit, losses, processor } = setUpEvents([failure(3), failure(3)])
  emit(open, ended)
  await processor.shutdown()
  const reported: unknown[] = []
  reportTo(losses, ({ attributes }) => reported.push(attributes))
  expect(reported).toEqual([
    expect.objectContaining({ [ATTR_WAYWARD_EVENTS_DROPPED_ENDED_COUNT]: 1 }),
  ])
})

test('a batch stays below what collectors take, and what is alone too large goes alone', async () => {
  interface Sized {
    readonly name: string
    readonly bytes: number
  }
  const batches: string[][] = []
  const exporter = {
    export(items: Sized[], onResult: (answer: Exclude<Answer, 'never'>) => void) {
      batches.push(items.map(({ name }) => name))
      setImmediate(() => onResult(success))
    },
    shutdown: async () => undefined,
  }
  const queue = createExportQueue<Sized>(
    exporter,
    { queueItemsMax: 100, batchItemsMax: 50, delayMs: 1000, exportTimeoutMs: 5000 },
    createLossReport(),
    createExportLine(),
    () => undefined,
    ({ bytes }) => bytes,
  )
  for (const [name, bytes] of Object.entries({ a: 1e6, b: 1e6, c: 1e6, d: 5e6, e: 1, f: 2e6 })) {
    queue.add({ name, bytes })
  }
  await queue.flush()
  expect(batches).toEqual([['a', 'b'], ['c'], ['d'], ['e', 'f']])
  expect(queue.waitingCount()).toBe(0)
})
