// Goal: what the export queue promises. Method: the real processors, with an exporter that does as
// it is told.
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL } from '@wayward/semconv'
import { expect, test } from 'vitest'
import { createClock } from '@wayward/sdk/clock'
import { createExportLine, queueSpans } from '@wayward/sdk/export-queue'
import { createLossReport } from '@wayward/sdk/loss-report'
import { sleep } from './recording.ts'

type Answer = { readonly code: number; readonly error?: Error } | 'never'

/** The values of ExportResultCode. */
const ok = 0
const failed = 1

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
  losses.tell(
    { emit: (record) => told.push(Object.values(record.attributes ?? {})), enabled: () => true },
    createClock(0n, 0),
    () => 7,
  )
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
