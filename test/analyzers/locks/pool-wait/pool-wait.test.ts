// Goal: pool-wait tells pools that are too small, leak or wait for themselves, with their figures.
// Method: worlds of the simulator and what their own events say, in all and in windows.
import { expect, test, vi } from 'vitest'
import { hours, minutes, ms, seconds } from '../../../harness/simulator/duration.ts'
import { plantExhaustedPool } from '../../../harness/simulator/scenarios/lock-problems.ts'
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

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('pool-wait')

/** Six tasks share a pool of three; with a leak, each loses a permit at some time. */
function plantPool(world: World, { leaks }: { readonly leaks: boolean }): void {
  const shop = liveProcess(world, 'shop')
  const pool = shop.lock({ name: 'db', type: 'pool', capacity: 3 })
  for (let i = 0; i < 6; i++) {
    const task = shop.task(`query-${i}`)
    task.run(function* () {
      for (let round = 0; ; round++) {
        const hold = yield* task.acquire(pool)
        yield* task.sleep(ms(100))
        if (leaks && i < 2 && round === 20 * (i + 1)) return
        task.release(hold)
        yield* task.sleep(ms(20))
      }
    })
  }
}

test('a pool that is too small', async () => {
  const world = createWorld({ seed: 1 })
  plantPool(world, { leaks: false })
  world.runUntil(minutes(2))
  await stage.store(world)
  for (const window of [undefined, { from: seconds(31), to: seconds(50) }]) {
    const { rows, findings } = await stage.ask(world, window)
    const truth = lockTruth(
      world.events,
      { service: 'shop', lock: 'db' },
      window ?? { from: 0, to: world.now },
    )
    expect(findings[0]).toMatchObject({ service: 'shop', subject: 'db' })
    expect(rows[0]).toMatchObject({ cause: 'small', size: 3, waiters_max: truth.waitersMax })
    expect(errorOf(rows[0]?.['wait_sum_ns'], truth.waitSumNs)).toBeLessThan(0.01)
    expect(errorOf(rows[0]?.['contended'], truth.contended)).toBeLessThan(0.02)
    if (window !== undefined) {
      const use = truth.holdSumNs / (window.to - window.from) / 3
      expect(Math.abs(Number(rows[0]?.['use']) - use)).toBeLessThan(0.01)
    }
  }
})

test('a pool that leaks, and one whose holders ask for more', async () => {
  const world = createWorld({ seed: 1 })
  plantPool(world, { leaks: true })
  world.runUntil(minutes(2))
  await stage.store(world)
  const leaking = await stage.ask(world)
  expect(leaking.rows[0]).toMatchObject({ cause: 'leak', leaked: 2, size: 3 })
  expect(leaking.findings[0]?.solution).toMatch(/not given back/)
  const nested = plantedWorld(plantExhaustedPool, { at: minutes(5), until: hours(1) })
  await stage.store(nested)
  const { rows, findings } = await stage.ask(nested)
  expect(rows[0]).toMatchObject({ pool: 'connections', cause: 'nested', nested: 4, size: 4 })
  expect(findings[0]?.severity).toBeGreaterThanOrEqual(90)
})

test('nothing above 20 in a healthy system', async () => {
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  for (const window of [undefined, { from: minutes(9), to: minutes(9) + seconds(20) }]) {
    const { findings } = await stage.ask(world, window)
    expect(findings.filter(({ severity }) => severity > 20).map((one) => one.summary)).toEqual([])
  }
})

test('bad input: nothing, and endless times', async () => {
  const world = createWorld({ seed: 1 })
  await stage.engine.truncateTables()
  expect(await stage.ask(world)).toMatchObject({ status: 'NA', absence: 'nothing_reported' })
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_waits (service, session, lock_name, lock_id, lock_type, result, requested_at, wait_ns)
     SELECT 's', 'r', 'l', 'l', 'pool', 'granted', toDateTime64(1795000000, 9), 18446744073709551615 FROM numbers(1)`,
  )
  expect((await stage.ask(world)).rows).toMatchObject([{ pool: 'l', contended: 1, size: 0 }])
})
