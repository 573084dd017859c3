import { minutes, ms, seconds } from '../duration.ts'
import type { SimQueue } from '../queue.ts'
import type { World } from '../world.ts'
import { liveProcess, type Planted, type Plot } from './planted.ts'

/** A quarter more comes than can be processed, for ten minutes, and nothing less afterwards. */
export function plantBacklog(world: World, { service, at }: Plot): Planted {
  const queue = liveProcess(world, service).queue({
    name: 'mails',
    concurrency: 2,
    processingNs: () => seconds(2),
  })
  arrive(world, { at, count: 750, everyNs: () => world.dice.exponential(ms(800)) }, queue)
  return { kind: 'backlog', service, subjects: ['mails'] }
}

/** The only worker never comes back from an item; a few more items come. */
export function plantHungWorker(world: World, { service, at }: Plot): Planted {
  const queue = liveProcess(world, service).queue({ name: 'imports', processingNs: () => ms(200) })
  arrive(world, { at: Math.max(0, at - minutes(5)), count: 20, everyNs: () => seconds(15) }, queue)
  world.timeline.at(at, () => queue.enqueue({ outcome: 'hangs' }))
  arrive(world, { at: at + seconds(10), count: 30, everyNs: () => seconds(15) }, queue)
  return { kind: 'hung worker', service, subjects: ['imports'] }
}

/** Somebody pauses a queue and forgets it. */
export function plantPausedQueue(world: World, { service, at }: Plot): Planted {
  const queue = liveProcess(world, service).queue({ name: 'invoices', processingNs: () => ms(300) })
  arrive(world, { at: Math.max(0, at - minutes(5)), count: 200, everyNs: () => seconds(5) }, queue)
  world.timeline.at(at, () => queue.pause())
  return { kind: 'paused queue', service, subjects: ['invoices'] }
}

/** Two thousand items at once, which take half an hour to drain. */
export function plantBurst(world: World, { service, at }: Plot): Planted {
  const queue = liveProcess(world, service).queue({
    name: 'thumbnails',
    concurrency: 2,
    processingNs: () => ms(1800),
  })
  arrive(world, { at, count: 2000, everyNs: () => 0 }, queue)
  return { kind: 'burst', service, subjects: ['thumbnails'] }
}

/** Items of high priority take all of the worker's time; those of low priority wait. */
export function plantStarvedItems(world: World, { service, at }: Plot): Planted {
  const queue = liveProcess(world, service).queue({
    name: 'renders',
    processingNs: () => seconds(4),
  })
  world.timeline.at(at, () => {
    for (let i = 0; i < 3; i++) queue.enqueue({ name: 'low', priority: 0 })
  })
  arrive(world, { at: at - seconds(8), count: 1000, everyNs: () => seconds(3.9) }, queue, 5)
  return { kind: 'starved items', service, subjects: ['renders'] }
}

/** Half of the items fail. */
export function plantFailingItems(world: World, { service, at }: Plot): Planted {
  const queue = liveProcess(world, service).queue({ name: 'webhooks', concurrency: 4 })
  for (let i = 0; i < 200; i++) {
    const outcome = i % 2 === 0 ? 'failed' : 'done'
    world.timeline.at(at + i * seconds(3), () => {
      queue.enqueue({ processingNs: ms(150), outcome, error: 'ECONNREFUSED' })
    })
  }
  return { kind: 'failing items', service, subjects: ['webhooks'] }
}

interface Arrivals {
  readonly at: number
  readonly count: number
  readonly everyNs: () => number
}

function arrive(
  world: World,
  { at, count, everyNs }: Arrivals,
  queue: SimQueue,
  priority?: number,
): void {
  let time = at
  for (let i = 0; i < count; i++) {
    world.timeline.at(time, () => queue.enqueue(priority === undefined ? {} : { priority }))
    time += Math.round(everyNs())
  }
}
