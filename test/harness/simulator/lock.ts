import type { LockInfo, LockMode } from './event.ts'
import { leave, type SimTask } from './task.ts'
import type { World } from './world.ts'

export interface LockRequestOptions {
  readonly mode?: LockMode
  readonly permits?: number
  /** Gives up after this time; 0 does not wait at all. */
  readonly timeoutNs?: number
  readonly priority?: number
}

export interface LockSettings {
  readonly name: string
  /** @default 'mutex' */
  readonly type?: string
  /** @default 1 */
  readonly capacity?: number
  /** @default by the world */
  readonly id?: string
  /** Whether a task that has it gets it again at once. @default false */
  readonly isReentrant?: boolean
  /**
   * Who is next. With `readers` a shared request never waits for a waiting exclusive one, with
   * `priority` the largest priority goes first.
   * @default 'fifo'
   */
  readonly order?: 'fifo' | 'lifo' | 'readers' | 'priority'
}

export interface Hold {
  readonly lock: SimLock
  readonly operation: number
  readonly task: SimTask
  readonly mode: LockMode
  readonly permits: number
  isReleased: boolean
}

export interface SimLock extends LockInfo {
  readonly holds: readonly Hold[]
  readonly waitingCount: number
  request(
    task: SimTask,
    options: LockRequestOptions,
    resume: (hold: Hold | undefined) => void,
  ): void
  release(hold: Hold): void
  /** All that wait give up, as where somebody aborts them. */
  cancelAll(): void
  /** The holds of a process that died go; nobody reports that. */
  dropHoldsOf(process: SimTask['process']): void
}

interface Request {
  readonly operation: number
  readonly task: SimTask
  readonly mode: LockMode
  readonly permits: number
  readonly priority: number
  readonly resume: (hold: Hold | undefined) => void
  isOpen: boolean
}

type LockIdentity = Pick<LockInfo, 'id' | 'scope'>

export function createLock(
  world: World,
  settings: LockSettings,
  { id, scope }: LockIdentity,
): SimLock {
  const capacity = settings.capacity ?? 1
  const order = settings.order ?? 'fifo'
  const holds: Hold[] = []
  const waiting: Request[] = []

  function fits(request: Request): boolean {
    if (settings.isReentrant === true && holds.some(({ task }) => task === request.task))
      return true
    if (request.mode === 'shared') return holds.every(({ mode }) => mode === 'shared')
    if (holds.some(({ mode }) => mode === 'shared')) return false
    return holds.reduce((sum, hold) => sum + hold.permits, 0) + request.permits <= capacity
  }

  /** The waiting request that goes next, if it can. */
  function next(): Request | undefined {
    if (order === 'lifo') return waiting.findLast(fits)
    if (order === 'priority') {
      const most = Math.max(...waiting.map(({ priority }) => priority))
      return waiting.filter(({ priority }) => priority === most).find(fits)
    }
    if (order === 'readers')
      return waiting.find((one) => one.mode === 'shared' && fits(one)) ?? waiting.find(fits)
    const [first] = waiting
    return first !== undefined && fits(first) ? first : undefined
  }

  function mayOvertake(request: Request): boolean {
    if (waiting.length === 0) return true
    if (order === 'readers' && request.mode === 'shared') return true
    return settings.isReentrant === true && holds.some(({ task }) => task === request.task)
  }

  function grant(request: Request, hasWaited: boolean): void {
    request.isOpen = false
    const hold: Hold = {
      lock,
      operation: world.nextOperation(),
      task: request.task,
      mode: request.mode,
      permits: request.permits,
      isReleased: false,
    }
    holds.push(hold)
    const { operation } = request
    world.events.push({
      kind: 'lock granted',
      operation,
      at: world.now,
      hold: hold.operation,
      hasWaited,
    })
    request.task.inside.push(hold.operation)
    request.resume(hold)
  }

  function serve(): void {
    for (let one = next(); one !== undefined; one = next()) {
      remove(waiting, one)
      grant(one, true)
    }
  }

  function giveUp(request: Request, result: 'timeout' | 'cancelled' | 'refused'): void {
    if (!request.isOpen) return
    request.isOpen = false
    remove(waiting, request)
    world.events.push({
      kind: 'lock given up',
      operation: request.operation,
      at: world.now,
      result,
    })
    request.resume(undefined)
    serve()
  }

  const lock: SimLock = {
    id,
    name: settings.name,
    type: settings.type ?? 'mutex',
    scope,
    capacity,
    holds,
    get waitingCount() {
      return waiting.length
    },
    request(task, options, resume) {
      const request: Request = {
        operation: world.nextOperation(),
        task,
        mode: options.mode ?? 'exclusive',
        permits: options.permits ?? 1,
        priority: options.priority ?? 0,
        resume,
        isOpen: true,
      }
      const { operation, mode, permits } = request
      const { timeoutNs } = options
      const parent = task.inside.at(-1)
      world.events.push({
        kind: 'lock requested',
        operation,
        at: world.now,
        task,
        parent,
        lock,
        mode,
        permits,
        timeoutNs,
      })
      if (mayOvertake(request) && fits(request)) return grant(request, false)
      waiting.push(request)
      if (timeoutNs === 0) return giveUp(request, 'refused')
      if (timeoutNs !== undefined) {
        world.timeline.at(world.now + timeoutNs, () => giveUp(request, 'timeout'))
      }
    },
    release(hold) {
      if (hold.isReleased) return
      hold.isReleased = true
      remove(holds, hold)
      leave(hold.task.inside, hold.operation)
      world.events.push({ kind: 'lock released', operation: hold.operation, at: world.now })
      serve()
    },
    cancelAll() {
      const all = waiting.slice()
      for (const request of all) giveUp(request, 'cancelled')
    },
    dropHoldsOf(process) {
      for (const request of waiting.filter(({ task }) => task.process === process)) {
        remove(waiting, request)
      }
      for (const hold of holds.filter(({ task }) => task.process === process)) remove(holds, hold)
      serve()
    },
  }
  return lock
}

export function remove<T>(list: T[], item: T): void {
  const index = list.indexOf(item)
  if (index >= 0) list.splice(index, 1)
}
