import type { QueueInfo } from './event.ts'
import { remove } from './lock.ts'
import type { Behaviour, SimTask } from './task.ts'
import type { SimProcess, World } from './world.ts'

export interface QueueSettings {
  readonly name: string
  /** Workers. @default 1 */
  readonly concurrency?: number
  /** @default true */
  readonly tellsConcurrency?: boolean
  readonly capacity?: number
  /** How long an item takes to process, where the item does not say. */
  readonly processingNs?: () => number
}

interface ItemSettings {
  readonly name?: string
  /** Larger goes first. */
  readonly priority?: number
  readonly processingNs?: number
  /** What its worker does instead of only taking its time. */
  readonly behaviour?: (task: SimTask) => Behaviour
  /** `hangs`: its processing never ends. @default 'done' */
  readonly outcome?: 'done' | 'failed' | 'hangs'
  readonly error?: string
}

export interface SimQueue extends QueueInfo {
  readonly waitingCount: number
  enqueue(item?: ItemSettings, by?: SimTask): void
  /** Nothing is taken from now on. */
  pause(): void
  resume(): void
  /** Takes all waiting items out without processing them, as failed with this error. */
  clear(error: string): void
}

interface Item extends ItemSettings {
  readonly operation: number
}

export function createQueue(
  world: World,
  process: SimProcess,
  id: string,
  settings: QueueSettings,
): SimQueue {
  const waiting: Item[] = []
  const concurrency = settings.concurrency ?? 1
  const enqueuer = process.task('enqueuer')
  let running = 0
  let isPaused = false
  let itemCount = 0

  function serve(): void {
    if (isPaused) return
    while (running < concurrency && waiting.length > 0) {
      const item = waiting.reduce((best, one) =>
        (one.priority ?? 0) > (best.priority ?? 0) ? one : best,
      )
      remove(waiting, item)
      running++
      start(item)
    }
  }

  function start(item: Item): void {
    const { operation } = item
    const task = process.task(item.name)
    world.events.push({ kind: 'item dequeued', operation, at: world.now, task })
    if (item.outcome === 'hangs') return
    task.run(function* () {
      task.inside.push(operation)
      if (item.behaviour !== undefined) yield* item.behaviour(task)
      else yield* task.sleep(item.processingNs ?? settings.processingNs?.() ?? 0)
      end(item, item.outcome === 'failed' ? (item.error ?? 'Error') : undefined)
      running--
      serve()
    })
  }

  function end({ operation }: Item, error: string | undefined): void {
    const result = error === undefined ? 'done' : 'failed'
    world.events.push({ kind: 'item ended', operation, at: world.now, result, error })
  }

  const queue: SimQueue = {
    id,
    name: settings.name,
    process: process.info,
    concurrency,
    capacity: settings.capacity,
    tellsConcurrency: settings.tellsConcurrency ?? true,
    get waitingCount() {
      return waiting.length
    },
    enqueue(item = {}, by = enqueuer) {
      if (process.info.endedAt !== undefined) return
      const operation = world.nextOperation()
      world.events.push({
        kind: 'item enqueued',
        operation,
        at: world.now,
        task: by,
        parent: by.inside.at(-1),
        queue,
        itemId: String(++itemCount),
        name: item.name,
        priority: item.priority,
      })
      waiting.push({ ...item, operation })
      serve()
    },
    pause() {
      isPaused = true
    },
    resume() {
      isPaused = false
      serve()
    },
    clear(error) {
      for (const item of waiting.splice(0)) {
        world.events.push({
          kind: 'item dequeued',
          operation: item.operation,
          at: world.now,
          task: enqueuer,
        })
        end(item, error)
      }
    },
  }
  return queue
}
