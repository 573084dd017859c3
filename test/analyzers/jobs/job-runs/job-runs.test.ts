// Goal: what job-runs says of a job is what became of its runs. Method: worlds of the simulator
// with known problems, and figures counted from their own events, in whole and in random windows.
import { type Report, runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'
import { createDice } from '../../../harness/simulator/dice.ts'
import { days, hours, minutes, ms, seconds } from '../../../harness/simulator/duration.ts'
import { feed } from '../../../harness/simulator/feed.ts'
import { type ReportSettings, reportWorld } from '../../../harness/simulator/report.ts'
import { healthyLengthNs, healthyParts } from '../../../harness/simulator/scenarios/healthy.ts'
import * as plants from '../../../harness/simulator/scenarios/job-problems.ts'
import { liveProcess } from '../../../harness/simulator/scenarios/planted.ts'
import { jobTruth } from '../../../harness/simulator/truth/job-truth.ts'
import { createWorld, type World } from '../../../harness/simulator/world.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

interface Window {
  readonly from: number
  readonly to: number
}

async function ask(world: World, window?: Window): Promise<Report> {
  const moments =
    window === undefined ? {} : { from: world.toMoment(window.from), to: world.toMoment(window.to) }
  return await runAnalyzer(engine.reader, 'job-runs', moments)
}

async function told(world: World, window?: Window): Promise<Record<string, unknown>> {
  const { rows } = await ask(world, window)
  expect(rows).toHaveLength(1)
  return { ...rows[0] }
}

async function store(world: World, settings: ReportSettings = {}): Promise<void> {
  await engine.truncateTables()
  await feed(engine, [reportWorld(world, settings)])
}

type Plant = (world: World, plot: { service: string; at: number }) => unknown

async function planted(
  plant: Plant,
  { at = hours(2), untilNs = hours(4), seed = 3 } = {},
): Promise<World> {
  const world = createWorld({ seed })
  plant(world, { service: 'shop', at })
  keepReporting(world)
  world.runUntil(untilNs)
  await store(world)
  return world
}

/** A sign of life each minute, so that it is known what was missing until the end. */
function keepReporting(world: World): void {
  const process = world.processes[0] ?? liveProcess(world, 'shop')
  const [lock, task] = [process.lock({ name: 'tick' }), process.task('tick')]
  task.run(function* () {
    for (;;) {
      yield* task.holding(lock, ms(1))
      yield* task.sleep(minutes(1))
    }
  })
}

describe('what is wrong is told, with its cause', () => {
  const inDays = { at: days(5), untilNs: days(7) }
  test.each([
    ['late', plants.plantLateJob, inDays, /^late$/, [20, 45]],
    ['missed', plants.plantMissedRuns, {}, /^missed$/, [30, 60]],
    ['stopped', plants.plantStoppedJob, { untilNs: hours(3) }, /^stopped$/, [60, 89]],
    ['doubled', plants.plantDoubledRuns, { untilNs: hours(5) }, /^doubled/, [40, 69]],
    ['overlapping', plants.plantOverlappingRuns, {}, /overlapping/, [25, 50]],
    ['hung', plants.plantHungRun, { untilNs: hours(12) }, /^hung$/, [45, 75]],
    ['failing', plants.plantFailingJob, {}, /^failing, retried$/, [40, 69]],
    ['skipped', plants.plantSkippedRuns, { untilNs: hours(3) }, /^skipped$/, [20, 45]],
  ] as const)('%s', { timeout: 120_000 }, async (_, plant, when, causes, [least, most]) => {
    const world = await planted(plant, when)
    const { rows, findings } = await ask(world)
    expect(rows).toMatchObject([{ causes: expect.stringMatching(causes) }])
    expect(findings).toHaveLength(1)
    expect(findings[0]?.severity).toBeGreaterThanOrEqual(least)
    expect(findings[0]?.severity).toBeLessThanOrEqual(most)
    expect(findings[0]?.summary).not.toMatch(/NaN|Infinity|null|undefined/)
  })

  test('a hang of a job that ran well for weeks', { timeout: 120_000 }, async () => {
    const world = createWorld({ seed: 1 })
    liveProcess(world, 'shop').job({
      name: 'sweep',
      periodNs: hours(1),
      plan: (run) => (run === 21 * 24 ? { outcome: 'hangs' } : { durationNs: seconds(20) }),
    })
    world.runUntil(days(21) + hours(3))
    await store(world)
    expect(await told(world)).toMatchObject({ causes: expect.stringMatching(/^hung/), running: 1 })
    const window = { from: days(21) + hours(2), to: days(21) + hours(2.5) }
    expect((await ask(world, window)).findings[0]?.severity).toBeGreaterThanOrEqual(75)
  })

  test('a job that has stopped, in a window in which nothing of it happened', async () => {
    const world = await planted(plants.plantStoppedJob, { untilNs: hours(4) })
    const row = await told(world, { from: hours(3), to: hours(3.5) })
    expect(row).toMatchObject({ job_name: 'sync', runs: 0, missed: 30, stopped: 30 })
  })

  test('a run that goes on past its deadline', async () => {
    const world = createWorld({ seed: 1 })
    liveProcess(world, 'shop').job({
      name: 'export',
      periodNs: hours(1),
      deadlineNs: minutes(30),
      plan: (run) => ({ durationNs: minutes(run === 4 ? 40 : 25) }),
    })
    world.runUntil(hours(5) + minutes(35))
    await store(world)
    expect(await told(world)).toMatchObject({ causes: 'overdue', overdue: 1, running: 1 })
  })
})

describe('what is well is not told', () => {
  test.each(['a daily job with jitter', 'a job of every minute'] as const)(
    '%s',
    { timeout: 120_000 },
    async (part) => {
      for (const seed of [1, 2]) {
        const world = createWorld({ seed })
        healthyParts[part](world, liveProcess(world, 'shop'))
        world.runUntil(healthyLengthNs(part))
        await store(world)
        const from = createDice(seed).below(healthyLengthNs(part) / 2)
        for (const window of [undefined, { from, to: from + healthyLengthNs(part) / 5 }]) {
          const { findings } = await ask(world, window)
          expect(findings.map(({ summary }) => summary)).toEqual([])
        }
      }
    },
  )

  test('a run of 0.4 s and a second that has gone on for 1.3 s', async () => {
    const world = createWorld({ seed: 1 })
    liveProcess(world, 'shop').job({
      name: 'sweep',
      periodNs: minutes(1),
      plan: (run) => ({ durationNs: run === 0 ? ms(400) : seconds(10) }),
    })
    world.runUntil(minutes(2) + seconds(2.3))
    await store(world)
    expect(await told(world)).toMatchObject({ severity: 0, running: 1, runs: 1 })
  })

  test('a job that each process has for itself is not doubled', async () => {
    const world = createWorld({ seed: 1 })
    for (let i = 0; i < 3; i++) {
      liveProcess(world, 'shop').job({
        name: 'refresh',
        periodNs: minutes(5),
        trigger: 'cron',
        plan: () => ({ durationNs: seconds(3) }),
      })
    }
    world.runUntil(hours(2))
    await store(world)
    expect(await told(world)).toMatchObject({ severity: 0, doubled: 0, overlap_max: 3 })
  })
})

describe('figures are those of the world', () => {
  const plan = (run: number) => {
    if (run % 13 === 5) return { outcome: 'missed' } as const
    if (run % 11 === 3) return { outcome: 'error', durationNs: seconds(5) } as const
    if (run % 17 === 2) return { outcome: 'skip' } as const
    return { lateNs: ms((run * 37) % 900), durationNs: seconds(20 + ((run * 29) % 110)) }
  }

  test('in random windows', { timeout: 120_000 }, async () => {
    const world = createWorld({ seed: 5 })
    liveProcess(world, 'shop').job({ name: 'mix', periodNs: minutes(1), trigger: 'cron', plan })
    keepReporting(world)
    world.runUntil(hours(6))
    await store(world)
    const dice = createDice(9)
    for (let i = 0; i < 6; i++) {
      const from = minutes(10) + dice.below(hours(4))
      const window = { from, to: from + minutes(1) + dice.below(hours(1.5)) }
      const row = await told(world, window)
      const truth = jobTruth(world.events, { service: 'shop', job: 'mix' }, window)
      expect(row).toMatchObject({
        runs: truth.ended,
        started: truth.started,
        failed: truth.failed,
        skipped: truth.skipped,
        missed: truth.missed,
        doubled: truth.doubled,
        running: truth.running,
        running_max_ns: truth.runningMaxNs,
        overlap_max: truth.overlapMax,
      })
      expect(row['lateness_max_ns']).toBeGreaterThanOrEqual(Math.max(0, ...truth.latenessNs))
      const byHour = row['runs_by_hour'] as readonly number[]
      expect(byHour.reduce((sum, count) => sum + count, 0)).toBe(truth.started)
    }
  })

  test('runs that were sent twice count once', async () => {
    const world = createWorld({ seed: 5 })
    liveProcess(world, 'shop').job({ name: 'mix', periodNs: minutes(1), trigger: 'cron', plan })
    world.runUntil(hours(2))
    await store(world)
    const { runs, doubled, overlap_max, sum_ns } = await told(world)
    await store(world, { repeatedShare: 0.7 })
    expect(await told(world)).toMatchObject({ runs, doubled, overlap_max, sum_ns })
  })
})
