import * as asyncMutex from 'async-mutex'
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { createReporter, observeAsyncMutex, observePQueue } from '@wayward/sdk'
import PQueue from 'p-queue'
import type { Bench, Figure } from './bench.ts'
import { type Pattern, soakPatterns } from './load/soak-patterns.ts'

const mebibyte = 2 ** 20
/** Steps between two looks at the memory. */
const stretch = 20_000

const sink: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
}

/**
 * How much memory the SDK keeps for uses that never end, over what the libraries themselves keep.
 */
export const soakBench: Bench = {
  name: 'soak',
  run: (size) => soak(size === 'full' ? 1_000_000 : 300),
}

/** Each pattern for so many steps; `gc` must be exposed for the figures to mean something. */
export async function soak(steps: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const [name, pattern] of Object.entries(soakPatterns)) {
    const bare = await growth(pattern, steps, false)
    const observed = await growth(pattern, steps, true)
    figures.push({ name, value: Math.max(0, observed - bare) / mebibyte, unit: 'MiB more' })
  }
  return figures
}

/** The most that the heap grew, looked at after collections. */
async function growth(pattern: Pattern, steps: number, isObserved: boolean): Promise<number> {
  const provider = new BasicTracerProvider({ spanProcessors: [sink] })
  const reporter = createReporter({ tracer: provider.getTracer('soak') })
  const observations = isObserved
    ? [observeAsyncMutex(asyncMutex, reporter), observePQueue(PQueue, reporter)]
    : []
  let most = 0
  try {
    const before = await heapBytes()
    const step = pattern(isObserved ? reporter : undefined)
    for (let index = 0; index < steps; index++) {
      const result = step(index)
      if (result instanceof Promise) await result
      if (index % stretch === stretch - 1 || index === steps - 1) {
        most = Math.max(most, (await heapBytes()) - before)
      }
    }
  } finally {
    for (const observation of observations) observation.disable()
    reporter.shutdown()
  }
  return most
}

async function heapBytes(): Promise<number> {
  // Finalizers run in a turn of their own, and what they let go is collected by the next
  // collection.
  for (let round = 0; round < 2; round++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
}
