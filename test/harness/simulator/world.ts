// A world of processes with tasks, locks, queues and jobs, in which time jumps from one event to
// the next: weeks take milliseconds. The same seed gives the same world.
//
//   const world = createWorld({ seed: 7 })
//   const shop = world.process({ service: 'shop' })
//   const stock = shop.lock({ name: 'stock' })
//   const task = shop.task('order')
//   task.run(function* () { yield* task.holding(stock, ms(5)) })
//   world.runUntil(minutes(1))
import { createDice, type Dice } from './dice.ts'
import type { JobInfo, Paused, ProcessClock, ProcessInfo, WorldEvent } from './event.ts'
import { type JobSettings, scheduleJob } from './job.ts'
import { createLock, type LockSettings, type SimLock } from './lock.ts'
import { createQueue, type QueueSettings, type SimQueue } from './queue.ts'
import { createTask, type SimTask } from './task.ts'
import { createTimeline, type Timeline } from './timeline.ts'

export interface WorldSettings {
  readonly seed: number
  /** When the world begins, nanoseconds since 1970. @default 2026-11-02T00:00:00Z */
  readonly startNs?: bigint
}

interface ProcessSettings {
  readonly service: string
  readonly session?: string
  readonly host?: string
  readonly pid?: number
  readonly clock?: Partial<ProcessClock>
}

interface PauseSettings {
  readonly cause: Paused['cause']
  readonly lengthNs: number
  /** Of a garbage collection. */
  readonly gcType?: string
  /** @default 0 */
  readonly threadId?: number
}

export interface SimProcess {
  readonly info: ProcessInfo
  /** A new task, on the main thread if no other is named. */
  task(name?: string, threadId?: number): SimTask
  lock(settings: LockSettings): SimLock
  queue(settings: QueueSettings): SimQueue
  job(settings: JobSettings): JobInfo
  /** Nothing goes on in a thread for a time that has just passed. */
  paused(pause: PauseSettings): void
  /** It ends in order: what it has to report is sent. */
  exit(): void
  /** It is killed: what it had not sent is lost. Its locks of a cluster are freed. */
  die(): void
}

export interface World {
  readonly startNs: bigint
  readonly dice: Dice
  readonly timeline: Timeline
  /** Nanoseconds since the world began. */
  readonly now: number
  /** All that has happened, in order. */
  readonly events: WorldEvent[]
  readonly processes: readonly SimProcess[]
  nextOperation(): number
  process(settings: ProcessSettings): SimProcess
  /** A lock that holders of all processes exclude each other from. */
  clusterLock(settings: LockSettings): SimLock
  /** A job whose runs are made by several processes in turn. */
  job(processes: readonly SimProcess[], settings: JobSettings): JobInfo
  runUntil(time: number): void
  /** A moment of the world, in nanoseconds since 1970. */
  toMoment(time: number): bigint
}

const defaultStartNs = BigInt(Date.UTC(2026, 10, 2)) * 1_000_000n

export function createWorld(settings: WorldSettings): World {
  const startNs = settings.startNs ?? defaultStartNs
  const timeline = createTimeline()
  const processes: SimProcess[] = []
  const clusterLocks: SimLock[] = []
  let operation = 0
  const world: World = {
    startNs,
    dice: createDice(settings.seed),
    timeline,
    get now() {
      return timeline.now
    },
    events: [],
    processes,
    nextOperation: () => ++operation,
    process(of) {
      const process = createProcess(world, of, processes.length + 1, clusterLocks)
      processes.push(process)
      return process
    },
    clusterLock(of) {
      const lock = createLock(world, of, { id: of.id ?? `key:${of.name}`, scope: 'cluster' })
      clusterLocks.push(lock)
      return lock
    },
    job: (by, of) => scheduleJob(world, by, of),
    runUntil: (time) => timeline.runUntil(time),
    toMoment: (time) => startNs + BigInt(Math.round(time)),
  }
  return world
}

function createProcess(
  world: World,
  settings: ProcessSettings,
  number: number,
  clusterLocks: readonly SimLock[],
): SimProcess {
  const pid = settings.pid ?? 1000 + number
  const info: ProcessInfo = {
    number,
    service: settings.service,
    session: settings.session ?? `${settings.service}-${number}`,
    host: settings.host ?? `host-${number}`,
    pid,
    clock: { offsetNs: 0, steps: [], ...settings.clock },
    startedAt: world.now,
    endedAt: undefined,
    isDead: false,
  }
  let tasks = 0
  let locks = 0
  let queues = 0
  const process: SimProcess = {
    info,
    task: (name, threadId = 0) =>
      createTask(world, { id: String(++tasks), name, threadId, process: info }),
    lock: (of) => createLock(world, of, { id: of.id ?? `${pid}:${++locks}`, scope: 'process' }),
    queue: (of) => createQueue(world, process, `${pid}:${++queues}`, of),
    job: (of) => scheduleJob(world, [process], of),
    paused({ cause, gcType, lengthNs, threadId = 0 }) {
      const [operation, at] = [world.nextOperation(), world.now]
      const of = { process: info, threadId, cause, gcType, lengthNs }
      world.events.push({ kind: 'paused', operation, at, ...of })
    },
    exit() {
      info.endedAt = world.now
    },
    die() {
      info.endedAt = world.now
      info.isDead = true
      for (const lock of clusterLocks) lock.dropHoldsOf(info)
    },
  }
  return process
}
