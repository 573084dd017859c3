// Goal: starvation tells who waits while others overtake, and by how many. Method: planted
// starvation and what the world's own events say, in all and in windows.
import { expect, test, vi } from 'vitest'
import type { LockRequested, WorldEvent } from '../../../harness/simulator/event.ts'
import { hours, minutes, seconds } from '../../../harness/simulator/duration.ts'
import * as plants from '../../../harness/simulator/scenarios/lock-problems.ts'
import {
  errorOf,
  everyHealthyPart,
  healthyWorld,
  plantedWorld,
  useStage,
} from '../../../harness/simulator/stage.ts'
import type { SpanOfTime } from '../../../harness/simulator/truth/span-of-time.ts'
import { createWorld } from '../../../harness/simulator/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('starvation')

/** How long a task waited in its first request, and how many that came later were served before. */
function starvationTruth(events: readonly WorldEvent[], victim: string, { from, to }: SpanOfTime) {
  const requests = new Map<number, LockRequested>()
  let first: LockRequested | undefined
  let endAt = to
  let overtakenBy = 0
  for (const event of events) {
    if (event.at >= to) break
    if (event.kind === 'lock requested') {
      requests.set(event.operation, event)
      if (event.task.name === victim) first ??= event
    }
    if (event.kind !== 'lock granted' || first === undefined) continue
    const request = requests.get(event.operation)
    if (request === first) {
      endAt = event.at
      break
    }
    if (request?.lock === first.lock && request.at > first.at && event.at >= from) overtakenBy++
  }
  return { waitNs: endAt - (first?.at ?? endAt), overtakenBy }
}

test.each([
  [plants.plantStarvedWriter, 'catalog', 'writer', /which writes, .* while \d+ requests/],
  [plants.plantStarvedRequest, 'printer', 'backup', /backup (had )?waited for/],
] as const)('%o', async (plant, lock, victim, words) => {
  const at = minutes(20)
  const world = plantedWorld(plant, { at, until: at + hours(1.2) })
  await stage.store(world)
  for (const window of [undefined, { from: at + minutes(2), to: at + minutes(7) }]) {
    const { rows, findings } = await stage.ask(world, window)
    const truth = starvationTruth(world.events, victim, window ?? { from: 0, to: world.now })
    expect(findings[0]).toMatchObject({ service: 'shop', subject: lock })
    expect(findings[0]?.severity).toBeGreaterThan(65)
    expect(findings[0]?.summary).toMatch(words)
    const row = rows.find((one) => one['victim'] === victim)
    expect(errorOf(row?.['wait_ns'], truth.waitNs)).toBeLessThan(0.01)
    expect(Math.abs(Number(row?.['overtaken_by']) - truth.overtakenBy)).toBeLessThanOrEqual(
      truth.overtakenBy * 0.01,
    )
  }
})

test('who is served in turn is not starved, and nobody is in a healthy system', async () => {
  const convoy = plantedWorld(plants.plantConvoy, { at: minutes(1), until: minutes(10) })
  await stage.store(convoy)
  expect((await stage.ask(convoy)).rows).toEqual([])
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  const { findings } = await stage.ask(world)
  expect(findings.filter(({ severity }) => severity > 20)).toEqual([])
})

test('bad input: nothing, equal and endless times', async () => {
  const world = createWorld({ seed: 1 })
  await stage.engine.truncateTables()
  expect(await stage.ask(world)).toMatchObject({ status: 'NA', absence: 'nothing_reported' })
  const columns = 'service, session, lock_name, lock_id, task_id, sequence'
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_waits (${columns}, requested_at, wait_ns)
     SELECT 's', 'r', 'l', 'l', toString(number), number + 1, toDateTime64(1795000000, 9), 18446744073709551615 FROM numbers(3)`,
  )
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_holds (${columns}, granted_at, hold_ns, wait_ns)
     SELECT 's', 'r', 'l', 'l', toString(number), number + 9, toDateTime64(1795000000, 9), 0, 18446744073709551615 FROM numbers(3)`,
  )
  expect((await stage.ask(world, { from: 0, to: seconds(1) })).rows).toEqual([])
})
