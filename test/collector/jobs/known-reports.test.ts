// Goal: what is remembered of former reports has a bound, and forgetting too early is told.
// Method: a memory of few places, and a clock that is set.
import { createKnownReports, knownForMs } from '@wayward/collector/jobs/known-reports'
import { expect, test } from 'vitest'
import { createFakeTime } from '../../harness/fake-time.ts'

const job = { service: 'shop', name: 'nightly' }

function make(knownMax: number) {
  const time = createFakeTime()
  const warned: unknown[] = []
  const logger = {
    info: () => undefined,
    error: () => undefined,
    warn: (...said: unknown[]) => void warned.push(said),
  }
  return { known: createKnownReports({ knownMax, time, logger }), time, warned }
}

test('knows how runs ended, and reports by their ids, each of its own job', () => {
  const { known, time } = make(10)
  const receivedMs = time.wallMs()
  known.add({ ...job, runId: 'a', result: 'failure', reportId: 'e1', receivedMs })
  known.add({ ...job, runId: 'b', result: 'success', receivedMs })
  known.add({ ...job, runId: 'open', receivedMs })
  expect(known.endOf(job, 'a')).toBe('failure')
  expect(known.endOf(job, 'b')).toBe('success')
  expect(known.endOf(job, 'open')).toBeUndefined()
  expect(known.endOf(job, 'e1')).toBeUndefined()
  expect(known.endOf({ ...job, service: 'till' }, 'a')).toBeUndefined()
  expect(known.hasReport(job, 'e1')).toBe(true)
  expect(known.hasReport(job, 'a')).toBe(false)
  expect(known.hasReport({ ...job, name: 'other' }, 'e1')).toBe(false)
  expect(known.size).toBe(3)
})

test('forgets the oldest beyond its bound, and tells it where it was too early', async () => {
  const { known, time, warned } = make(100)
  const add = (id: number, ageMs = 0) =>
    known.add({ ...job, runId: `${id}`, result: 'success', receivedMs: time.wallMs() - ageMs })
  for (let id = 0; id < 100; id++) add(id, knownForMs)
  for (let id = 100; id < 200; id++) add(id)
  expect(known.size).toBe(100)
  expect(known.endOf(job, '99')).toBeUndefined()
  expect(known.endOf(job, '100')).toBe('success')
  expect(warned).toEqual([])
  add(200)
  add(201)
  expect(warned).toHaveLength(1)
  expect(JSON.stringify(warned)).toContain('limit job-reports-known-max')
  await time.pass(3_600_000)
  add(202)
  expect(warned).toHaveLength(2)
})
