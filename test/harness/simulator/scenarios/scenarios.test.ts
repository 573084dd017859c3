// Goal: what is planted is there, by the world's own events. Method: plant each, let the time pass,
// count.
import { describe, expect, test } from 'vitest'
import { days, hours, minutes, ms, seconds } from '../duration.ts'
import { jobTruth } from '../truth/job-truth.ts'
import { deadlocksAtEnd, lockTruth } from '../truth/lock-truth.ts'
import { queueTruth } from '../truth/queue-truth.ts'
import { createWorld, type World } from '../world.ts'
import { healthyLengthNs, healthyParts } from './healthy.ts'
import * as jobs from './job-problems.ts'
import * as locks from './lock-problems.ts'
import { liveProcess, type Planted } from './planted.ts'
import * as queues from './queue-problems.ts'

const service = 'shop'
const plot = { service, at: hours(2) }

function plant(
  how: (world: World) => Planted,
  forNs: number,
): { readonly world: World; readonly planted: Planted; readonly name: string } {
  const world = createWorld({ seed: 3 })
  const planted = how(world)
  world.runUntil(forNs)
  return { world, planted, name: planted.subjects[0] ?? '' }
}

describe('locks', () => {
  const lockOf = (world: World, lock: string) =>
    lockTruth(world.events, { service, lock }, { from: 0, to: world.now })

  test.each([2, 3, 4, 5])('a deadlock of %i tasks, within a process and over several', (tasks) => {
    for (const isOverProcesses of [false, true]) {
      const { world, planted } = plant(
        (of) => locks.plantDeadlock(of, { ...plot, tasks, isOverProcesses }),
        hours(3),
      )
      const cycles = deadlocksAtEnd(world.events)
      expect(cycles.map((cycle) => cycle.length)).toEqual([tasks])
      expect(new Set(cycles[0]?.map(({ process }) => process)).size).toBe(
        isOverProcesses ? tasks : 1,
      )
      for (const lock of planted.subjects) {
        expect(lockOf(world, lock)).toMatchObject({ stillWaiting: 1, stillHeld: 1 })
      }
    }
  })

  test('a deadlock that a time-out resolves', () => {
    const { world, name } = plant(
      (of) => locks.plantDeadlock(of, { ...plot, resolvesAfterNs: seconds(30) }),
      hours(3),
    )
    expect(deadlocksAtEnd(world.events)).toEqual([])
    expect(lockOf(world, name)).toMatchObject({ timeouts: 1, waitSumNs: seconds(30) })
  })

  test('a task that waits for itself', () => {
    const { world, name } = plant((of) => locks.plantSelfDeadlock(of, plot), hours(3))
    expect(deadlocksAtEnd(world.events).map((cycle) => cycle.length)).toEqual([1])
    expect(lockOf(world, name).oldestWaitNs).toBe(hours(1) - ms(2))
  })

  test('an inversion without any wait', () => {
    const { world } = plant((of) => locks.plantInversion(of, plot), hours(3))
    expect(deadlocksAtEnd(world.events)).toEqual([])
    expect(lockOf(world, 'orders')).toMatchObject({ requests: 6, contended: 0 })
    expect(lockOf(world, 'stock')).toMatchObject({ requests: 6, contended: 0 })
  })

  test('a convoy', () => {
    const { world, name } = plant((of) => locks.plantConvoy(of, plot), hours(3))
    const truth = lockOf(world, name)
    expect(truth).toMatchObject({ requests: 601, waitersMax: 20 })
    expect(truth.contended).toBeGreaterThan(590)
  })

  test('a starved writer, and a starved request', () => {
    const writer = plant((of) => locks.plantStarvedWriter(of, plot), hours(3))
    expect(lockOf(writer.world, writer.name).waitMaxNs).toBeGreaterThan(minutes(9))
    const low = plant((of) => locks.plantStarvedRequest(of, plot), hours(4))
    expect(lockOf(low.world, low.name).waitMaxNs).toBeGreaterThan(minutes(59))
  })

  test('a leaked lock, and an exhausted pool', () => {
    const leak = plant((of) => locks.plantLeakedLock(of, plot), hours(3))
    expect(lockOf(leak.world, leak.name)).toMatchObject({
      stillHeld: 1,
      oldestHoldNs: hours(1),
      timeouts: 5,
    })
    const pool = plant((of) => locks.plantExhaustedPool(of, plot), hours(3))
    expect(lockOf(pool.world, pool.name)).toMatchObject({ stillHeld: 4, stillWaiting: 4 })
  })
})

