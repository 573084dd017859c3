// Systems that nobody has to look at. Nothing may be found in them that is worth a page.
import { days, hours, minutes, ms, seconds, us } from '../duration.ts'
import type { SimProcess, World } from '../world.ts'

/** What a healthy system consists of: all of it on one process. */
export const healthyParts = {
  'a mutex at 20 % use': mutexAtFifth,
  'a queue at 50 % use': queueAtHalf,
  'batches that drain': drainingBatches,
  'a burst to ten workers': addAll,
  'a daily job with jitter': dailyJob,
  'a job of every minute': minuteJob,
  'readers and a rare writer': readersAndWriter,
  'a pool with room': roomyPool,
  'locks always taken in one order': orderedLocks,
  'short waits': shortWaits,
} as const satisfies Readonly<Record<string, (world: World, process: SimProcess) => void>>

/** How long a part has to run for, so that it shows what it is. */
export const healthyLengthNs = (part: keyof typeof healthyParts): number =>
  part === 'a daily job with jitter'
    ? days(10)
    : part === 'a job of every minute'
      ? hours(6)
      : minutes(20)

function mutexAtFifth(world: World, process: SimProcess): void {
  const lock = process.lock({ name: 'cart' })
  for (let i = 0; i < 4; i++) {
    const task = process.task(`request-${i}`)
    task.run(function* () {
      for (;;) {
        yield* task.sleep(world.dice.exponential(seconds(1.9)))
        yield* task.holding(lock, world.dice.exponential(ms(100)))
      }
    })
  }
}

function queueAtHalf(world: World, process: SimProcess): void {
  const { dice } = world
  const queue = process.queue({
    name: 'mails',
    concurrency: 2,
    processingNs: () => dice.exponential(ms(500)),
  })
  every(
    world,
    () => dice.exponential(ms(500)),
    () => queue.enqueue(),
  )
}

function drainingBatches(world: World, process: SimProcess): void {
  const queue = process.queue({ name: 'thumbnails', processingNs: () => ms(100) })
  every(
    world,
    () => seconds(10),
    () => {
      for (let i = 0; i < 20; i++) queue.enqueue()
    },
  )
}

function addAll(world: World, process: SimProcess): void {
  const queue = process.queue({ name: 'prefetch', concurrency: 10, processingNs: () => ms(100) })
  every(
    world,
    () => minutes(15),
    () => {
      for (let i = 0; i < 100; i++) queue.enqueue()
    },
  )
}

function dailyJob(world: World, process: SimProcess): void {
  const { dice } = world
  process.job({
    name: 'nightly-report',
    periodNs: days(1),
    trigger: 'cron',
    deadlineNs: hours(2),
    plan: () => ({
      lateNs: dice.exponential(seconds(1.1)),
      durationNs: minutes(8) + dice.exponential(minutes(2)),
    }),
  })
}

function minuteJob(world: World, process: SimProcess): void {
  const { dice } = world
  process.job({
    name: 'poll',
    periodNs: minutes(1),
    plan: () => ({ lateNs: dice.exponential(ms(20)), durationNs: dice.exponential(seconds(2)) }),
  })
}

function readersAndWriter(world: World, process: SimProcess): void {
  const lock = process.lock({ name: 'catalog', type: 'rwlock' })
  for (let i = 0; i < 5; i++) {
    const task = process.task(`reader-${i}`)
    task.run(function* () {
      for (;;) {
        yield* task.sleep(world.dice.exponential(seconds(2)))
        yield* task.holding(lock, ms(20), { mode: 'shared' })
      }
    })
  }
  const writer = process.task('writer')
  writer.run(function* () {
    for (;;) {
      yield* writer.sleep(seconds(30))
      yield* writer.holding(lock, ms(10))
    }
  })
}

function roomyPool(world: World, process: SimProcess): void {
  const pool = process.lock({ name: 'connections', type: 'semaphore', capacity: 10 })
  for (let i = 0; i < 8; i++) {
    const task = process.task(`query-${i}`)
    task.run(function* () {
      for (;;) {
        yield* task.sleep(world.dice.exponential(seconds(2)))
        yield* task.holding(pool, world.dice.exponential(ms(300)))
      }
    })
  }
}

function orderedLocks(world: World, process: SimProcess): void {
  const [outer, inner] = [process.lock({ name: 'orders' }), process.lock({ name: 'stock' })]
  for (let i = 0; i < 3; i++) {
    const task = process.task(`order-${i}`)
    task.run(function* () {
      for (;;) {
        yield* task.sleep(world.dice.exponential(seconds(3)))
        const hold = yield* task.acquire(outer)
        yield* task.holding(inner, ms(10))
        task.release(hold)
      }
    })
  }
}

function shortWaits(_world: World, process: SimProcess): void {
  const lock = process.lock({ name: 'counter' })
  for (let i = 0; i < 2; i++) {
    const task = process.task(`increment-${i}`)
    task.run(function* () {
      for (;;) {
        yield* task.sleep(seconds(1))
        for (let round = 0; round < 5; round++) yield* task.holding(lock, us(10))
      }
    })
  }
}

function every(world: World, everyNs: () => number, action: () => void): void {
  const next = (): void =>
    world.timeline.at(world.now + everyNs(), () => {
      action()
      next()
    })
  next()
}
