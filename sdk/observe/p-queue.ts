// Observation of p-queue 9: `add` is wrapped on the prototype, and the function that it is given. The
// queue's name comes from the place of its constructor, which is seen when it sets its concurrency.
import { callSite } from '../call-site.ts'
import { type Core, follow, guard } from '../core.ts'
import {
  createQueue,
  type EnqueueOptions,
  type ItemProcessing,
  type QueueItem,
  type ReportedQueue,
} from '../report/queue.ts'

interface AddOptions {
  readonly id?: string
  readonly priority?: number
  readonly signal?: AbortSignal
  readonly timeout?: number
}

type Work = (options: { signal?: AbortSignal }) => unknown

interface PQueueLike {
  readonly size: number
  readonly timeout?: number
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
/** What takes an item's listener from its signal, which may live longer than the item. */
const abortHandlers = new WeakMap<QueueItem, () => void>()
/** A queue that was collected with items waiting will never process them. */
const collected = new FinalizationRegistry<ReportedQueue>((queue) => queue.abandon())

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
  collected.register(queue, made)
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
      () => queueOf(core, this).enqueued(describe(this, work, options)),
      undefined,
    )
    if (item === undefined) return add.call(this, work, ...rest)
    const signal = options?.signal
    const onAbort = (): void => item.removed('aborted')
    const sizeBefore = this.size
    const result = add.call(
      this,
      (given) => {
        signal?.removeEventListener('abort', onAbort)
        return processItem(item.dequeued(), () => work(given), {
          timeoutMs: options?.timeout ?? this.timeout,
          signal,
        })
      },
      ...rest,
    )
    if (item.isOpen) {
      // The queue refused it: invalid options, or a signal that was aborted before.
      if (this.size === sizeBefore) item.removed('refused')
      else if (signal !== undefined) {
        signal.addEventListener('abort', onAbort, { once: true })
        abortHandlers.set(item, () => signal.removeEventListener('abort', onAbort))
      }
    }
    return result
  }
}

function describe(queue: PQueueLike, work: Work, options: AddOptions | undefined): EnqueueOptions {
  return {
    size: queue.size,
    ...(options?.id === undefined ? {} : { id: options.id }),
    ...(work.name === '' ? {} : { name: work.name }),
    ...(options?.priority === undefined ? {} : { priority: options.priority }),
  }
}

/**
 * Processes an item until its work is done, or until the library goes on without it: it frees the item's
 * place at the time-out and when the signal is aborted, whatever the work does then.
 */
function processItem<T>(
  processing: ItemProcessing,
  work: () => T,
  limits: { readonly timeoutMs: number | undefined; readonly signal: AbortSignal | undefined },
): T {
  const { timeoutMs, signal } = limits
  if (timeoutMs === undefined && signal === undefined) return processing.process(work)
  // This timer is older than the library's and of the same length, so it fires just before.
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => finish(() => processing.failed(timeoutError)), timeoutMs)
  timer?.unref()
  const onAbort = (): void => finish(() => processing.failed(signal?.reason))
  signal?.addEventListener('abort', onAbort, { once: true })
  function finish(end: () => void): void {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    end()
  }
  return follow(
    () => processing.run(work),
    (error) =>
      finish(() => (error === undefined ? processing.done() : processing.failed(error.value))),
  )
}

/** What the library's own error is called. */
const timeoutError = Object.assign(new Error('timed out'), { name: 'TimeoutError' })

function wrapClear(core: Core, clear: PQueueLike['clear']): PQueueLike['clear'] {
  return function (this: PQueueLike) {
    guard(
      core,
      () => {
        for (const item of queuesSeen.get(this)?.items ?? []) {
          abortHandlers.get(item)?.()
          item.removed('cleared')
        }
      },
      undefined,
    )
    clear.call(this)
  }
}
