import { minutes, ms } from '../duration.ts'
import type { SimProcess, World } from '../world.ts'

type PlantedKind =
  | 'deadlock'
  | 'self-deadlock'
  | 'inversion'
  | 'convoy'
  | 'starved writer'
  | 'starved request'
  | 'leaked lock'
  | 'exhausted pool'
  | 'backlog'
  | 'hung worker'
  | 'paused queue'
  | 'burst'
  | 'starved items'
  | 'failing items'
  | 'late job'
  | 'missed runs'
  | 'stopped job'
  | 'doubled runs'
  | 'overlapping runs'
  | 'hung run'
  | 'failing job'
  | 'skipped runs'
  | 'stalled job'

/** A problem that was put into a world. Its size is counted from the world's events. */
export interface Planted {
  readonly kind: PlantedKind
  readonly service: string
  /** The locks, queues or jobs that a finding about it must name. */
  readonly subjects: readonly string[]
}

/** Where and when a problem is to be planted. */
export interface Plot {
  readonly service: string
  /** When it begins. */
  readonly at: number
}

/**
 * A process with some quiet work that goes on for all time, so that it is seen to live: one short
 * hold every ten minutes.
 */
export function liveProcess(world: World, service: string): SimProcess {
  const process = world.process({ service })
  const [lock, task] = [process.lock({ name: 'heartbeat' }), process.task('heartbeat')]
  task.run(function* () {
    for (;;) {
      yield* task.holding(lock, ms(1))
      yield* task.sleep(minutes(10))
    }
  })
  return process
}
