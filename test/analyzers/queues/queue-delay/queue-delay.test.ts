// Goal: what queue-delay says of a queue is what happened in it. Method: worlds of the simulator
// with known problems, and figures counted from their own events, in whole and in random windows.
import { type Report, runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'
import { createDice } from '../../../harness/simulator/dice.ts'
import { days, hours, minutes, ms, seconds } from '../../../harness/simulator/duration.ts'
import { feed } from '../../../harness/simulator/feed.ts'
import { type ReportSettings, reportWorld } from '../../../harness/simulator/report.ts'
import { healthyParts } from '../../../harness/simulator/scenarios/healthy.ts'
import { liveProcess } from '../../../harness/simulator/scenarios/planted.ts'
import * as plants from '../../../harness/simulator/scenarios/queue-problems.ts'
import { queueTruth } from '../../../harness/simulator/truth/queue-truth.ts'
import { createWorld, type World } from '../../../harness/simulator/world.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

interface Window {
  readonly from: number
  readonly to: number
}

async function store(world: World, settings: ReportSettings = {}): Promise<void> {
  await engine.truncateTables()
  await feed(engine, [reportWorld(world, settings)])
}

async function ask(world: World, window?: Window): Promise<Report> {
  const moments =
    window === undefined ? {} : { from: world.toMoment(window.from), to: world.toMoment(window.to) }
  return await runAnalyzer(engine.reader, 'queue-delay', moments)
}

async function told(world: World, window?: Window): Promise<Record<string, unknown>> {
  const { rows } = await ask(world, window)
  expect(rows).toHaveLength(1)
  return { ...rows[0] }
}

/** A world in which something was planted two hours after its beginning, in the store. */
async function planted(
  plant: (world: World, plot: { service: string; at: number }) => unknown,
  untilNs = hours(3),
  at = hours(2),
): Promise<World> {
  const world = createWorld({ seed: 3 })
  plant(world, { service: 'shop', at })
  world.runUntil(untilNs)
  await store(world)
  return world
}

function expectWithin1Percent(
  row: Record<string, unknown>,
  figures: Readonly<Record<string, number>>,
): void {
  for (const [name, figure] of Object.entries(figures)) {
    const told = Number(row[name])
    const difference = Math.abs(told - figure) / Math.max(Math.abs(figure), 1e-9)
    expect(difference, `${name}: told ${told}, true ${figure}`).toBeLessThanOrEqual(0.01)
  }
}

describe('what is wrong is told, with its cause', () => {
  // Each in a service of its own, so that one question is about all.
  const expected = {
    hung: [plants.plantHungWorker, 'Stalled', [90, 95]],
    paused: [plants.plantPausedQueue, 'Stalled', [90, 95]],
    burst: [plants.plantBurst, 'Active', [50, 69]],
    overloaded: [plants.plantBacklog, 'Active', [40, 69]],
    starved: [plants.plantStarvedItems, 'Backlogged', [40, 69]],
    failing: [plants.plantFailingItems, 'Idle', [40, 69]],
  } as const
  let asked: Report

  beforeAll(async () => {
    const world = createWorld({ seed: 3 })
    for (const [service, [plant]] of Object.entries(expected))
      plant(world, { service, at: hours(2) })
    world.runUntil(hours(3))
    await store(world)
    asked = await ask(world)
  })

  test.each(Object.keys(expected) as (keyof typeof expected)[])('%s', (service) => {
    const [, state, [least, most]] = expected[service]
    // What came faster than it was processed, and has been processed since, was a burst.
    const cause = service === 'overloaded' ? 'burst' : service
    expect(asked.rows.filter((row) => row['service'] === service)).toMatchObject([{ cause, state }])
    const findings = asked.findings.filter((finding) => finding.service === service)
    expect(findings).toHaveLength(1)
    expect(findings[0]?.severity).toBeGreaterThanOrEqual(least)
    expect(findings[0]?.severity).toBeLessThanOrEqual(most)
  })

  test('advice does not say that a hung worker wants more of them, nor that a pause is a burst', () => {
    const solutionOf = (service: string) =>
      asked.findings.find((finding) => finding.service === service)?.solution
    expect(solutionOf('hung')).not.toMatch(/raise the concurrency/)
    expect(solutionOf('paused')).toMatch(/paused/)
    expect(solutionOf('paused')).not.toMatch(/spread/)
  })

  test('a hang, however well it went for weeks before', async () => {
    const world = await planted(plants.plantHungWorker, days(21) + minutes(10), days(21))
    expect(await told(world)).toMatchObject({ cause: 'hung', backlog_end: 30 })
    expect((await ask(world)).findings[0]?.severity).toBeGreaterThanOrEqual(75)
  })

  test('a hang, from within: items that came before the window wait in it', async () => {
    const world = await planted(plants.plantHungWorker)
    const row = await told(world, { from: hours(2.5), to: hours(2.5) + seconds(10) })
    expect(row).toMatchObject({ cause: 'hung', state: 'Stalled', arrived: 0, backlog_start: 30 })
    expect(Number(row['severity'])).toBeGreaterThanOrEqual(80)
  })

  test('more than can be processed, while it goes on', async () => {
    const world = await planted(plants.plantBacklog)
    const row = await told(world, { from: hours(2) + minutes(2), to: hours(2) + minutes(8) })
    expect(row).toMatchObject({ cause: 'overloaded' })
    expect(Number(row['load'])).toBeGreaterThan(1.1)
  })
})

test('what is well is told as such, as a whole and in any window', async () => {
  const parts = ['a queue at 50 % use', 'batches that drain', 'a burst to ten workers'] as const
  const world = createWorld({ seed: 1 })
  for (const part of parts) {
    for (const copy of [1, 2]) healthyParts[part](world, liveProcess(world, `${part}, ${copy}`))
  }
  world.runUntil(minutes(20))
  await store(world)
  const from = createDice(1).below(minutes(15))
  const windows = [undefined, { from, to: from + seconds(11) }, { from, to: from + minutes(3) }]
  for (const window of windows) {
    const { findings, rows } = await ask(world, window)
    expect(findings.map(({ summary }) => summary)).toEqual([])
    if (window === undefined) expect(rows).toHaveLength(2 * parts.length)
  }
})

describe('figures are those of the world within 1 %', () => {
  const plantedHow = {
    steady: (world: World) =>
      healthyParts['a queue at 50 % use'](world, liveProcess(world, 'steady')),
    backlog: (world: World) => plants.plantBacklog(world, { service: 'backlog', at: minutes(20) }),
    burst: (world: World) => plants.plantBurst(world, { service: 'burst', at: minutes(20) }),
    hung: (world: World) => plants.plantHungWorker(world, { service: 'hung', at: minutes(25) }),
  }
  const world = createWorld({ seed: 11 })

  beforeAll(async () => {
    for (const plant of Object.values(plantedHow)) plant(world)
    world.runUntil(hours(1))
    await store(world)
  })

  test.each([1, 2, 3])('in random window %i', async (seed) => {
    const dice = createDice(seed)
    const from = minutes(20) + dice.below(minutes(9))
    const window = { from, to: from + seconds(5) + dice.below(minutes(15)) }
    const { rows } = await ask(world, window)
    expect(rows).toHaveLength(Object.keys(plantedHow).length)
    for (const row of rows) {
      const [service, queue] = [String(row['service']), String(row['queue_name'])]
      const truth = queueTruth(world.events, { service, queue }, window)
      expectWithin1Percent(row, {
        arrived: truth.arrived,
        arrival_rate: truth.arrivedPerSecond,
        items: truth.ended,
        backlog_start: truth.backlogAtStart,
        backlog_end: truth.backlogAtEnd,
        backlog_max: truth.backlogMax,
        length_mean: truth.backlogMean,
        wait_sum_ns: truth.waitSumNs,
        processing_sum_ns: truth.processingSumNs,
        still_processing: truth.processingAtEnd,
        concurrency_used: truth.processingMax,
        oldest_age_ns: truth.oldestWaitingNs,
        utilisation: truth.processingMean / Number(row['concurrency']),
      })
    }
  })
})

describe('concurrency is what there was at one time', () => {
  test('five restarts of a queue with one worker are one worker', async () => {
    const world = createWorld({ seed: 1 })
    for (let i = 0; i < 5; i++) {
      const shop = liveProcess(world, 'shop')
      const queue = shop.queue({ name: 'mails', processingNs: () => seconds(1) })
      for (let item = 0; item < 60; item++) {
        world.timeline.at(minutes(2 * i) + item * seconds(1.5), () => queue.enqueue())
      }
      world.runUntil(minutes(2 * i + 2) - seconds(1))
      shop.exit()
    }
    await store(world)
    const row = await told(world)
    expect(row).toMatchObject({ queues: 5, concurrency: 1, concurrency_used: 1 })
    expect(Number(row['utilisation'])).toBeGreaterThan(0.4)
    expect(Number(row['utilisation'])).toBeLessThan(0.8)
  })

  test('a queue for each request is full when its worker is busy', async () => {
    const world = createWorld({ seed: 1 })
    const shop = liveProcess(world, 'shop')
    for (let i = 0; i < 100; i++) {
      const queue = shop.queue({ name: 'per-request', processingNs: () => ms(200) })
      world.timeline.at(i * seconds(1), () => {
        for (let item = 0; item < 5; item++) queue.enqueue()
      })
    }
    world.runUntil(minutes(3))
    await store(world)
    const row = await told(world)
    expect(row).toMatchObject({ queues: 100, concurrency: 1, concurrency_used: 1 })
    expectWithin1Percent(row, { utilisation: 1 })
  })
})

describe('data that are missing, doubled or not waits', () => {
  test('spans that were sent twice count once', async () => {
    const world = createWorld({ seed: 5 })
    healthyParts['a queue at 50 % use'](world, liveProcess(world, 'shop'))
    world.runUntil(minutes(5))
    await store(world)
    const { items, wait_sum_ns, processing_sum_ns, backlog_max } = await told(world)
    await store(world, { repeatedShare: 0.5 })
    expect(await told(world)).toMatchObject({
      items,
      wait_sum_ns,
      processing_sum_ns,
      backlog_max,
      concurrency_used: 2,
    })
  })

  test('what a process says it dropped is told', async () => {
    const world = createWorld({ seed: 5 })
    plants.plantBurst(world, { service: 'shop', at: 0 })
    world.runUntil(minutes(40))
    await store(world, { droppedShare: 0.1 })
    const { rows, findings } = await ask(world)
    expect(Number(rows[0]?.['dropped'])).toBeGreaterThan(100)
    expect(findings[0]?.explanation).toMatch(/dropped \d+ spans and events, so these figures/)
  })

  test('items that were taken out are told, and do not make processing look short', async () => {
    const world = createWorld({ seed: 5 })
    const queue = liveProcess(world, 'shop').queue({ name: 'q', processingNs: () => seconds(30) })
    for (let i = 0; i < 10; i++) queue.enqueue()
    world.timeline.at(seconds(65), () => queue.clear('AbortError'))
    world.runUntil(minutes(3))
    await store(world)
    const { rows, findings } = await ask(world)
    expect(rows).toMatchObject([
      { items: 3, removed: 7, failed: 0, processing_p50_ns: seconds(30), backlog_end: 0 },
    ])
    expect(findings[0]?.summary).toMatch(/7 items left without being processed/)
  })
})
