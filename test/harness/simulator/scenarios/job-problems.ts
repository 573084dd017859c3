import { days, hours, minutes, ms, seconds } from '../duration.ts'
import type { World } from '../world.ts'
import { liveProcess, type Planted, type Plot } from './planted.ts'

/** A daily job that starts three hours late once. */
export function plantLateJob(world: World, { service, at }: Plot): Planted {
  const number = Math.max(0, Math.floor(at / days(1)) - 1)
  liveProcess(world, service).job({
    name: 'nightly-report',
    periodNs: days(1),
    trigger: 'cron',
    plan: (run) => ({ lateNs: run === number ? hours(3) : ms(400), durationNs: minutes(10) }),
  })
  return { kind: 'late job', service, subjects: ['nightly-report'] }
}

/** Ten runs of a job of every minute that are not made, and nobody says so. */
export function plantMissedRuns(world: World, { service, at }: Plot): Planted {
  liveProcess(world, service).job({
    name: 'poll',
    periodNs: minutes(1),
    firstAt: Math.max(0, at - hours(1)),
    plan: (run) => (run >= 60 && run < 70 ? { outcome: 'missed' } : { durationNs: seconds(1) }),
  })
  return { kind: 'missed runs', service, subjects: ['poll'] }
}

/** A job that ran every minute and stopped. */
export function plantStoppedJob(world: World, { service, at }: Plot): Planted {
  liveProcess(world, service).job({
    name: 'sync',
    periodNs: minutes(1),
    firstAt: Math.max(0, at - hours(2)),
    plan: () => (world.now >= at ? { outcome: 'missed' } : { durationNs: seconds(1) }),
  })
  return { kind: 'stopped job', service, subjects: ['sync'] }
}

/** Two processes that both think it is their job. */
export function plantDoubledRuns(world: World, { service, at }: Plot): Planted {
  liveProcess(world, service).job({
    name: 'billing',
    periodNs: hours(1),
    firstAt: at,
    trigger: 'cron',
    plan: () => ({ times: 2, durationNs: minutes(2) }),
  })
  return { kind: 'doubled runs', service, subjects: ['billing'] }
}

/** A job of every minute that takes four and a half. */
export function plantOverlappingRuns(world: World, { service, at }: Plot): Planted {
  liveProcess(world, service).job({
    name: 'reindex',
    periodNs: minutes(1),
    firstAt: at,
    trigger: 'cron',
    plan: () => ({ durationNs: minutes(3.5) }),
  })
  return { kind: 'overlapping runs', service, subjects: ['reindex'] }
}

/** The first run never ends. */
export function plantHungRun(world: World, { service, at }: Plot): Planted {
  liveProcess(world, service).job({
    name: 'migrate',
    periodNs: days(100),
    firstAt: at,
    plan: () => ({ outcome: 'hangs' }),
  })
  return { kind: 'hung run', service, subjects: ['migrate'] }
}

/** Every run fails at its third attempt. */
export function plantFailingJob(world: World, { service, at }: Plot): Planted {
  liveProcess(world, service).job({
    name: 'backup',
    periodNs: minutes(10),
    firstAt: at,
    plan: () => ({ outcome: 'error', error: 'ENOSPC', attempts: 3, durationNs: seconds(30) }),
  })
  return { kind: 'failing job', service, subjects: ['backup'] }
}

/** Ten runs in a row say that they are skipped. */
export function plantSkippedRuns(world: World, { service, at }: Plot): Planted {
  liveProcess(world, service).job({
    name: 'cleanup',
    periodNs: minutes(5),
    firstAt: Math.max(0, at - hours(1)),
    deadlineNs: minutes(4),
    plan: (run) => (run >= 12 ? { outcome: 'skip' } : { durationNs: seconds(5) }),
  })
  return { kind: 'skipped runs', service, subjects: ['cleanup'] }
}

/** What stopped the thread in which the run was due, from when it was due on. */
export const stallOfJob = { blockedNs: seconds(60), collectedNs: seconds(20), lateNs: seconds(90) }

/**
 * A run that starts late because its event loop was blocked, for a part of it by a garbage
 * collection. Another thread is blocked for longer, which does not matter to it.
 */
export function plantStalledJob(world: World, { service, at }: Plot): Planted {
  const { blockedNs, collectedNs, lateNs } = stallOfJob
  const process = liveProcess(world, service)
  const first = at - hours(1)
  process.job({
    name: 'invoices',
    periodNs: minutes(10),
    firstAt: first,
    trigger: 'cron',
    plan: (run) => ({ lateNs: run === 6 ? lateNs : ms(3), durationNs: seconds(2) }),
  })
  const pause = (endsAt: number, of: Parameters<typeof process.paused>[0]): void =>
    world.timeline.at(endsAt, () => process.paused(of))
  pause(at + seconds(1) + collectedNs, {
    cause: 'garbage_collection',
    gcType: 'major',
    lengthNs: collectedNs,
  })
  pause(at + blockedNs, { cause: 'eventloop_stall', lengthNs: blockedNs })
  pause(at + lateNs, { cause: 'eventloop_stall', lengthNs: lateNs, threadId: 1 })
  return { kind: 'stalled job', service, subjects: ['invoices'] }
}
