// Goal: the simulator is right before anything is held against it. Method: small worlds whose
// figures can be told by hand, and what arrives in the store against what happened.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../engine.ts'
import { hours, minutes, ms, seconds } from './duration.ts'
import { feed } from './feed.ts'
import { reportWorld } from './report.ts'
import { jobTruth } from './truth/job-truth.ts'
import { deadlocksAtEnd, lockTruth } from './truth/lock-truth.ts'
import { queueTruth } from './truth/queue-truth.ts'
import { createWorld, type World } from './world.ts'

describe('a world', () => {
  test('grants a mutex in turn, and knows who waited how long for whom', () => {
    const world = createWorld({ seed: 1 })
    const shop = world.process({ service: 'shop' })
    const stock = shop.lock({ name: 'stock' })
    for (const name of ['a', 'b', 'c']) {
      const task = shop.task(name)
      task.run(function* () {
        yield* task.holding(stock, seconds(2))
      })
    }
    world.runUntil(seconds(10))
    const of = { service: 'shop', lock: 'stock' }
    expect(lockTruth(world.events, of, { from: 0, to: seconds(10) })).toMatchObject({
      requests: 3,
      contended: 2,
      waitSumNs: seconds(6),
      waitedNs: seconds(4),
      waitMaxNs: seconds(4),
      waitersMax: 2,
      holdSumNs: seconds(6),
      stillWaiting: 0,
    })
    const inside = lockTruth(world.events, of, { from: seconds(1), to: seconds(3) })
    expect(inside).toMatchObject({
      requests: 0,
      contended: 2,
      waitSumNs: seconds(3),
      waitersMax: 2,
    })
    expect([...inside.blockedNsByHolder]).toEqual([
      ['shop/shop-1/1', seconds(2)],
      ['shop/shop-1/2', seconds(1)],
    ])
  })

  test('lets readers share, writers wait, and semaphores count permits', () => {
    const world = createWorld({ seed: 1 })
    const shop = world.process({ service: 'shop' })
    const cache = shop.lock({ name: 'cache', type: 'rwlock' })
    const pool = shop.lock({ name: 'pool', type: 'semaphore', capacity: 3 })
    const granted: string[] = []
    const use = (name: string, lock: typeof cache, options: object): void => {
      const task = shop.task(name)
      task.run(function* () {
        yield* task.holding(lock, seconds(1), options)
        granted.push(`${name} ${world.now / 1e9}`)
      })
    }
    use('reader 1', cache, { mode: 'shared' })
    use('reader 2', cache, { mode: 'shared' })
    use('writer', cache, {})
    use('reader 3', cache, { mode: 'shared' })
    use('two', pool, { permits: 2 })
    use('one', pool, {})
    use('three', pool, { permits: 3 })
    use('hasty', pool, { timeoutNs: ms(500) })
    world.runUntil(seconds(10))
    expect(granted).toEqual([
      'hasty 0.5',
      'reader 1 1',
      'reader 2 1',
      'two 1',
      'one 1',
      'writer 2',
      'three 2',
      'reader 3 3',
    ])
  })

  test('finds cycles of tasks that wait for each other', () => {
    const world = createWorld({ seed: 1 })
    const shop = world.process({ service: 'shop' })
    const locks = ['a', 'b', 'c'].map((name) => shop.lock({ name }))
    locks.forEach((lock, index) => {
      const task = shop.task(lock.name)
      task.run(function* () {
        yield* task.acquire(lock)
        yield* task.sleep(ms(1))
        yield* task.acquire(locks[(index + 1) % 3] as typeof lock)
      })
    })
    world.runUntil(seconds(1))
    const cycles = deadlocksAtEnd(world.events).map((cycle) => cycle.map(({ name }) => name))
    expect(cycles).toEqual([['a', 'b', 'c']])
  })

  test('counts what a queue did within a stretch of time', () => {
    const world = createWorld({ seed: 1 })
    const shop = world.process({ service: 'shop' })
    const mails = shop.queue({ name: 'mails', processingNs: () => seconds(2) })
    for (let i = 0; i < 10; i++) world.timeline.at(seconds(i), () => mails.enqueue())
    world.runUntil(seconds(10))
    const of = { service: 'shop', queue: 'mails' }
    expect(queueTruth(world.events, of, { from: seconds(4), to: seconds(8) })).toMatchObject({
      arrived: 4,
      ended: 2,
      backlogMax: 4,
      processingMean: 1,
      processingMax: 1,
    })
    expect(queueTruth(world.events, of, { from: 0, to: seconds(10) })).toMatchObject({
      backlogAtEnd: 5,
      oldestWaitingNs: seconds(5),
    })
  })

  test('knows which runs were late, missed, doubled, overlapping or hang', () => {
    const world = createWorld({ seed: 1 })
    const shop = world.process({ service: 'shop' })
    shop.job({
      name: 'sweep',
      periodNs: minutes(1),
      plan: (number) => {
        if (number === 3) return { outcome: 'missed' }
        if (number === 5) return { times: 2, durationNs: seconds(1) }
        if (number === 7) return { lateNs: seconds(20), durationNs: seconds(1) }
        if (number === 8) return { durationNs: seconds(90) }
        return number === 10 ? { outcome: 'hangs' } : { durationNs: seconds(1) }
      },
    })
    world.runUntil(minutes(12.5))
    const of = { service: 'shop', job: 'sweep' }
    const truth = jobTruth(world.events, of, { from: 0, to: world.now })
    expect(truth).toMatchObject({
      due: 12,
      missed: 1,
      doubled: 1,
      started: 12,
      overlapMax: 2,
      running: 1,
      runningMaxNs: minutes(1.5),
    })
    expect(Math.max(...truth.latenessNs)).toBe(seconds(20))
  })
})

