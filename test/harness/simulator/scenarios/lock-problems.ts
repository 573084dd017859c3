import { minutes, ms, seconds } from '../duration.ts'
import type { SimLock } from '../lock.ts'
import type { SimTask } from '../task.ts'
import type { SimProcess, World } from '../world.ts'
import { liveProcess, type Planted, type Plot } from './planted.ts'

interface DeadlockPlot extends Plot {
  /** Tasks in the cycle. @default 2 */
  readonly tasks?: number
  /** Whether each is a process of its own, and the locks are a cluster's. @default false */
  readonly isOverProcesses?: boolean
  /** The last request gives up after this time, so that all goes on. @default never */
  readonly resolvesAfterNs?: number
}

/** Each task holds a lock and asks for the next one's. */
export function plantDeadlock(world: World, plot: DeadlockPlot): Planted {
  const { service, at, tasks: count = 2, isOverProcesses = false, resolvesAfterNs } = plot
  const numbers = Array.from({ length: count }, (_, index) => index)
  const first = liveProcess(world, service)
  const processes = numbers.map((index) =>
    isOverProcesses && index > 0 ? liveProcess(world, service) : first,
  )
  const locks = numbers.map((index) => {
    const settings = { name: `account-${'abcde'[index] ?? index}` }
    return isOverProcesses
      ? world.clusterLock({ ...settings, id: `${service}:${settings.name}`, type: 'distributed' })
      : first.lock(settings)
  })
  for (const index of numbers) {
    const task = (processes[index] as SimProcess).task(`transfer-${index + 1}`)
    const [own, next] = [locks[index], locks[(index + 1) % count]] as [SimLock, SimLock]
    const isLast = index === count - 1 && resolvesAfterNs !== undefined
    startAt(world, task, at, function* () {
      yield* task.within('POST /transfer', function* () {
        const hold = yield* task.acquire(own)
        yield* task.sleep(ms(5))
        const other = yield* task.acquire(next, isLast ? { timeoutNs: resolvesAfterNs } : {})
        task.release(other)
        task.release(hold)
      })
    })
  }
  return { kind: 'deadlock', service, subjects: locks.map(({ name }) => name) }
}

/** A task asks for a lock that it holds. */
export function plantSelfDeadlock(world: World, { service, at }: Plot): Planted {
  const process = liveProcess(world, service)
  const [lock, task] = [process.lock({ name: 'settings' }), process.task('save')]
  startAt(world, task, at, function* () {
    yield* task.acquire(lock)
    yield* task.sleep(ms(2))
    yield* task.acquire(lock)
  })
  return { kind: 'self-deadlock', service, subjects: ['settings'] }
}

/** Two tasks take two locks in opposite order, again and again, and never at the same time. */
export function plantInversion(world: World, { service, at }: Plot): Planted {
  const process = liveProcess(world, service)
  const locks = [process.lock({ name: 'orders' }), process.lock({ name: 'stock' })] as const
  const pairs = [locks, [locks[1], locks[0]]] as const
  pairs.forEach(([outer, inner], index) => {
    const task = process.task(index === 0 ? 'ship' : 'restock')
    startAt(world, task, at + index * seconds(30), function* () {
      for (let round = 0; round < 3; round++) {
        const hold = yield* task.acquire(outer)
        yield* task.sleep(ms(3))
        yield* task.holding(inner, ms(3))
        task.release(hold)
        yield* task.sleep(minutes(1))
      }
    })
  })
  return { kind: 'inversion', service, subjects: locks.map(({ name }) => name) }
}

/** One long hold, after which twenty tasks pass the lock on in turn and never catch up. */
export function plantConvoy(world: World, { service, at }: Plot): Planted {
  const process = liveProcess(world, service)
  const lock = process.lock({ name: 'log-file' })
  const long = process.task('rotate')
  startAt(world, long, at, function* () {
    yield* long.holding(lock, seconds(10))
  })
  for (let i = 0; i < 20; i++) {
    const task = process.task(`request-${i}`)
    startAt(world, task, at + ms(10 + i), function* () {
      for (let round = 0; round < 30; round++) {
        yield* task.holding(lock, ms(50))
        yield* task.sleep(ms(100))
      }
    })
  }
  return { kind: 'convoy', service, subjects: ['log-file'] }
}

/** Readers of whom one is always there, and a writer that waits for none to be. */
export function plantStarvedWriter(world: World, { service, at }: Plot): Planted {
  const process = liveProcess(world, service)
  const lock = process.lock({ name: 'catalog', type: 'rwlock', order: 'readers' })
  for (let i = 0; i < 3; i++) {
    const task = process.task(`reader-${i}`)
    startAt(world, task, at + i * seconds(1), function* () {
      for (let round = 0; round < 200; round++) {
        yield* task.holding(lock, seconds(3), { mode: 'shared' })
      }
    })
  }
  const writer = process.task('writer')
  startAt(world, writer, at + seconds(5), function* () {
    yield* writer.holding(lock, ms(10))
  })
  return { kind: 'starved writer', service, subjects: ['catalog'] }
}

/** Requests of high priority without end, and one of low priority that waits for an hour. */
export function plantStarvedRequest(world: World, { service, at }: Plot): Planted {
  const process = liveProcess(world, service)
  const lock = process.lock({ name: 'printer', order: 'priority' })
  for (let i = 0; i < 3; i++) {
    const task = process.task(`urgent-${i}`)
    startAt(world, task, at + i, function* () {
      for (let round = 0; round < 240; round++) {
        yield* task.holding(lock, seconds(5), { priority: 1 })
      }
    })
  }
  const low = process.task('backup')
  startAt(world, low, at + seconds(1), function* () {
    yield* low.holding(lock, seconds(5))
  })
  return { kind: 'starved request', service, subjects: ['printer'] }
}

/** A lock that is never released, and requests that give up after a time. */
export function plantLeakedLock(world: World, { service, at }: Plot): Planted {
  const process = liveProcess(world, service)
  const lock = process.lock({ name: 'export' })
  const task = process.task('export')
  startAt(world, task, at, function* () {
    yield* task.acquire(lock)
    yield* task.sleep(ms(50))
  })
  for (let i = 0; i < 5; i++) {
    const other = process.task(`retry-${i}`)
    startAt(world, other, at + (i + 1) * seconds(20), function* () {
      yield* other.holding(lock, ms(10), { timeoutNs: seconds(15) })
    })
  }
  return { kind: 'leaked lock', service, subjects: ['export'] }
}

/** Tasks that each hold one connection of four and ask for a second. */
export function plantExhaustedPool(world: World, { service, at }: Plot): Planted {
  const process = liveProcess(world, service)
  const pool = process.lock({ name: 'connections', type: 'semaphore', capacity: 4 })
  for (let i = 0; i < 4; i++) {
    const task = process.task(`report-${i}`)
    startAt(world, task, at + i * ms(1), function* () {
      const hold = yield* task.acquire(pool)
      yield* task.sleep(ms(20))
      yield* task.holding(pool, ms(20))
      task.release(hold)
    })
  }
  return { kind: 'exhausted pool', service, subjects: ['connections'] }
}

function startAt(
  world: World,
  task: SimTask,
  at: number,
  behaviour: () => ReturnType<SimTask['sleep']>,
): void {
  world.timeline.at(at, () => task.run(behaviour))
}
