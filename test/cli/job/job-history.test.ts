// Goal: what is usual of a job is what its runs of that hour and weekday say, else all its runs.
import { bandOf, type ShownRun } from 'wayward/job/job-history'
import { describe, expect, test } from 'vitest'

const dayMs = 86_400_000
const nowMs = Date.UTC(2026, 10, 28, 3, 20)

function run(daysAgo: number, minutes: number, status = 'success'): ShownRun {
  const startMs = nowMs - daysAgo * dayMs
  const runTimeMs = minutes * 60_000
  return {
    id: `${daysAgo}`,
    status,
    startedAt: new Date(startMs).toISOString(),
    endedAt: new Date(startMs + runTimeMs).toISOString(),
    runTimeMs,
    latenessMs: null,
  }
}

/** The oldest first, as `jobs show` has them. */
const daily = Array.from({ length: 70 }, (_, index) => 70 - index)

describe('bandOf()', () => {
  test('goes by the last 30 good runs where the hour has too few', () => {
    const runs = daily.slice(-20).map((daysAgo) => run(daysAgo, daysAgo === 10 ? 20 : 4))
    expect(bandOf(runs, nowMs)).toEqual({
      medianMs: 4 * 60_000,
      slowMs: 6 * 60_000,
      runs: 20,
      isOfHour: false,
    })
  })

  test('goes by the weekday and the hour where they have five', () => {
    const runs = daily.map((daysAgo) => run(daysAgo, daysAgo % 7 === 0 ? 40 : 4))
    expect(bandOf(runs, nowMs)).toEqual({
      medianMs: 40 * 60_000,
      slowMs: 60 * 60_000,
      runs: 10,
      isOfHour: true,
    })
  })

  test('says nothing with fewer than five good runs before', () => {
    const later = [1, 2, 3].map((days) => run(-days, 4))
    const failed = daily.map((daysAgo) => run(daysAgo, 4, 'failure'))
    const few = [4, 3, 2, 1].map((daysAgo) => run(daysAgo, 4))
    expect(bandOf([...failed, ...few, ...later], nowMs)).toBeUndefined()
  })
})
