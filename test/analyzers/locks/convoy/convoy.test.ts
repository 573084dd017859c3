// Goal: convoy tells for how long a lock had no break, and how many were served meanwhile. Method:
// a planted convoy and what the world's own events say, in all and in random windows.
import { expect, test, vi } from 'vitest'
import { createDice } from '../../../harness/simulator/dice.ts'
import { days, hours, minutes, seconds } from '../../../harness/simulator/duration.ts'
import { plantConvoy } from '../../../harness/simulator/scenarios/lock-problems.ts'
import {
  errorOf,
  everyHealthyPart,
  healthyWorld,
  plantedWorld,
  useStage,
} from '../../../harness/simulator/stage.ts'
import { convoyTruths } from '../../../harness/simulator/truth/convoy-truth.ts'
import { createWorld } from '../../../harness/simulator/world.ts'

vi.setConfig({ testTimeout: 300_000 })

const stage = useStage('convoy')

test.each([minutes(20), days(14)])('a convoy %d ns after the start', async (at) => {
  const world = plantedWorld(plantConvoy, { at, until: at + hours(1) })
  await stage.store(world)
  const dice = createDice(at)
  const random = () => {
    const from = at + dice.below(seconds(10))
    return { from, to: from + seconds(5) + dice.below(seconds(30)) }
  }
  for (const window of [undefined, random(), random()]) {
    const { rows, findings } = await stage.ask(world, window)
    expect(findings[0]).toMatchObject({ service: 'shop', subject: 'log-file' })
    expect(findings[0]?.severity).toBeGreaterThan(80)
    const all = convoyTruths(world.events, 'log-file', window ?? { from: 0, to: world.now })
    const [longest] = all.toSorted((a, b) => b.lengthNs - a.lengthNs)
    expect(rows[0]).toMatchObject({ peak: longest?.peak })
    expect(errorOf(rows[0]?.['longest_ns'], longest?.lengthNs ?? 0)).toBeLessThan(0.01)
    expect(errorOf(rows[0]?.['served'], longest?.served ?? 0)).toBeLessThan(0.01)
    const blockedNs = Number(rows[0]?.['queue_mean']) * Number(rows[0]?.['longest_ns'])
    expect(errorOf(blockedNs, longest?.waitNs ?? 0)).toBeLessThan(0.01)
  }
})

test('nothing above 20 in a healthy system', async () => {
  const world = healthyWorld(everyHealthyPart, { seed: 8, until: minutes(20) })
  await stage.store(world)
  for (const window of [undefined, { from: minutes(9), to: minutes(9) + seconds(20) }]) {
    const { findings } = await stage.ask(world, window)
    expect(findings.filter(({ severity }) => severity > 20).map((one) => one.summary)).toEqual([])
  }
})

test('bad input: nothing, equal and endless times', async () => {
  const world = createWorld({ seed: 1 })
  await stage.engine.truncateTables()
  expect(await stage.ask(world)).toMatchObject({ status: 'NA', absence: 'nothing_reported' })
  await stage.engine.writer.command(
    `INSERT INTO wayward_lock_waits (service, session, lock_name, lock_id, result, requested_at, wait_ns, sequence)
     SELECT 's', 'r', 'l', 'l', 'granted', toDateTime64(1795000000, 9), if(number % 2 = 0, 0, 18446744073709551615), number
     FROM numbers(8)`,
  )
  expect((await stage.ask(world)).rows).toMatchObject([{ peak: 4, served: 4 }])
})
