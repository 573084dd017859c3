import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as asyncMutex from 'async-mutex'
import { BasicTracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import {
  createReporter,
  observeAsyncMutex,
  observePQueue,
  register,
  type Registration,
  type Reporter,
} from '@wayward/sdk'
import PQueue from 'p-queue'
import type { Bench, Figure } from './bench.ts'
import { type Pattern, reportPattern, soakPatterns, type Step } from './load/soak-patterns.ts'

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
  run: (size) => (size === 'full' ? soakApart(1_000_000) : soak(300)),
}

const collectors = ['a collector that refuses', 'a collector that hangs']

/** Each pattern in a process of its own: none measures what another has left. */
async function soakApart(steps: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const name of [...Object.keys(soakPatterns), ...collectors]) {
    const program = `const { soak } = await import(${JSON.stringify(import.meta.url)})
      console.log(JSON.stringify(await soak(${steps}, ${JSON.stringify(name)})))
      process.exit()`
    const args = ['--expose-gc', '--conditions=wayward-built', '--input-type=module', '-e', program]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    figures.push(...(JSON.parse(stdout) as Figure[]))
  }
  return figures
}

/**
 * Each pattern for so many steps; `gc` must be exposed for the figures to mean something.
 *
 * @param only the name of one pattern
 */
export async function soak(steps: number, only?: string): Promise<Figure[]> {
  const isAsked = (name: string): boolean => only === undefined || name === only
  const figures: Figure[] = []
  for (const [name, pattern] of Object.entries(soakPatterns)) {
    if (!isAsked(name)) continue
    const bare = await growth(pattern, steps, false)
    const observed = await growth(pattern, steps, true)
    figures.push({ name, value: Math.max(0, observed - bare) / mebibyte, unit: 'MiB more' })
  }
  for (const name of collectors.filter(isAsked)) {
    const { reporter, step } = reportTo(name)
    const grown = await grownBytes(() => step(reporter), steps)
    figures.push({ name, value: grown / mebibyte, unit: 'MiB more' })
  }
  return figures
}

/** The value of ExportResultCode. */
const failed = 1

let isRefusing = false
let registration: Registration | undefined

/** To a collector that takes nothing, through the queues that `register()` makes. */
function reportTo(collector: string): { reporter: Reporter; step: Pattern } {
  isRefusing = collector.endsWith('refuses')
  const exporter = {
    export(_items: unknown[], onResult: (answer: { code: number; error: Error }) => void): void {
      const error = Object.assign(new Error('no'), { code: 3 })
      const answer = { code: failed, error }
      if (isRefusing) setImmediate(() => onResult(answer))
    },
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
  registration ??= register({
    spanExporter: exporter,
    logExporter: exporter,
    snapshots: { thresholdMs: 0 },
  })
  return { reporter: registration.reporter, step: reportPattern }
}

/**
 * What the pattern uses must live until it is measured: an engine may see that the last step was
 * made, and collect a lock with all that waits for it.
 */
const underWay: { step?: unknown } = {}

/** The most that the heap grew, looked at after collections. */
async function growth(pattern: Pattern, steps: number, isObserved: boolean): Promise<number> {
  const provider = new BasicTracerProvider({ spanProcessors: [sink] })
  const reporter = createReporter({ tracer: provider.getTracer('soak') })
  const observations = isObserved
    ? [observeAsyncMutex(asyncMutex, reporter), observePQueue(PQueue, reporter)]
    : []
  try {
    return await grownBytes(() => pattern(isObserved ? reporter : undefined), steps)
  } finally {
    for (const observation of observations) observation.disable()
    reporter.shutdown()
  }
}

async function grownBytes(begin: () => Step, steps: number): Promise<number> {
  const before = await settledHeapBytes()
  const step = begin()
  underWay.step = step
  let most = 0
  for (let index = 0; index < steps; index++) {
    const result = step(index)
    if (result instanceof Promise) await result
    if (index % stretch === stretch - 1 || index === steps - 1) {
      most = Math.max(most, (await heapBytes()) - before)
    }
  }
  underWay.step = undefined
  return most
}

/** What an earlier pattern left is collected over some turns, and would hide what this keeps. */
async function settledHeapBytes(): Promise<number> {
  let bytes = await heapBytes()
  for (let round = 0; round < 20; round++) {
    const before = bytes
    bytes = await heapBytes()
    if (Math.abs(before - bytes) < mebibyte / 8) break
  }
  return bytes
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
