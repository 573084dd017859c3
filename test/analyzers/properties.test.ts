// Property: maxima, areas and percentiles of queue-delay and job-runs are those of a slow and
// obvious second implementation, for random items and runs, many of which begin and end at the same
// time. The name of a test that fails has its seed; `PROPERTY_SEED=n` starts with it.
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { createDice } from '../harness/simulator/dice.ts'
import { toMoment } from '../harness/recording.ts'

const firstSeed = Number(process.env['PROPERTY_SEED'] ?? 1)
const seeds = Array.from({ length: 5 }, (_, index) => firstSeed + index)

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

/** Milliseconds; work lasts from the second to the third. */
interface Item {
  readonly enqueued: number
  readonly dequeued: number
  readonly ended: number
}

interface Window {
  readonly from: number
  readonly to: number
}

const toText = (ms: number): string => {
  const digits = toMoment(ms).toString()
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}

function randomItems(seed: number): Item[] {
  const dice = createDice(seed)
  return Array.from({ length: 1 + dice.below(120) }, () => {
    const enqueued = dice.below(100) * 1000
    const dequeued = enqueued + dice.below(20) * 500
    return { enqueued, dequeued, ended: dequeued + 1 + dice.below(20) * 500 }
  })
}

function randomWindow(seed: number): Window {
  const dice = createDice(seed + 1000)
  const from = dice.below(80) * 1000
  return { from, to: from + 1000 + dice.below(40) * 1000 }
}

/** Milliseconds that two stretches of time share. */
const shared = (a: Window, b: Window): number =>
  Math.max(0, Math.min(a.to, b.to) - Math.max(a.from, b.from))

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** Looks at the beginning of each stretch, and at that of the window. */
function mostAtOnce(stretches: readonly Window[], window: Window): number {
  const isWithin = (at: number): boolean => at >= window.from && at < window.to
  const moments = [window.from, ...stretches.map(({ from }) => from)].filter(isWithin)
  const goingAt = (at: number): number =>
    stretches.filter(({ from, to }) => from <= at && to > at).length
  return Math.max(0, ...moments.map(goingAt))
}

function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const [below = 0, above = below] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return below + (above - below) * (place - Math.floor(place))
}

const near = (ms: number): unknown =>
  expect.toSatisfy((told: number) => Math.abs(told - ms * 1e6) <= 1, `${ms} ms`)

test.each(seeds)('queue-delay, seed %i', async (seed) => {
  const [items, window] = [randomItems(seed), randomWindow(seed)]
  await engine.truncateTables()
  await engine.insertRows(
    'wayward_queue_items',
    items.map(({ enqueued, dequeued, ended }, index) => ({
      service: 'shop',
      session: 's',
      queue_name: 'q',
      queue_id: 'q',
      item_id: String(index),
      enqueued_at: toText(enqueued),
      dequeued_at: toText(dequeued),
      wait_ns: (dequeued - enqueued) * 1e6,
      processing_ns: (ended - dequeued) * 1e6,
      result: 'done',
      sequence: index + 1,
    })),
  )
  const { rows } = await runAnalyzer(engine.reader, 'queue-delay', {
    from: toMoment(window.from),
    to: toMoment(window.to),
  })
  const seen = items.filter(({ enqueued, ended }) => enqueued < window.to && ended >= window.from)
  if (seen.length === 0) {
    expect(rows).toEqual([])
    return
  }
  const waits = seen.map(({ enqueued, dequeued }) => ({ from: enqueued, to: dequeued }))
  const works = seen.map(({ dequeued, ended }) => ({ from: dequeued, to: ended }))
  const lengths = waits
    .filter(({ to }) => to >= window.from)
    .map(({ from, to }) => Math.min(to, window.to) - from)
  expect(rows).toMatchObject([
    {
      wait_sum_ns: near(sum(waits.map((wait) => shared(wait, window)))),
      processing_sum_ns: near(sum(works.map((work) => shared(work, window)))),
      backlog_max: mostAtOnce(waits, window),
      concurrency_used: mostAtOnce(works, window),
      backlog_start: waits.filter(({ from, to }) => from < window.from && to > window.from).length,
      backlog_end: waits.filter(({ to }) => to >= window.to).length,
      wait_p50_ns: near(percentile(lengths, 0.5)),
      wait_p95_ns: near(percentile(lengths, 0.95)),
      wait_p99_ns: near(percentile(lengths, 0.99)),
      arrived: seen.filter(({ enqueued }) => enqueued >= window.from).length,
    },
  ])
})

test.each(seeds)('job-runs, seed %i', async (seed) => {
  const [runs, window] = [randomItems(seed), randomWindow(seed)]
  await engine.truncateTables()
  await engine.insertRows(
    'wayward_job_runs',
    runs.map(({ dequeued, ended }, index) => ({
      service: 'shop',
      session: 's',
      job_name: 'j',
      run_id: String(index),
      started_at: toText(dequeued),
      duration_ns: (ended - dequeued) * 1e6,
      result: 'success',
      sequence: index + 1,
    })),
  )
  const { rows } = await runAnalyzer(engine.reader, 'job-runs', {
    from: toMoment(window.from),
    to: toMoment(window.to),
  })
  const all = runs
    .map(({ dequeued, ended }) => ({ from: dequeued, to: ended }))
    .filter(({ from, to }) => from < window.to && to >= window.from)
  if (all.length === 0) {
    expect(rows).toEqual([])
    return
  }
  const ended = all.filter(({ to }) => to < window.to).map(({ from, to }) => to - from)
  expect(rows).toMatchObject([
    {
      runs: ended.length,
      running: all.length - ended.length,
      sum_ns: near(sum(all.map((run) => shared(run, window)))),
      overlap_max: mostAtOnce(all, window),
      overlap_of_session: mostAtOnce(all, window),
      median_ns: near(ended.length === 0 ? 0 : percentile(ended, 0.5)),
      p95_ns: near(ended.length === 0 ? 0 : percentile(ended, 0.95)),
    },
  ])
})
