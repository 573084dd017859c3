// Goal: lock-order finds circles of orders that can deadlock, and no others. Method: worlds of the
// simulator in which tasks take locks in known orders, most of them without ever waiting.
import { expect, test, vi } from 'vitest'
import { hours, minutes, ms, seconds } from '../../../harness/simulator/duration.ts'
import type { SimLock } from '../../../harness/simulator/lock.ts'
import { plantInversion } from '../../../harness/simulator/scenarios/lock-problems.ts'
import { liveProcess } from '../../../harness/simulator/scenarios/planted.ts'
import {
  everyHealthyPart,
  healthyWorld,
  plantedWorld,
  useStage,
} from '../../../harness/simulator/stage.ts'
import type { SimProcess, World } from '../../../harness/simulator/world.ts'
import { createWorld } from '../../../harness/simulator/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('lock-order')

test('an inversion that never made anybody wait, in all and in a window', async () => {
  const world = plantedWorld(plantInversion, { at: minutes(20), until: hours(1) })
  await stage.store(world)
  const { findings, rows } = await stage.ask(world)
  expect(findings).toHaveLength(1)
  expect(findings[0]).toMatchObject({ service: 'shop', about: ['orders', 'stock'] })
  expect(findings[0]?.severity).toBeGreaterThan(20)
  expect(findings[0]?.severity).toBeLessThan(40)
  // Each takes both three times, a minute apart, the second half a minute after the first.
  expect(rows).toMatchObject([{ counts: [3, 3], tasks: 2, same: 1, length: 2 }])
  const from = minutes(20) + seconds(20)
  const both = await stage.ask(world, { from, to: from + minutes(1) })
  expect(both.rows).toMatchObject([{ counts: [1, 1] }])
  const unknown = await stage.ask(world, undefined, { sessions: ['no-such'] })
  expect(unknown).toMatchObject({ status: 'NA', absence: 'unknown_session' })
  const one = await stage.ask(world, { from, to: minutes(20) + seconds(50) })
  expect(one.status).toBe('ok')
})

/** In a process of its own service, a task takes locks in an order, all held to the end. */
type Taking = readonly [task: string, locks: readonly string[], mode?: 'shared']

function plantTakings(world: World, service: string, takings: readonly Taking[]): void {
  const shop: SimProcess = liveProcess(world, service)
  const locks = new Map<string, SimLock>()
  const tasks = new Map<string, ReturnType<SimProcess['task']>>()
  takings.forEach(([name, order, mode], index) => {
    const task = tasks.get(name) ?? shop.task(name)
    tasks.set(name, task)
    const taken = order.map((of) => {
      const lock = locks.get(of) ?? shop.lock({ name: of.split('#')[0] ?? of, type: 'rwlock' })
      locks.set(of, lock)
      return lock
    })
    world.timeline.at(seconds(10 * (index + 1)), () =>
      task.run(function* () {
        const holds = []
        for (const lock of taken) {
          holds.push(yield* task.acquire(lock, mode === undefined ? {} : { mode }))
          yield* task.sleep(ms(3))
        }
        for (const hold of holds.toReversed()) task.release(hold)
      }),
    )
  })
}

test('circles of every kind, and none where there is no risk', async () => {
  const world = createWorld({ seed: 1 })
  const plots: Readonly<Record<string, readonly Taking[]>> = {
    'three-locks': [
      ['t1', ['a', 'b']],
      ['t2', ['b', 'c']],
      ['t3', ['c', 'a']],
    ],
    'same-name': [
      ['t1', ['account#1', 'account#2']],
      ['t2', ['account#2', 'account#1']],
    ],
    'ordered-by-id': [
      ['t1', ['account#1', 'account#2']],
      ['t2', ['account#2', 'account#3']],
    ],
    'gate-locked': [
      ['t1', ['gate', 'a', 'b']],
      ['t2', ['gate', 'b', 'a']],
    ],
    'sometimes-gate-locked': [
      ['t1', ['gate', 'a', 'b']],
      ['t2', ['gate', 'b', 'a']],
      ['t3', ['a', 'b']],
    ],
    'one-task': [
      ['t1', ['a', 'b']],
      ['t1', ['b', 'a']],
    ],
    readers: [
      ['t1', ['a', 'b'], 'shared'],
      ['t2', ['b', 'a'], 'shared'],
    ],
    'one-order': [
      ['t1', ['a', 'b', 'c']],
      ['t2', ['a', 'c']],
    ],
  }
  for (const [service, takings] of Object.entries(plots)) plantTakings(world, service, takings)
  world.runUntil(minutes(5))
  await stage.store(world)
  const { findings } = await stage.ask(world)
  const found = findings.map(({ service, subject }) => `${service}: ${subject}`)
  expect(found.toSorted()).toEqual([
    'same-name: account',
    'sometimes-gate-locked: a, b',
    'three-locks: a, b, c',
  ])
})

test('nothing in a healthy system', async () => {
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  expect(await stage.ask(world)).toMatchObject({ status: 'ok', findings: [] })
})

test('bad input: nothing, locks that hold themselves, unknown ids', async () => {
  const world = createWorld({ seed: 1 })
  await stage.engine.truncateTables()
  expect(await stage.ask(world)).toMatchObject({ status: 'NA', absence: 'nothing_reported' })
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, held, task_id, granted_at, hold_ns)
     SELECT 's', 'r', 'l', 'l', ['l', 'nobody', ''], toString(number), toDateTime64(1795000000, 9), 0 FROM numbers(9)`,
  )
  expect(await stage.ask(world)).toMatchObject({ findings: [], rows: [] })
})
