// Observation of p-queue 9: `add` is wrapped on the prototype, and the function that it is given. The
// queue's name comes from the place of its constructor, which is seen when it sets its concurrency.
import { callSite } from '../call-site.ts'
import { type Core, guard } from '../core.ts'
import { createQueue, type QueueItem, type ReportedQueue } from '../report/queue.ts'

interface AddOptions {
  readonly id?: string
  readonly priority?: number
  readonly signal?: AbortSignal
}

type Work = (options: { signal?: AbortSignal }) => unknown

interface PQueueLike {
  readonly size: number
  concurrency: number
  add: (this: PQueueLike, work: Work, options?: AddOptions) => Promise<unknown>
  clear: (this: PQueueLike) => void
}

/** The class that p-queue exports. */
export interface PQueueClass {
  readonly prototype: object
}

const namesGiven = new WeakMap<object, string>()
/** The prototypes that are observed: a class that is observed twice reports once. */
const patched = new WeakSet<object>()
const queuesSeen = new WeakMap<object, ReportedQueue>()

/**
 * Names an observed queue, for reports; otherwise it is called after the place where it was made.
 * @returns the queue itself.
 * @example
 * const queue = nameQueue(new PQueue({ concurrency: 2 }), 'emails')
 */
export function nameQueue<T extends object>(queue: T, name: string): T {
  namesGiven.set(queue, name)
  const seen = queuesSeen.get(queue)
  if (seen !== undefined) seen.name = name
  return queue
}

/** @returns what restores the class, or undefined if it does not have the expected form. */
export function patchPQueue(core: Core, queueClass: PQueueClass): (() => void) | undefined {
  const prototype = queueClass.prototype as PQueueLike
  if (patched.has(prototype)) return () => undefined
  const concurrency = Object.getOwnPropertyDescriptor(prototype, 'concurrency')
  const { add, clear } = prototype
  if (typeof add !== 'function' || typeof clear !== 'function') return undefined
  if (concurrency?.set === undefined) return undefined
  const observedAdd = wrapAdd(core, add)
  const observedClear = wrapClear(core, clear)
  patched.add(prototype)
  define(prototype, 'add', { value: observedAdd, writable: true })
  define(prototype, 'clear', { value: observedClear, writable: true })
  define(prototype, 'concurrency', {
    ...concurrency,
    set(this: PQueueLike, value: number) {
      concurrency.set?.call(this, value)
      if (core.isEnabled) guard(core, () => noteConcurrency(core, this, value), undefined)
    },
  })
  return () => {
    patched.delete(prototype)
    if (prototype.add === observedAdd) define(prototype, 'add', { value: add, writable: true })
    if (prototype.clear === observedClear) {
      define(prototype, 'clear', { value: clear, writable: true })
    }
    define(prototype, 'concurrency', { ...concurrency })
  }
}

function define(target: object, key: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(target, key, { ...descriptor, configurable: true })
}

function noteConcurrency(core: Core, queue: PQueueLike, concurrency: number): void {
  queueOf(core, queue).concurrency = concurrency
}

function queueOf(core: Core, queue: PQueueLike): ReportedQueue {
  const seen = queuesSeen.get(queue)
  if (seen !== undefined) return seen
  const made = createQueue(core, {
    name: namesGiven.get(queue) ?? callSite(isLibraryFrame) ?? 'p-queue',
  })
  made.concurrency = queue.concurrency
  queuesSeen.set(queue, made)
  return made
}

function isLibraryFrame(frame: string): boolean {
  return /[\\/]node_modules[\\/]p-queue[\\/]|\bnew PQueue \(/.test(frame)
}

function wrapAdd(core: Core, add: PQueueLike['add']): PQueueLike['add'] {
  return function (this: PQueueLike, work, ...rest) {
    if (!core.isEnabled || typeof work !== 'function') return add.call(this, work, ...rest)
    const options = rest[0]
    const item = guard<QueueItem | undefined>(
      core,
      () =>
        queueOf(core, this).enqueued({
          size: this.size,
          ...(options?.id === undefined ? {} : { id: options.id }),
          ...(work.name === '' ? {} : { name: work.name }),
          ...(options?.priority === undefined ? {} : { priority: options.priority }),
        }),
      undefined,
    )
    if (item === undefined) return add.call(this, work, ...rest)
    const onAbort = (): void => item.removed('aborted')
    const sizeBefore = this.size
    const result = add.call(
      this,
      (given) => {
        options?.signal?.removeEventListener('abort', onAbort)
        return item.dequeued().process(() => work(given))
      },
      ...rest,
    )
    if (item.isOpen) {
      // The queue refused it: invalid options, or a signal that was aborted before.
      if (this.size === sizeBefore) item.removed('refused')
      else options?.signal?.addEventListener('abort', onAbort, { once: true })
    }
    return result
  }
}

function wrapClear(core: Core, clear: PQueueLike['clear']): PQueueLike['clear'] {
  return function (this: PQueueLike) {
    guard(
      core,
      () => {
        for (const item of queuesSeen.get(this)?.items ?? []) item.removed('cleared')
      },
      undefined,
    )
    clear.call(this)
  }
}
