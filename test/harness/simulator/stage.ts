// A store for worlds, and an analyzer that is asked about them.
import assert from 'node:assert/strict'
import { type Report, type ReportWindow, runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll } from 'vitest'
import { startTestStore, type TestEngine } from '../engine.ts'
import { feed } from './feed.ts'
import { type ReportSettings, reportWorld } from './report.ts'
import { healthyParts } from './scenarios/healthy.ts'
import { liveProcess, type Planted, type Plot } from './scenarios/planted.ts'
import type { SpanOfTime } from './truth/span-of-time.ts'
import { createWorld, type World } from './world.ts'

export interface Stage {
  readonly engine: TestEngine
  /** Puts what a world has reported into the store, and nothing else. */
  store(world: World, settings?: ReportSettings): Promise<void>
  /** Asks about all or a stretch of the world's time. */
  ask(world: World, window?: SpanOfTime, filter?: Filter): Promise<Report>
}

type Filter = Pick<ReportWindow, 'service' | 'sessions'>

/** An engine for the tests of a file, which are all about one analyzer. */
export function useStage(analyzer: string): Stage {
  let started: TestEngine | undefined
  const engine = (): TestEngine => {
    assert(started !== undefined, 'The stage is there while a test runs')
    return started
  }
  beforeAll(async () => {
    started = await startTestStore()
  })
  afterAll(async () => {
    await started?.shutdown()
  })
  return {
    get engine() {
      return engine()
    },
    async store(world, settings = {}) {
      await engine().truncateTables()
      await feed(engine(), [reportWorld(world, settings)])
    },
    async ask(world, window, filter = {}) {
      const moments =
        window === undefined
          ? {}
          : { from: world.toMoment(window.from), to: world.toMoment(window.to) }
      return await runAnalyzer(engine().reader, analyzer, { ...moments, ...filter })
    },
  }
}

/** A world in which a problem was planted, until some time after it. */
export function plantedWorld(
  plant: (world: World, plot: Plot) => Planted,
  { at, until, seed = 3 }: { readonly at: number; readonly until: number; readonly seed?: number },
): World {
  const world = createWorld({ seed })
  plant(world, { service: 'shop', at })
  world.runUntil(until)
  return world
}

/** A world in which all is well: one part of a healthy system on a process. */
export function healthyWorld(
  part: (world: World, process: ReturnType<typeof liveProcess>) => void,
  { until, seed }: { readonly until: number; readonly seed: number },
): World {
  const world = createWorld({ seed })
  part(world, liveProcess(world, 'shop'))
  world.runUntil(until)
  return world
}

/** All of what a healthy system consists of, on one process. */
export function everyHealthyPart(world: World, process: ReturnType<typeof liveProcess>): void {
  for (const part of Object.values(healthyParts)) part(world, process)
}

/** How far a figure is from the truth, as a share of it; of a truth of 0 as a share of 1 ms. */
export function errorOf(told: unknown, truth: number): number {
  return Math.abs(Number(told) - truth) / Math.max(Math.abs(truth), 1e6)
}