describe('what a world reports', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await startTestStore()
  })

  afterAll(async () => {
    await engine.shutdown()
  })

  async function rowsOf<Row>(world: World, settings: object, sql: string): Promise<Row[]> {
    await engine.truncateTables()
    await feed(engine, [reportWorld(world, settings)])
    return await engine.reader.query<Row>(sql)
  }

  test('is all in the store, as the SDK reports it', async () => {
    const world = busyWorld(7)
    const rows = await rowsOf(world, {}, countsSql)
    const count = (kind: string, also: (event: never) => boolean = () => true): string =>
      String(world.events.filter((event) => event.kind === kind && also(event as never)).length)
    const waited = ({ hasWaited }: { hasWaited: boolean }) => hasWaited
    expect(rows).toEqual([
      {
        holds: count('lock released'),
        waits: count('lock granted', waited),
        items: count('item ended'),
        runs: count('run ended'),
        long_open: '2',
      },
    ])
  })

  test('lacks what was sampled out, dropped or not sent before a death', async () => {
    const world = busyWorld(8)
    const sums = `SELECT (SELECT count() FROM otel_traces) AS spans,
      (SELECT sum(dropped) FROM wayward_sessions) AS dropped`
    const [whole] = await rowsOf<{ spans: string }>(world, {}, sums)
    const [thinned] = await rowsOf<{ spans: string }>(world, { sampledShare: 0.5 }, sums)
    expect(Number(thinned?.spans) / Number(whole?.spans)).toBeCloseTo(0.5, 1)
    const [lossy] = await rowsOf<{ spans: string; dropped: string }>(
      world,
      { droppedShare: 0.1 },
      sums,
    )
    expect(Number(lossy?.spans) + Number(lossy?.dropped)).toBe(Number(whole?.spans))
    expect(Number(lossy?.dropped)).toBeGreaterThan(0)
    const [twice] = await rowsOf<{ spans: string }>(world, { repeatedShare: 1 }, sums)
    expect(Number(twice?.spans)).toBe(2 * Number(whole?.spans))
    world.processes[0]?.die()
    const [dead] = await rowsOf<{ spans: string }>(world, {}, sums)
    expect(Number(dead?.spans)).toBeLessThan(Number(whole?.spans))
  })
})

const countsSql = `SELECT
  (SELECT count() FROM wayward_lock_holds) AS holds,
  (SELECT count() FROM wayward_lock_waits WHERE result = 'granted') AS waits,
  (SELECT count() FROM wayward_queue_items) AS items,
  (SELECT count() FROM wayward_job_runs) AS runs,
  (SELECT count() FROM wayward_open_operations FINAL WHERE age_ns > 3e12) AS long_open`

/** An hour with locks, a queue, a job, and a wait that does not end. */
function busyWorld(seed: number): World {
  const world = createWorld({ seed })
  const shop = world.process({ service: 'shop', clock: { offsetNs: seconds(-3) } })
  const stock = shop.lock({ name: 'stock' })
  const mails = shop.queue({ name: 'mails', concurrency: 2, processingNs: () => ms(700) })
  shop.job({ name: 'sweep', periodNs: minutes(1), plan: () => ({ durationNs: seconds(2) }) })
  for (let i = 0; i < 4; i++) {
    const task = shop.task(`order-${i}`)
    task.run(function* () {
      for (;;) {
        yield* task.sleep(world.dice.exponential(seconds(5)))
        yield* task.within('POST /order', function* () {
          yield* task.holding(stock, world.dice.exponential(seconds(1)))
          mails.enqueue({ name: 'confirmation' }, task)
        })
      }
    })
  }
  const [stuck, holder] = [shop.task('stuck'), shop.task('holder')]
  const leaked = shop.lock({ name: 'leaked' })
  holder.run(() => leave(holder.acquire(leaked)))
  stuck.run(() => leave(stuck.acquire(leaked)))
  world.runUntil(hours(1))
  return world
}

function* leave<Step>(steps: Generator<Step, unknown, unknown>): Generator<Step, void, unknown> {
  yield* steps
}
