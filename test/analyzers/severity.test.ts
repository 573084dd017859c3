// Goal: a severity means the same in every analyzer. Method: problems of all kinds, each in a
// service of its own, in one store; what is said of them must come in the order in which a person
// who is on call would look at them. Within a group the order is free.
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { days, hours, minutes } from '../harness/simulator/duration.ts'
import { feed } from '../harness/simulator/feed.ts'
import { reportWorld } from '../harness/simulator/report.ts'
import * as jobs from '../harness/simulator/scenarios/job-problems.ts'
import * as locks from '../harness/simulator/scenarios/lock-problems.ts'
import * as queues from '../harness/simulator/scenarios/queue-problems.ts'
import { createWorld, type World } from '../harness/simulator/world.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

type Plant = (world: World, plot: { service: string; at: number }) => unknown

interface Problem {
  readonly plant: Plant
  readonly at?: number
  readonly untilNs?: number
}

/** Work has stopped for good, and others wait for it. */
const stopped = {
  'deadlock of two': { plant: locks.plantDeadlock },
  'deadlock of five over processes': {
    plant: (world, plot) =>
      locks.plantDeadlock(world, { ...plot, tasks: 5, isOverProcesses: true }),
  },
  'task that waits for itself': { plant: locks.plantSelfDeadlock },
  'exhausted pool': { plant: locks.plantExhaustedPool },
  'hung worker': { plant: queues.plantHungWorker },
  'paused queue': { plant: queues.plantPausedQueue },
} as const satisfies Record<string, Problem>

/** Much is lost, and it goes on or will come again. */
const bad = {
  'resolved deadlock': {
    plant: (world, plot) => locks.plantDeadlock(world, { ...plot, resolvesAfterNs: 30e9 }),
  },
  'stopped job': { plant: jobs.plantStoppedJob },
  'hung run': { plant: jobs.plantHungRun, untilNs: hours(12) },
  'failing job': { plant: jobs.plantFailingJob },
  'failing items': { plant: queues.plantFailingItems },
  burst: { plant: queues.plantBurst },
  backlog: { plant: queues.plantBacklog, untilNs: hours(2) + minutes(12) },
  'starved items': { plant: queues.plantStarvedItems },
  'leaked lock': { plant: locks.plantLeakedLock },
  'doubled runs': { plant: jobs.plantDoubledRuns, untilNs: hours(5) },
} as const satisfies Record<string, Problem>

/** Worth a look when there is time. */
const mild = {
  'missed runs': { plant: jobs.plantMissedRuns, untilNs: hours(4) },
  'skipped runs': { plant: jobs.plantSkippedRuns },
  'overlapping runs': { plant: jobs.plantOverlappingRuns },
  'late job': { plant: jobs.plantLateJob, at: days(5), untilNs: days(7) },
} as const satisfies Record<string, Problem>

test('twenty problems come in the order of a person', { timeout: 300_000 }, async () => {
  const problems: Readonly<Record<string, Problem>> = { ...stopped, ...bad, ...mild }
  expect(Object.keys(problems)).toHaveLength(20)
  let seed = 0
  for (const [service, { plant, at = hours(2), untilNs = hours(3) }] of Object.entries(problems)) {
    const world = createWorld({ seed: ++seed })
    plant(world, { service, at })
    world.runUntil(untilNs)
    await feed(engine, [reportWorld(world)])
  }
  const severities = new Map<string, number>()
  for (const analyzer of ['deadlock', 'lock-contention', 'queue-delay', 'job-runs']) {
    const { findings } = await runAnalyzer(engine.reader, analyzer)
    for (const { service, severity } of findings) {
      for (const one of service.split(', ')) {
        severities.set(one, Math.max(severity, severities.get(one) ?? 0))
      }
    }
  }
  const of = (group: object): number[] =>
    Object.keys(group).map((name) => severities.get(name) ?? 0)
  const told = JSON.stringify(Object.fromEntries(severities))
  expect(Math.min(...of(mild)), told).toBeGreaterThanOrEqual(20)
  expect(Math.min(...of(bad)), told).toBeGreaterThan(Math.max(...of(mild)))
  expect(Math.min(...of(stopped)), told).toBeGreaterThan(Math.max(...of(bad)))
})
