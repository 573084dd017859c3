// Goal: in systems that are well nothing is found that is worth a look. Method: worlds with all
// parts of a healthy system, each from a seed of its own and as a service of its own, ten to a
// store; the report is asked for all of their time and for a random stretch. `HEALTHY_SEEDS=200`
// runs more worlds than the few that each test run can pay, `HEALTHY_SEED=n` begins with that seed.
import { type RankedReport, runReport } from '@wayward/analyzers/report/ranked'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { createDice } from '../harness/simulator/dice.ts'
import { minutes } from '../harness/simulator/duration.ts'
import { feed } from '../harness/simulator/feed.ts'
import { reportWorld } from '../harness/simulator/report.ts'
import { healthyLengthNs, healthyParts } from '../harness/simulator/scenarios/healthy.ts'
import { liveProcess } from '../harness/simulator/scenarios/planted.ts'
import { createWorld, type World } from '../harness/simulator/world.ts'

const firstSeed = Number(process.env['HEALTHY_SEED'] ?? 1)
const seedCount = Number(process.env['HEALTHY_SEEDS'] ?? 2)
const seedsPerStore = 10
const severityMax = 20

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

type Part = keyof typeof healthyParts

const parts = Object.keys(healthyParts) as Part[]
/** What shows itself only after hours runs alone: it is not much. */
const slowParts = parts.filter((part) => healthyLengthNs(part) > minutes(20))

/** The worlds of one seed: what is quick on one process, what is slow on one each. */
function worldsOf(seed: number): World[] {
  const quick = parts.filter((part) => !slowParts.includes(part))
  return [quick, ...slowParts.map((part) => [part])].map((together, index) => {
    const world = createWorld({ seed })
    const service = liveProcess(world, `seed-${seed}-${index}`)
    for (const part of together) healthyParts[part](world, service)
    world.runUntil(Math.max(...together.map(healthyLengthNs)))
    return world
  })
}

function tooSevere({ causes }: RankedReport): string[] {
  return causes
    .flatMap((cause) => [cause, ...cause.faces])
    .filter(({ severity }) => severity > severityMax)
    .map(({ severity, analyzer, summary }) => `${severity} ${analyzer}: ${summary}`)
}

const batches = Array.from({ length: Math.ceil(seedCount / seedsPerStore) }, (_, index) => {
  const from = firstSeed + index * seedsPerStore
  return { from, to: Math.min(from + seedsPerStore, firstSeed + seedCount) }
})

test.each(batches)(
  'nothing above 20 in the healthy systems of seeds from $from to before $to',
  async ({ from, to }) => {
    const worlds = Array.from({ length: to - from }, (_, index) => worldsOf(from + index)).flat()
    await engine.truncateTables()
    for (const world of worlds) await feed(engine, [reportWorld(world)])
    const [world] = worlds
    expect(world).toBeDefined()
    const start = createDice(from).below(minutes(15))
    const stretch = world && {
      from: world.toMoment(start),
      to: world.toMoment(start + minutes(5)),
    }
    for (const window of [{}, stretch ?? {}]) {
      const report = await runReport(engine.reader, window)
      expect(report.asked.filter(({ status }) => status === 'failed')).toEqual([])
      expect(tooSevere(report), JSON.stringify({ from, to, start })).toEqual([])
    }
  },
  300_000,
)