describe('queues', () => {
  const queueOf = (world: World, queue: string, from = 0) =>
    queueTruth(world.events, { service, queue }, { from, to: world.now })

  test('a backlog, a burst, a pause', () => {
    const backlog = plant((of) => queues.plantBacklog(of, plot), hours(2) + minutes(10))
    expect(queueOf(backlog.world, backlog.name, hours(2)).backlogAtEnd).toBeGreaterThan(80)
    const burst = plant((of) => queues.plantBurst(of, plot), hours(3))
    expect(queueOf(burst.world, burst.name)).toMatchObject({ backlogMax: 1998, backlogAtEnd: 0 })
    const pause = plant((of) => queues.plantPausedQueue(of, plot), hours(3))
    expect(queueOf(pause.world, pause.name)).toMatchObject({ arrived: 200, backlogAtEnd: 139 })
  })

  test('a worker that hangs, items that starve, items that fail', () => {
    const hung = plant((of) => queues.plantHungWorker(of, plot), hours(3))
    expect(queueOf(hung.world, hung.name)).toMatchObject({
      processingAtEnd: 1,
      oldestProcessingNs: hours(1),
      backlogAtEnd: 30,
    })
    const starved = plant((of) => queues.plantStarvedItems(of, plot), hours(3))
    expect(queueOf(starved.world, starved.name).oldestWaitingNs).toBe(hours(1))
    const failing = plant((of) => queues.plantFailingItems(of, plot), hours(3))
    expect(queueOf(failing.world, failing.name)).toMatchObject({ ended: 200, failed: 100 })
  })
})

describe('jobs', () => {
  const jobOf = (world: World, job: string) =>
    jobTruth(world.events, { service, job }, { from: 0, to: world.now })

  test('runs that are late, missed, doubled, overlapping', () => {
    const late = plant((of) => jobs.plantLateJob(of, { service, at: days(5) }), days(7))
    const { latenessNs } = jobOf(late.world, late.name)
    expect(latenessNs.filter((ns) => ns > hours(1))).toEqual([hours(3)])
    const missed = plant((of) => jobs.plantMissedRuns(of, plot), hours(3))
    expect(jobOf(missed.world, missed.name)).toMatchObject({ missed: 10 })
    const stopped = plant((of) => jobs.plantStoppedJob(of, plot), hours(3))
    expect(jobOf(stopped.world, stopped.name)).toMatchObject({ started: 120, missed: 60 })
    const doubled = plant((of) => jobs.plantDoubledRuns(of, plot), hours(5))
    expect(jobOf(doubled.world, doubled.name)).toMatchObject({ doubled: 3, overlapMax: 2 })
    const overlapping = plant((of) => jobs.plantOverlappingRuns(of, plot), hours(3))
    expect(jobOf(overlapping.world, overlapping.name)).toMatchObject({ overlapMax: 4 })
  })

  test('runs that hang, fail, are skipped', () => {
    const hung = plant((of) => jobs.plantHungRun(of, plot), hours(12))
    expect(jobOf(hung.world, hung.name)).toMatchObject({ running: 1, runningMaxNs: hours(10) })
    const failing = plant((of) => jobs.plantFailingJob(of, plot), hours(4))
    expect(jobOf(failing.world, failing.name)).toMatchObject({ ended: 12, failed: 12 })
    const skipped = plant((of) => jobs.plantSkippedRuns(of, plot), hours(3))
    expect(jobOf(skipped.world, skipped.name)).toMatchObject({ skipped: 12, missed: 0 })
  })
})

test.each(Object.keys(healthyParts) as (keyof typeof healthyParts)[])('%s: calm', (part) => {
  const world = createWorld({ seed: 4 })
  healthyParts[part](world, liveProcess(world, service))
  world.runUntil(healthyLengthNs(part))
  expect(deadlocksAtEnd(world.events)).toEqual([])
  const open = world.events.filter(({ kind }) => kind === 'lock requested').length
  const ended = world.events.filter(({ kind }) => kind === 'lock granted').length
  expect(open - ended).toBeLessThan(4)
  expect(world.events.length).toBeGreaterThan(10)
})
