import type { TaskInfo, WorldEvent } from './event.ts'
import type { Hold, LockRequestOptions, SimLock } from './lock.ts'
import type { World } from './world.ts'

/** Something that a task waits for: it calls `resume` when it has come. */
type Step = (resume: (value: unknown) => void) => void

/**
 * What a task does.
 * @example
 * task.run(function* () {
 *   const hold = yield* task.acquire(lock)
 *   yield* task.sleep(ms(5))
 *   task.release(hold)
 * })
 */
export type Behaviour<T = void> = Generator<Step, T, unknown>

/** A flow of asynchronous code. */
export interface SimTask extends TaskInfo {
  /** The operations that it is in, the innermost last. */
  readonly inside: number[]
  run(behaviour: () => Behaviour): void
  sleep(ns: number): Behaviour
  /** Waits until it has the lock, or gives up: then there is no hold. */
  acquire(lock: SimLock, options?: LockRequestOptions): Behaviour<Hold | undefined>
  release(hold: Hold | undefined): void
  /** Holds the lock for a time. @returns whether it was granted. */
  holding(lock: SimLock, ns: number, options?: LockRequestOptions): Behaviour<boolean>
  /** A span of the application, such as a request or a query, around what is done in it. */
  within<T>(name: string, behaviour: () => Behaviour<T>): Behaviour<T>
  /** Waits until somebody calls what it hands out. */
  until(subscribe: Step): Behaviour<unknown>
}

export function createTask(world: World, info: TaskInfo): SimTask {
  const inside: number[] = []
  const { process } = info
  function advance(behaviour: Behaviour, value: unknown): void {
    // A process that has ended does nothing any more.
    if (process.endedAt !== undefined) return
    const step = behaviour.next(value)
    if (step.done !== true) step.value((next) => advance(behaviour, next))
  }
  const task: SimTask = {
    ...info,
    inside,
    run(behaviour) {
      world.timeline.at(world.now, () => advance(behaviour(), undefined))
    },
    *sleep(ns) {
      yield (resume) => world.timeline.at(world.now + ns, () => resume(undefined))
    },
    *until(subscribe) {
      return yield subscribe
    },
    *acquire(lock, options) {
      return (yield (resume) => lock.request(task, options ?? {}, resume)) as Hold | undefined
    },
    release(hold) {
      if (hold !== undefined) hold.lock.release(hold)
    },
    *holding(lock, ns, options) {
      const hold = yield* task.acquire(lock, options)
      if (hold === undefined) return false
      yield* task.sleep(ns)
      task.release(hold)
      return true
    },
    *within(name, behaviour) {
      const operation = world.nextOperation()
      record({ kind: 'span started', operation, at: world.now, task, parent: inside.at(-1), name })
      inside.push(operation)
      const result = yield* behaviour()
      leave(inside, operation)
      record({ kind: 'span ended', operation, at: world.now })
      return result
    },
  }
  const record = (event: WorldEvent) => world.events.push(event)
  return task
}

/** Operations may end in another order than they began. */
export function leave(inside: number[], operation: number): void {
  const index = inside.lastIndexOf(operation)
  if (index >= 0) inside.splice(index, 1)
}
