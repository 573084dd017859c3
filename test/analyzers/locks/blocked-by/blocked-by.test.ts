// Goal: blocked-by charges waits to those who held the lock meanwhile, in whole worlds and in
// windows. Method: worlds of the simulator and what their own events say; random holds and waits
// against an implementation that looks at every moment.
import type { Report } from '@wayward/analyzers'
import { expect, test, vi } from 'vitest'
import { createDice } from '../../../harness/simulator/dice.ts'
import { hours, minutes, ms, seconds } from '../../../harness/simulator/duration.ts'
import * as plants from '../../../harness/simulator/scenarios/lock-problems.ts'
import { liveProcess } from '../../../harness/simulator/scenarios/planted.ts'
import {
  errorOf,
  everyHealthyPart,
  healthyWorld,
  plantedWorld,
  useStage,
} from '../../../harness/simulator/stage.ts'
import { lockTruth } from '../../../harness/simulator/truth/lock-truth.ts'
import { createWorld, type World } from '../../../harness/simulator/world.ts'
import { chargesByHolder, randomUse } from './every-moment.ts'

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('blocked-by')

/** What is charged to each task of a lock, by the task's number. */
function charged({ rows }: Report, world: World, lock: string): Map<string, number> {
  const idOf = new Map(
    world.events.flatMap((event) =>
      event.kind === 'lock requested' && event.lock.name === lock
        ? [[event.task.name, event.task.id] as const]
        : [],
    ),
  )
  return new Map(
    rows
      .filter((row) => row['lock_name'] === lock)
      .map((row) => [idOf.get(String(row['holder'])) ?? '', Number(row['blocked_ns'])]),
  )
}

test.each([
  [plants.plantConvoy, 'log-file', 'rotate'],
  [plants.plantStarvedWriter, 'catalog', 'reader-0'],
  [plants.plantExhaustedPool, 'connections', 'report-0'],
  [plants.plantLeakedLock, 'export', 'export'],
] as const)('%o is charged as the world knows it', async (plant, lock, by) => {
  const at = minutes(20)
  const world = plantedWorld(plant, { at, until: hours(1) })
  await stage.store(world)
  const dice = createDice(5)
  const from = at + dice.below(seconds(15))
  const windows = [undefined, { from, to: from + seconds(2) + dice.below(minutes(5)) }]
  for (const window of windows) {
    const report = await stage.ask(world, window)
    expect(report.findings[0]).toMatchObject({ service: 'shop', subject: lock })
    expect(report.rows.map((row) => row['holder'])).toContain(by)
    const told = charged(report, world, lock)
    const within = window ?? { from: 0, to: hours(1) }
    const { blockedNsByHolder } = lockTruth(world.events, { service: 'shop', lock }, within)
    for (const [actor, truthNs] of blockedNsByHolder) {
      const task = actor.split('/').at(-1) ?? ''
      // The last snapshot of what is open may be a second old.
      const slackNs = window === undefined ? seconds(10) : seconds(1)
      const differs = Math.abs((told.get(task) ?? 0) - truthNs)
      expect(differs, `task ${task} in ${JSON.stringify(window)}`).toBeLessThanOrEqual(
        Math.max(truthNs * 0.01, truthNs > hours(0.1) ? slackNs : 1000),
      )
    }
  }
})

