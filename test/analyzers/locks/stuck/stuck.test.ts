// Goal: stuck tells locks that are never released and requests that wait without end, with their
// ages. Method: worlds of the simulator and what their own events say, in all and in windows.
import { expect, test, vi } from 'vitest'
import { days, hours, minutes, ms, seconds } from '../../../harness/simulator/duration.ts'
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
import { createWorld } from '../../../harness/simulator/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('stuck')

test.each([
  [plants.plantLeakedLock, 'export', 'export', [50, 70]],
  [plants.plantSelfDeadlock, 'settings', 'save', [80, 95]],
  [plants.plantExhaustedPool, 'connections', 'report-0', [80, 95]],
] as const)('%o, on a process of hours and of weeks', async (plant, lock, holder, severities) => {
  for (const at of [minutes(20), days(14)]) {
    const world = plantedWorld(plant, { at, until: at + minutes(40) })
    await stage.store(world)
    const window = { from: at + minutes(5), to: at + minutes(30) }
    for (const within of at > days(1) ? [window] : [undefined, window]) {
      const { findings, rows } = await stage.ask(world, within)
      expect(findings[0]).toMatchObject({ service: 'shop', subject: lock })
      if (within === undefined) {
        expect(findings[0]?.severity).toBeGreaterThanOrEqual(severities[0])
        expect(findings[0]?.severity).toBeLessThanOrEqual(severities[1])
      }
      const truth = lockTruth(
        world.events,
        { service: 'shop', lock },
        within ?? { from: 0, to: world.now },
      )
      expect(rows[0]).toMatchObject({ holder, waiting: truth.stillWaiting })
      expect(errorOf(rows[0]?.['held_ns'], truth.oldestHoldNs)).toBeLessThan(0.01)
      if (truth.stillWaiting > 0) {
        expect(errorOf(rows[0]?.['wait_max_ns'], truth.oldestWaitNs)).toBeLessThan(0.01)
      }
    }
  }
})

test('who gave up is counted; a lock that is kept for hours as always is nothing', async () => {
  const world = createWorld({ seed: 1 })
  const shop = liveProcess(world, 'shop')
  const [leader, keeper] = [shop.lock({ name: 'leader' }), shop.task('keeper')]
  keeper.run(function* () {
    for (;;) yield* keeper.holding(leader, minutes(20))
  })
  plants.plantLeakedLock(world, { service: 'mill', at: minutes(5) })
  world.runUntil(hours(2.1))
  await stage.store(world)
  const { rows, findings } = await stage.ask(world)
  expect(rows.map((row) => row['lock_name'])).toEqual(['export'])
  expect(rows[0]).toMatchObject({ gave_up: 5, still_held: 1, waiting: 0 })
  expect(errorOf(rows[0]?.['blocked_ns'], seconds(75))).toBeLessThan(0.01)
  expect(findings[0]?.summary).toMatch(/5 requests given up, together 75 s/)
})

test('nothing above 20 in a healthy system', async () => {
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  for (const window of [undefined, { from: minutes(9), to: minutes(9) + ms(1) }]) {
    expect((await stage.ask(world, window)).findings).toEqual([])
  }
})

test('bad input: nothing, endless times', async () => {
  const world = createWorld({ seed: 1 })
  await stage.engine.truncateTables()
  expect(await stage.ask(world)).toMatchObject({ status: 'NA', absence: 'nothing_reported' })
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_waits (service, session, lock_name, lock_id, result, requested_at, wait_ns)
     SELECT 's', 'r', 'l', 'l', 'timeout', toDateTime64(1795000000, 9), 18446744073709551615 FROM numbers(2)`,
  )
  expect(await stage.ask(world)).toMatchObject({ rows: [], findings: [] })
})
