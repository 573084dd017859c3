import * as asyncMutex from 'async-mutex'
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { Tracer } from '@opentelemetry/api'
import { createReporter, observeAsyncMutex } from '@wayward/sdk'
import { AreaReader } from '@wayward/record/area-reader'
import { DetailBook, detailSource } from '@wayward/sdk/recorder/detail-book'
import { createMemory, takeArea } from '@wayward/record/layout'
import { RecordEncoder } from '@wayward/record/record-encoder'
import { followRecorded } from '@wayward/sdk/recorder/recorded-operations'
import { Recorder } from '@wayward/sdk/recorder/recorder'
import type { OpenHold } from '@wayward/sdk/report/lock-hold'
import { createReporterWithCore } from '@wayward/sdk/reporter'
import type { Bench, Figure } from './bench.ts'

/** Takes what ends and forgets it: the figures are what the calling path costs. */
const sink: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
}

/** What the SDK costs an application, in nanoseconds per operation on the calling path. */
export const sdkBench: Bench = {
  name: 'sdk',
  async run(size) {
    const times = size === 'full' ? 50_000 : 200
    const provider = new BasicTracerProvider({ spanProcessors: [sink] })
    const reporter = createReporter({
      tracer: provider.getTracer('bench'),
      snapshots: { intervalMs: 0 },
    })
    const mutex = new asyncMutex.Mutex()
    const lockOnce = async () => {
      ;(await mutex.acquire())()
    }
    const bareNs = await measure(times, lockOnce)
    const observation = observeAsyncMutex(asyncMutex, reporter)
    const observedNs = await measure(times, lockOnce)
    const queue = reporter.queue({ name: 'bench' })
    const itemNs = await measure(times, () => queue.enqueued().dequeued().done())
    const zoneNs = await measure(times, () => reporter.zone('bench', () => undefined))
    const tracer = provider.getTracer('plain')
    const plainNs = await measure(times, () =>
      tracer.startActiveSpan('bench', (span) => span.end()),
    )
    reporter.shutdown()
    const disabledNs = await measure(times, lockOnce)
    observation.disable()
    const spanNs = await measure(times, fiveAttributes(provider.getTracer('five')))
    return [
      ...(await recorded(times, bareNs, spanNs)),
      figure('async-mutex lock and unlock, bare', bareNs),
      figure('async-mutex lock and unlock, observed', observedNs),
      { name: 'observed / bare', value: observedNs / bareNs, unit: 'x' },
      figure('async-mutex lock and unlock, observed but disabled', disabledNs),
      figure('queue item reported', itemNs),
      figure('zone reported', zoneNs),
      figure('plain OpenTelemetry active span', plainNs),
      { name: 'zone / plain span', value: zoneNs / plainNs, unit: 'x' },
    ]
  },
}

/** A span as they are, with five attributes, through the batch processor. */
function fiveAttributes(tracer: Tracer): () => void {
  let count = 0
  return () => {
    const span = tracer.startSpan('bench')
    span.setAttributes({
      name: 'inventory',
      type: 'mutex',
      mode: 'exclusive',
      id: count++,
      ok: true,
    })
    span.end()
  }
}

/** The same with a recorder, whose ring is read between the rounds: the calling path alone. */
async function recorded(times: number, bareNs: number, spanNs: number): Promise<Figure[]> {
  const memory = createMemory()
  const area = takeArea(memory)
  if (area === undefined) throw new Error('Cannot take an area of memory that nobody has')
  const reporter = createReporterWithCore({ snapshots: { intervalMs: 0 } })
  const { core } = reporter
  // What is measured is what is told; what is thinned costs less.
  const rules = new DetailBook(memory)
  rules.set(detailSource.process, { '*': 'all' })
  const recorder = new Recorder({ area, rules, spans: core.emitter, onTextsFull: () => undefined })
  core.emitter = recorder
  const demand = { snapshot: () => undefined, configure: () => undefined }
  core.open = followRecorded(recorder, core.open, demand)
  const reader = new AreaReader(area)
  const encoder = new RecordEncoder({ pid: process.pid })
  const roundTimes = Math.min(times, 5000)
  const read = (): number => reader.read(() => undefined)
  const rounds = async (action: () => unknown): Promise<number> => {
    let best = Number.POSITIVE_INFINITY
    for (let round = 0; round < 40; round++) {
      read()
      best = Math.min(best, await time(roundTimes, action))
    }
    return best
  }
  const mutex = new asyncMutex.Mutex()
  const observation = observeAsyncMutex(asyncMutex, reporter)
  const lockNs = await rounds(async () => {
    ;(await mutex.acquire())()
  })
  observation.disable()
  const lock = reporter.lock({ name: 'bench' })
  const queue = reporter.queue({ name: 'bench' })
  const holdNs = await rounds(() => lock.acquired().released())
  const itemNs = await rounds(() => queue.enqueued().dequeued().done())
  const hold = lock.acquired() as OpenHold
  const record = (): void => {
    const begun = core.clock.read()
    recorder.begin(hold)
    core.clock.read()
    core.clock.read()
    recorder.end(hold, begun.seconds, begun.ns)
  }
  const recordNs = await rounds(record)
  read()
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < roundTimes; index++) record()
  const bytes = (process.memoryUsage().heapUsed - before) / roundTimes
  const start = process.hrtime.bigint()
  const count = reader.read((view, kind) => void encoder.span(view, kind))
  const encodeNs = Number(process.hrtime.bigint() - start) / Math.max(1, count)
  reporter.shutdown()
  return [
    figure('async-mutex lock and unlock, recorded', lockNs),
    figure('async-mutex lock and unlock, recorded, over bare', lockNs - bareNs),
    figure('lock had at once and released, recorded', holdNs),
    figure('queue item, recorded', itemNs),
    figure('record of a hold with three times', recordNs),
    {
      name: 'record of a hold, from the heap',
      value: Math.max(0, Math.round(bytes)),
      unit: 'bytes',
    },
    figure('span of OpenTelemetry with five attributes', spanNs),
    { name: 'such a span / a record', value: spanNs / recordNs, unit: 'x' },
    figure('record encoded by the worker', encodeNs),
  ]
}

async function time(times: number, action: () => unknown): Promise<number> {
  const start = process.hrtime.bigint()
  for (let index = 0; index < times; index++) await action()
  return Number(process.hrtime.bigint() - start) / times
}

function figure(name: string, value: number): Figure {
  return { name, value, unit: 'ns' }
}

/** The best of three rounds, after a round to warm up. */
async function measure(times: number, action: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 4; round++) {
    const ns = await time(times, action)
    if (round > 0) best = Math.min(best, ns)
  }
  return best
}