test('says what the holder was doing, and follows the chain to its end', async () => {
  const world = createWorld({ seed: 1 })
  const shop = liveProcess(world, 'shop')
  const locks = ['a', 'b', 'c'].map((name) => shop.lock({ name }))
  const [a, b, c] = locks as [(typeof locks)[0], (typeof locks)[0], (typeof locks)[0]]
  const use = (name: string, at: number, held: typeof locks, work: string): void => {
    const task = shop.task(name)
    world.timeline.at(at, () =>
      task.run(function* () {
        yield* task.within(`POST /${name}`, function* () {
          const holds = []
          for (const lock of held) holds.push(yield* task.acquire(lock))
          yield* task.within(work, () => task.sleep(seconds(20)))
          for (const hold of holds) task.release(hold)
        })
      }),
    )
  }
  use('last', 0, [c], 'SELECT everything')
  use('middle', ms(10), [b, c], 'compute')
  use('first', ms(20), [a, b], 'compute')
  use('victim', ms(30), [a], 'compute')
  world.runUntil(minutes(3))
  await stage.store(world)
  const { rows, findings } = await stage.ask(world)
  const rowOf = (lock: string, holder: string) =>
    rows.find((row) => row['lock_name'] === lock && row['holder'] === holder)
  expect(rowOf('c', 'last')).toMatchObject({
    within: 'POST /last',
    doing: 'SELECT everything 20000 ms',
    waiters: 'middle 19990 ms',
    chain: '',
  })
  expect(rowOf('a', 'first')).toMatchObject({
    chain: 'b held by middle, who waited for c held by last',
  })
  const finding = findings.find(({ subject }) => subject === 'a')
  expect(finding?.explanation).toMatch(/It waited itself for b held by middle, who waited for c/)
  expect(errorOf(rowOf('a', 'first')?.['blocked_ns'], seconds(60) - ms(30))).toBeLessThan(0.01)
})

test('a holder that nobody reported is told as unknown', async () => {
  const world = plantedWorld(plants.plantConvoy, { at: minutes(1), until: minutes(5) })
  await stage.store(world, { droppedShare: 0.3 })
  const { rows, findings } = await stage.ask(world)
  expect(Number(rows[0]?.['known_share'])).toBeLessThan(0.95)
  expect(findings[0]?.explanation).toMatch(/nobody reported who held the lock/)
  const unknown = await stage.ask(world, undefined, { sessions: ['no-such'] })
  expect(unknown).toMatchObject({ status: 'NA', absence: 'unknown_session' })
})

test('nothing above 20 in a healthy system', async () => {
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  for (const window of [undefined, { from: minutes(9), to: minutes(9) + seconds(20) }]) {
    const { findings } = await stage.ask(world, window)
    expect(findings.filter(({ severity }) => severity > 20).map((one) => one.summary)).toEqual([])
  }
})

test.each([1, 2])('random use %i is charged as by looking at every moment', async (seed) => {
  const { spans, use } = randomUse(seed)
  await stage.engine.truncateTables()
  await stage.engine.insertRows('otel_traces', spans)
  const world = createWorld({ seed })
  const { rows } = await stage.ask(world)
  const told = Object.fromEntries(
    rows.map((row) => [
      `${String(row['lock_name'])} ${String(row['holder'])}`,
      Number(row['blocked_ns']),
    ]),
  )
  const slow = chargesByHolder(use)
  expect(Object.keys(told).toSorted()).toEqual([...slow.keys()].toSorted())
  for (const [key, ns] of slow) expect(Math.abs((told[key] ?? 0) - ns), key).toBeLessThan(1000)
})

test('bad input: nothing, negative and endless times, an unknown session', async () => {
  const world = createWorld({ seed: 1 })
  await stage.engine.truncateTables()
  expect(await stage.ask(world)).toMatchObject({ status: 'NA', absence: 'nothing_reported' })
  const columns = 'service, session, trace_id, lock_name, lock_id, task_id, sequence'
  const common = `'s' AS service, 'r' AS session, '' AS trace_id, 'l', 'l', toString(number), number + 1`
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_holds (${columns}, granted_at, hold_ns)
     SELECT ${common}, toDateTime64(1795000000, 9), if(number = 1, 6300000000000000000, 0) FROM numbers(3)`,
  )
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_waits (${columns}, requested_at, wait_ns)
     SELECT ${common}, toDateTime64(1795000000, 9), if(number = 2, 18446744073709551615, 0) FROM numbers(3)`,
  )
  const { rows } = await stage.ask(world)
  expect(rows).toMatchObject([{ holder: '1', victims: 1 }])
})
