// Goal: a million slugs from one key stay within the bound of jobs, each is told, and none of them
// takes memory. Method: a book over a store in files; the heap is looked at after a collection.
import { systemTime } from '@wayward/base'
import { createFileJobs } from '@wayward/collector/jobs/file-store'
import { createJobBook, newRunId } from '@wayward/collector/jobs/job-book'
import { createJobPlans } from '@wayward/collector/jobs/job-plans'
import { judgeReport } from '@wayward/collector/jobs/judge-report'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'

const slugs = 1_000_000
const atOnce = 2_000
const limits = {
  jobsMax: 5_000,
  jobsPerSenderMax: 2_000,
  jobReportsWaitingMax: 10_000,
  jobReportsKnownMax: 10_000,
}
const heapBytesMax = 32 * 2 ** 20

function heapBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

test('a million slugs from one key are refused beyond the bound, and take no memory', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-jobs-'))
  const store = createFileJobs({ folder })
  const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const book = createJobBook({ store, limits, time: systemTime, logger: silent })
  await book.load()
  const settings = { ...createJobPlans(), openRunsMax: 10, newRunId, known: book.known }
  const report = (name: string, owner: string) =>
    book.work({ service: 'jobs', name, owner, mayCreate: true }, (state, nowMs) =>
      judgeReport(
        state,
        { kind: 'end', source: 'healthchecks', receivedMs: nowMs, runId: `run of ${name}` },
        settings,
      ),
    )
  const counts = { done: 0, full: 0, unknown: 0, refused: 0 }
  let heapBefore = 0
  for (let from = 0; from < slugs; from += atOnce) {
    const outcomes = await Promise.all(
      Array.from({ length: atOnce }, (_, index) => report(`slug-${from + index}`, 'greedy')),
    )
    for (const outcome of outcomes) counts[outcome.status]++
    const [last] = outcomes.slice(-1)
    if (from > limits.jobsPerSenderMax) {
      const message = 'This key has made 2000 jobs, as many as one may (limit jobs-per-sender-max)'
      expect(last).toEqual({ status: 'full', message })
    }
    if (from === 10 * atOnce) heapBefore = heapBytes()
  }
  expect(counts).toEqual({ done: 2_000, full: slugs - 2_000, unknown: 0, refused: 0 })
  expect(heapBytes() - heapBefore).toBeLessThan(heapBytesMax)
  expect(book.size).toBe(2_000)
  expect(book.known.size).toBe(2_000)
  // There is room for others, and those that are there go on.
  expect(await report('slug-0', 'modest')).toMatchObject({ status: 'done', isNew: false })
  expect(await report('other', 'modest')).toMatchObject({ status: 'done', isNew: true })
  await book.shutdown()
  await store.close()
  rmSync(folder, { recursive: true })
}, 120_000)
