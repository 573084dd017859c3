// Goal: what time makes of jobs is kept within seconds, and what passed while the service was down
// is found at the next start. Method: a clock that is set by hand, and jobs in files.
import { createFileJobs } from '@wayward/collector/jobs/file-store'
import { createJobBook, type JobBook } from '@wayward/collector/jobs/job-book'
import { createJobClock, type JobClock } from '@wayward/collector/jobs/job-clock'
import { type JobChange, toJudged } from '@wayward/collector/jobs/job-change'
import type { JobDefinition } from '@wayward/collector/jobs/job-definition'
import { createJobPlans } from '@wayward/collector/jobs/job-plans'
import type { JobStore } from '@wayward/collector/jobs/job-store'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createFakeTime, type FakeTime } from '../../harness/fake-time.ts'

const minuteMs = 60_000
const startMs = Date.parse('2026-02-02T00:30:00Z')
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const limits = {
  jobsMax: 20_000,
  jobsPerSenderMax: 20_000,
  jobReportsWaitingMax: 20_000,
  jobReportsKnownMax: 20_000,
}
const plans = createJobPlans()

interface Life {
  readonly book: JobBook
  readonly clock: JobClock
  readonly store: JobStore
  readonly told: readonly JobChange[]
}

let folder: string
let time: FakeTime

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wayward-clock-'))
  time = createFakeTime(startMs)
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

async function live(): Promise<Life> {
  const store = createFileJobs({ folder })
  const book = createJobBook({ store, limits, time, logger: silent })
  const clock = createJobClock({ book, plans, time, logger: silent })
  const told: JobChange[] = []
  book.watch((changes) => told.push(...changes))
  await book.load()
  clock.start()
  return { book, clock, store, told }
}

async function end({ book, clock, store }: Life): Promise<void> {
  clock.stop()
  await book.shutdown()
  await store.close()
}

async function define(book: JobBook, name: string, definition: JobDefinition): Promise<void> {
  const target = { service: 'jobs', name, owner: '', mayCreate: true }
  await book.work(target, (state, nowMs) => {
    const defined = { ...state, definition }
    const slot = plans.slotAfter(defined, nowMs)
    const change = { type: 'defined', atMs: nowMs, source: 'api' } as const
    return toJudged(state, slot === undefined ? defined : { ...defined, slot }, [change], nowMs)
  })
}

/** Lets time pass in steps that a clock would have taken. */
async function pass(ms: number, isDone: () => boolean): Promise<void> {
  const untilMs = time.wallMs() + ms
  while (time.wallMs() < untilMs && !isDone()) {
    await time.pass(500)
  }
  // What is written goes on by the clock of the machine.
  await vi.waitFor(() => expect(isDone()).toBe(true), 5_000)
}

test('a slot is told as late within seconds of the end of its grace', async () => {
  const life = await live()
  await define(life.book, 'hourly', { schedule: ['0 * * * *'], grace: '5m' })
  const isLate = (): boolean => life.told.some(({ type }) => type === 'slot_late')
  await pass(40 * minuteMs, isLate)
  const late = life.told.find(({ type }) => type === 'slot_late')
  expect(late?.atMs).toBe(Date.parse('2026-02-02T01:05:00Z'))
  expect((late?.receivedMs ?? 0) - (late?.atMs ?? 0)).toBeLessThan(5_000)
  await end(life)
})

test('slots that passed while the service was down are found at the next start, each once', async () => {
  const first = await live()
  await define(first.book, 'hourly', { schedule: ['0 * * * *'], grace: '5m' })
  await end(first)
  time.setWall(startMs + 2 * 60 * minuteMs)
  const second = await live()
  const count = (): number => second.told.filter(({ type }) => type === 'slot_late').length
  await pass(minuteMs, () => count() === 2)
  expect(second.told.map(({ message, status, type }) => [type, status, message])).toEqual([
    ['slot_late', 'new', 'Found late: nobody looked when it happened'],
    ['slot_missed', 'new', 'Found late: nobody looked when it happened'],
    ['slot_late', 'down', 'Found late: nobody looked when it happened'],
  ])
  await end(second)
  const third = await live()
  await pass(minuteMs, () => time.wallMs() > startMs + 2 * 60 * minuteMs + 30_000)
  expect(third.told).toEqual([])
  await end(third)
})
