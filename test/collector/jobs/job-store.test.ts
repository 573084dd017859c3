// Goal: every store keeps the same promises. Method: one list of tests, run against each; one that
// is opened again stands for a start after a kill.
import { systemTime } from '@wayward/base'
import { migrate } from '@wayward/clickhouse'
import { createClickHouseJobs } from '@wayward/collector/jobs/clickhouse-store'
import { createFileJobs } from '@wayward/collector/jobs/file-store'
import { createJobBook, type JobBook, newRunId } from '@wayward/collector/jobs/job-book'
import { createJobPlans } from '@wayward/collector/jobs/job-plans'
import type { JobReport } from '@wayward/collector/jobs/job-report'
import type { JobStore } from '@wayward/collector/jobs/job-store'
import { judgeReport, type Verdict } from '@wayward/collector/jobs/judge-report'
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'
import { createTestPipeline } from '../test-pipeline.ts'

/** A way to open one store again and again. */
interface Place {
  open(): Promise<JobStore>
  remove(): Promise<void>
}

let engine: TestEngine
let databases = 0

beforeAll(async () => {
  engine = await startTestEngine()
})

afterAll(async () => {
  await engine.shutdown()
})

const sender = { receiver: 'jobs', address: '', agent: '', identity: '' } as const

const places: Readonly<Record<string, () => Promise<Place>>> = {
  ClickHouse: async () => {
    const { reader, writer } = engine.open(`jobs_${++databases}`)
    await migrate(writer)
    const pipelines: ReturnType<typeof createTestPipeline>[] = []
    return {
      async open() {
        // What a journal on the disk holds at a start is inserted before anything is read.
        for (const { consumer } of pipelines) await consumer.whenInserted()
        const pipeline = createTestPipeline(writer)
        pipelines.push(pipeline)
        return createClickHouseJobs({
          consumer: pipeline.consumer,
          store: writer,
          sender,
          storeIsReady: Promise.resolve(),
          onAnswer: () => undefined,
        })
      },
      async remove() {
        for (const pipeline of pipelines) await pipeline.shutdown()
        await Promise.all([reader.close(), writer.close()])
      },
    }
  },
  files: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-jobs-'))
    return await Promise.resolve({
      open: () => Promise.resolve(createFileJobs({ folder })),
      remove: async () => {
        await Promise.resolve(rmSync(folder, { recursive: true }))
      },
    })
  },
}

const plans = createJobPlans()
const settings = { ...plans, openRunsMax: 10, newRunId }
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const limits = {
  jobsMax: 1_000,
  jobsPerSenderMax: 1_000,
  jobReportsWaitingMax: 1_000,
  jobReportsKnownMax: 1_000,
}

async function openBook(store: JobStore): Promise<JobBook> {
  const book = createJobBook({ store, limits, time: systemTime, logger: silent })
  await book.load()
  return book
}

async function report(
  book: JobBook,
  name: string,
  given: Partial<JobReport>,
): Promise<Verdict['kind']> {
  const { known } = book
  const outcome = await book.work(
    { service: 'shop', name, owner: '', mayCreate: true },
    (state, nowMs) => {
      const full = { kind: 'end', source: 'api', receivedMs: nowMs, ...given } as const
      return judgeReport(state, full, { ...settings, known })
    },
  )
  if (outcome.status !== 'done') throw new Error(`The report was not kept: ${outcome.status}`)
  return outcome.judged.verdict.kind
}

