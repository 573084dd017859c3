// Goal: lock-graph has each nesting with its counts. Method: worlds of the simulator, counted by
// hand.
import { expect, test, vi } from 'vitest'
import { hours, minutes, ms } from '../../../harness/simulator/duration.ts'
import { plantInversion } from '../../../harness/simulator/scenarios/lock-problems.ts'
import {
  errorOf,
  everyHealthyPart,
  healthyWorld,
  plantedWorld,
  useStage,
} from '../../../harness/simulator/stage.ts'
import { createWorld } from '../../../harness/simulator/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('lock-graph')

test('two locks that are taken both ways, in all and in a window', async () => {
  const world = plantedWorld(plantInversion, { at: minutes(20), until: hours(1) })
  await stage.store(world)
  const { rows } = await stage.ask(world)
  expect(rows).toMatchObject([
    { held: 'orders', asked: 'stock', times: 3, waits: 0, tasks: 1, task: 'ship', both_ways: 1 },
    { held: 'stock', asked: 'orders', times: 3, waits: 0, tasks: 1, task: 'restock', both_ways: 1 },
  ])
  expect(errorOf(rows[0]?.['hold_ns'], ms(9))).toBeLessThan(0.01)
  const half = await stage.ask(world, { from: minutes(20), to: minutes(20.4) })
  expect(half.rows).toMatchObject([{ held: 'orders', asked: 'stock', times: 1, both_ways: 0 }])
})

test('a healthy system has a map and no findings; without nesting there is none', async () => {
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  const report = await stage.ask(world)
  expect(report).toMatchObject({ status: 'ok', findings: [] })
  const inner = world.events.filter(
    (event) => event.kind === 'lock requested' && event.lock.name === 'stock',
  )
  const [row] = report.rows
  expect(row).toMatchObject({ held: 'orders', asked: 'stock' })
  expect(Math.abs(Number(row?.['times']) - inner.length)).toBeLessThanOrEqual(1)
  await stage.engine.truncateTables()
  expect(await stage.ask(createWorld({ seed: 1 }))).toMatchObject({ status: 'NA', rows: [] })
})
