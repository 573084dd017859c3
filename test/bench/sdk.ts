import * as asyncMutex from 'async-mutex'
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createReporter, observeAsyncMutex } from '@wayward/sdk'
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
    return [
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

function figure(name: string, value: number): Figure {
  return { name, value, unit: 'ns' }
}

/** The best of three rounds, after a round to warm up. */
async function measure(times: number, action: () => unknown): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 4; round++) {
    const start = process.hrtime.bigint()
    for (let index = 0; index < times; index++) await action()
    const ns = Number(process.hrtime.bigint() - start) / times
    if (round > 0) best = Math.min(best, ns)
  }
  return best
}