describe.each(Object.entries(places))('a store in %s', (_name, makePlace) => {
  let place: Place
  let store: JobStore
  let book: JobBook

  beforeAll(async () => {
    place = await makePlace()
    store = await place.open()
    book = await openBook(store)
  })

  afterAll(async () => {
    await place.remove()
  })

  const openAgain = async (): Promise<void> => {
    await book.shutdown()
    await store.close()
    store = await place.open()
    book = await openBook(store)
  }

  /** As ClickHouse has it, once it has it. */
  const runsOf = async (name: string, more = {}) => {
    await openAgain()
    return await store.readRuns({ service: 'shop', name, countMax: 10, ...more })
  }

  test('is empty at first', async () => {
    expect(book.size).toBe(0)
    expect(await store.readRuns({ service: 'shop', name: 'none', countMax: 1 })).toEqual([])
    expect(await store.readChanges({ service: 'shop', name: 'none', countMax: 1 })).toEqual([])
  })

  test('gives the newest state of every job after it was opened again', async () => {
    await report(book, 'one', { kind: 'start', runId: 'a', reportId: 'e1' })
    await report(book, 'one', { kind: 'note', runId: 'a', progress: 0.25, message: 'a quarter' })
    await report(book, 'two', { runId: 'b', result: 'failure' })
    const before = [...book.states()]
    await openAgain()
    const after = [...book.states()].toSorted((x, y) => (x.name < y.name ? -1 : 1))
    expect(after).toEqual(JSON.parse(JSON.stringify(before)))
    await openAgain()
    expect(book.size).toBe(2)
  })

  test('knows runs and reports that came long ago, also after it was opened again', async () => {
    for (let index = 0; index < 45; index++) {
      const [runId, reportId] = [`run-${index}`, `report-${index}`]
      const result = index % 2 === 0 ? 'success' : 'failure'
      expect(await report(book, 'many', { runId, reportId, result })).toBe('kept')
    }
    for (const _ of ['as it was', 'opened again']) {
      expect(await report(book, 'many', { runId: 'run-0' })).toBe('repeated')
      expect(await report(book, 'many', { runId: 'run-1' })).toBe('conflict')
      expect(await report(book, 'many', { runId: 'run-2', kind: 'start' })).toBe('conflict')
      expect(await report(book, 'many', { runId: 'run-2', kind: 'note' })).toBe('conflict')
      expect(await report(book, 'many', { runId: 'x', reportId: 'report-3' })).toBe('repeated')
      expect(await report(book, 'other', { runId: 'run-0', kind: 'start' })).not.toBe('conflict')
      await openAgain()
    }
    expect(await store.readRuns({ service: 'shop', name: 'many', countMax: 100 })).toHaveLength(45)
  })

  test('gives marks of the time and number that are asked for, the oldest first', async () => {
    const all = await store.readMarks({ sinceMs: 0, countMax: 1_000 })
    const ours = all.filter(({ name }) => name === 'many')
    expect(ours.map(({ runId }) => runId)).toEqual(
      Array.from({ length: 45 }, (_, index) => `run-${index}`),
    )
    expect(ours[1]).toMatchObject({ result: 'failure', reportId: 'report-1' })
    const few = await store.readMarks({ sinceMs: 0, countMax: 3 })
    expect(few).toEqual(all.slice(-3))
    expect(await store.readMarks({ sinceMs: Date.now() + 60_000, countMax: 3 })).toEqual([])
  })

  test('gives runs that have ended, with all that was said of them, the newest first', async () => {
    const startMs = Date.now() - 60_000
    await report(book, 'runs', { kind: 'start', runId: 'old', timeMs: startMs })
    await report(book, 'runs', {
      runId: 'old',
      result: 'failure',
      exitCode: 3,
      output: 'line\nwith "quotes" and é',
      message: 'broken',
      metrics: { rows: 12.5 },
      usage: { cpuNs: 5_000_000, memoryBytes: 4096 },
      workerId: 'w',
    })
    await report(book, 'runs', { runId: 'new', timeMs: startMs + 30_000 })
    await report(book, 'others', { runId: 'other' })
    const runs = await runsOf('runs')
    expect(runs.map(({ id, result }) => [id, result])).toEqual([
      ['new', 'success'],
      ['old', 'failure'],
    ])
    expect(runs[1]).toMatchObject({
      exitCode: 3,
      output: 'line\nwith "quotes" and é',
      message: 'broken',
      metrics: { rows: 12.5 },
      usage: { cpuNs: 5_000_000, memoryBytes: 4096 },
      workerId: 'w',
      source: 'api',
    })
    expect(runs[1]?.startMs).toBeCloseTo(startMs, 2)
    expect(runs[0]?.flaws).toEqual(['start_missing'])
    expect((await runsOf('runs', { runId: 'old' })).map(({ id }) => id)).toEqual(['old'])
    expect((await runsOf('runs', { beforeMs: startMs + 10_000 })).map(({ id }) => id)).toEqual([
      'old',
    ])
    expect(await runsOf('runs', { countMax: 1 })).toHaveLength(1)
  })

  test('gives changes, the newest first, each once', async () => {
    await report(book, 'changes', { kind: 'start', runId: 'a', reportId: 'x' })
    await report(book, 'changes', { kind: 'start', runId: 'a', reportId: 'x' })
    await report(book, 'changes', { runId: 'a', reportId: 'y' })
    await openAgain()
    const query = { service: 'shop', name: 'changes', countMax: 10 }
    const changes = await store.readChanges(query)
    expect(changes.map((c) => [c.sequence, c.type, c.status, c.statusBefore, c.reportId])).toEqual([
      [2, 'run_ended', 'up', 'running', 'y'],
      [1, 'run_started', 'running', 'new', 'x'],
    ])
  })

  test('keeps many jobs that are reported at once', async () => {
    const names = Array.from({ length: 200 }, (_, index) => `many-${index}`)
    await Promise.all(
      names.flatMap((name) => [
        report(book, name, { kind: 'start', runId: name }),
        report(book, name, { runId: name }),
      ]),
    )
    await openAgain()
    const kept = [...book.states()].filter(({ name }) => name.startsWith('many-'))
    expect(kept).toHaveLength(200)
    expect(new Set(kept.map(({ status }) => status))).toEqual(new Set(['up']))
    expect(await runsOf('many-7')).toHaveLength(1)
  })
})

describe('files', () => {
  test('that a crash has cut lose only what was not told to be kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-jobs-'))
    const first = createFileJobs({ folder })
    const book = await openBook(first)
    await report(book, 'cut', { kind: 'start', runId: 'a' })
    await first.close()
    const [day = ''] = readdirSync(folder).filter((name) => /^\d/.test(name))
    const whole = readFileSync(join(folder, day))
    for (let length = 0; length <= whole.length; length += 7) {
      writeFileSync(join(folder, day), whole)
      appendFileSync(join(folder, day), whole.subarray(0, length))
      const store = createFileJobs({ folder })
      const again = await openBook(store)
      expect(again.size).toBe(1)
      await report(again, 'cut', { kind: 'note', runId: 'a', message: String(length) })
      await store.close()
      const changes = await createFileJobs({ folder }).readChanges({
        service: 'shop',
        name: 'cut',
        countMax: 100,
      })
      expect(changes[0]).toMatchObject({ type: 'run_noted', message: String(length) })
    }
    rmSync(folder, { recursive: true })
  })

  test('that cannot be written refuse, and say so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wayward-jobs-'))
    const store = createFileJobs({ folder })
    rmSync(folder, { recursive: true })
    const outcome = await store.append({ changes: [], states: [] })
    expect(outcome).toMatchObject({
      status: 'refused',
      message: expect.stringContaining('ENOENT') as string,
    })
  })
})
