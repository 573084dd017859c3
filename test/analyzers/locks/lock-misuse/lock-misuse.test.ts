// Goal: each rule of lock-misuse tells what breaks it, and nothing else. Method: planted misuse and
// what the world's own events say.
import { expect, test, vi } from 'vitest'
import { hours, minutes, ms, seconds } from '../../../harness/simulator/duration.ts'
import { plantSelfDeadlock } from '../../../harness/simulator/scenarios/lock-problems.ts'
import { liveProcess } from '../../../harness/simulator/scenarios/planted.ts'
import {
  errorOf,
  everyHealthyPart,
  healthyWorld,
  plantedWorld,
  useStage,
} from '../../../harness/simulator/stage.ts'
import { lockTruth } from '../../../harness/simulator/truth/lock-truth.ts'
import { createWorld } from '../../../harness/simulator/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('lock-misuse')

test('a task that asks for what it holds, in all and in a window', async () => {
  const at = minutes(20)
  const world = plantedWorld(plantSelfDeadlock, { at, until: hours(1) })
  await stage.store(world)
  for (const window of [undefined, { from: at + minutes(3), to: at + minutes(8) }]) {
    const { rows, findings } = await stage.ask(world, window)
    const truth = lockTruth(
      world.events,
      { service: 'shop', lock: 'settings' },
      window ?? { from: 0, to: world.now },
    )
    expect(findings).toMatchObject([{ service: 'shop', subject: 'settings', severity: 90 }])
    expect(rows).toMatchObject([{ rule: 'self', still: truth.stillWaiting, task: 'save' }])
    expect(errorOf(rows[0]?.['cost_ns'], truth.oldestWaitNs)).toBeLessThan(0.01)
  }
})

test('a lease that ends before the work, and a loop that asks again at once', async () => {
  const world = createWorld({ seed: 1 })
  // A lock whose lease is over lets a second one in: as if it had two permits.
  const lease = world.clusterLock({ name: 'lease', type: 'distributed', capacity: 2 })
  for (const at of [0, seconds(20)]) {
    const task = liveProcess(world, 'shop').task('import')
    world.timeline.at(minutes(1) + at, () => task.run(() => task.sleep(0)))
    world.timeline.at(minutes(1) + at, () =>
      task.run(function* () {
        yield* task.holding(lease, seconds(30))
      }),
    )
  }
  const mill = liveProcess(world, 'mill')
  const [lock, holder, spinner] = [mill.lock({ name: 'spun' }), mill.task('a'), mill.task('b')]
  holder.run(function* () {
    yield* holder.holding(lock, seconds(8))
  })
  spinner.run(function* () {
    yield* spinner.sleep(ms(1))
    while (!(yield* spinner.holding(lock, ms(1), { timeoutNs: 0 }))) yield* spinner.sleep(ms(10))
  })
  world.runUntil(minutes(5))
  await stage.store(world)
  const { rows, findings } = await stage.ask(world)
  expect(findings.map(({ subject }) => subject)).toEqual(['lease', 'spun'])
  const [two, spinning] = rows
  expect(two).toMatchObject({ rule: 'two', times: 1, tasks: 2, service: 'shop' })
  expect(errorOf(two?.['cost_ns'], seconds(10))).toBeLessThan(0.01)
  const { refused } = lockTruth(
    world.events,
    { service: 'mill', lock: 'spun' },
    { from: 0, to: world.now },
  )
  expect(spinning).toMatchObject({ rule: 'spinning', times: refused, task: 'b' })
})

test('what the SDK tells of releases, tasks and locks that are gone, with places and times', async () => {
  const world = createWorld({ seed: 1 })
  world.runUntil(minutes(5))
  await stage.engine.truncateTables()
  const event = (rule: string, times: number, more: Record<string, string> = {}): string => {
    const attributes = {
      'wayward.lock.name': 'cart',
      'wayward.lock.id': '7:1',
      'wayward.lock.type': 'mutex',
      'wayward.lock.misuse.rule': rule,
      'wayward.lock.misuse.count': String(times),
      'wayward.lock.misuse.owner': '17',
      ...more,
    }
    const map = Object.entries(attributes).map(([key, value]) => `'${key}', '${value}'`)
    return `INSERT INTO otel_logs (Timestamp, ServiceName, EventName, ResourceAttributes, LogAttributes)
      SELECT toDateTime64('2026-11-21 06:00:00', 9, 'UTC'), 'shop', 'wayward.lock.misuse',
        map('wayward.session.id', 'run-1'), map(${map.join(', ')})`
  }
  const statements = [
    `INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, task_id, granted_at, hold_ns, sequence)
     SELECT 'shop', 'run-1', 'cart', '7:1', '17', toDateTime64('2026-11-21 06:00:00', 9, 'UTC'), 1, 1`,
    event('released_twice', 1, {
      'wayward.task.id': '18',
      'wayward.lock.misuse.site': 'checkout (/app/cart.js:12)',
      'wayward.lock.misuse.asked.site': 'checkout (/app/cart.js:9)',
    }),
    event('released_twice', 41, { 'wayward.task.id': '19' }),
    event('gone', 2),
    event('held_past_end', 1),
  ]
  for (const statement of statements) await stage.engine.writer.command(statement)
  const { rows, findings } = await stage.ask(world)
  expect(rows).toMatchObject([
    { rule: 'gone', times: 2, tasks: 1, task: '17', severity: 70, site: '' },
    {
      rule: 'released_twice',
      times: 42,
      tasks: 2,
      severity: 50,
      site: 'checkout (/app/cart.js:12)',
      asked_site: 'checkout (/app/cart.js:9)',
    },
    { rule: 'held_past_end', times: 1, severity: 30 },
  ])
  expect(findings[1]?.explanation).toContain(
    'Done in checkout (/app/cart.js:12). Asked for in checkout (/app/cart.js:9).',
  )
})

test('nothing in a healthy system', async () => {
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  expect(await stage.ask(world)).toMatchObject({ status: 'ok', rows: [] })
})

test('bad input: nothing, and endless times', async () => {
  const world = createWorld({ seed: 1 })
  await stage.engine.truncateTables()
  expect(await stage.ask(world)).toMatchObject({ status: 'NA', absence: 'nothing_reported' })
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, task_id, granted_at, hold_ns, sequence)
     SELECT 's', 'r', 'l', 'l', toString(number), toDateTime64(1795000000, 9), 18446744073709551615, number + 1 FROM numbers(2)`,
  )
  expect((await stage.ask(world)).rows).toMatchObject([{ rule: 'two', tasks: 2 }])
})
