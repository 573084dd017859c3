// Observation of p-queue 8 to 10: `add` is wrapped on the prototype, and the function that it is
// given. The queue's name comes from the place of its constructor, which is seen when it sets its
// concurrency.
import { Queue } from '../report/queue.ts'
import type { EnqueueOptions, ItemProcessing, QueueItem } from '../report/reported-queue.ts'
import { follow } from '../report/scope.ts'
import type { OutermostFunction } from './call-site.ts'
import { defineLibrary, type Observer } from './library.ts'

/** As far as they are what the library's types say. */
interface AddOptions {
  readonly id?: unknown
  readonly priority?: unknown
  readonly signal?: AbortSignal
  readonly timeout?: number
  /** Version 8. */
  readonly throwOnTimeout?: unknown
}

type Work = (options: { signal?: AbortSignal }) => unknown

interface PQueueLike {
  readonly size: number
  readonly timeout?: number
  /** From version 9 on. */
  readonly runningTasks?: unknown
  /** From version 10 on. */
  readonly addEventListener?: unknown
  concurrency: number
  add: (this: PQueueLike, work: Work, options?: AddOptions) => Promise<unknown>
  clear: (this: PQueueLike) => void
  on(event: 'error', listener: (error: unknown) => void): unknown
  off(event: 'error', listener: (error: unknown) => void): unknown
}

/** The class that p-queue exports. */
export interface PQueueClass {
  readonly prototype: object
}

/** What takes an item's listener from its signal, which may live longer than the item. */
const abortHandlers = new WeakMap<QueueItem, () => void>()

/** The library, as the observers know it. */
export const pQueue = defineLibrary<PQueueClass, Queue>({
  name: 'p-queue',
  versions: ['>=8.0.0 <11.0.0'],
  versionText: '8 to 10',
  exportsOf: (module) => (module as { default?: PQueueClass }).default,
  prototypeOf: (queueClass) => queueClass.prototype,
  classNamesOf: (queue) => ['PQueue', ...classNamesOf(queue)],
  make(core, queue, name) {
    const made = new Queue(core, { name })
    made.concurrency = (queue as PQueueLike).concurrency
    return made
  },
  patch(queueClass, observer) {
    const prototype = queueClass.prototype as PQueueLike
    const concurrency = Object.getOwnPropertyDescriptor(prototype, 'concurrency')
    const { add, clear } = prototype
    if (typeof add !== 'function' || typeof clear !== 'function') return undefined
    if (concurrency?.set === undefined) return undefined
    observer.replace(prototype, 'add', (original) => wrapAdd(observer, original))
    observer.replace(prototype, 'clear', (original) => wrapClear(observer, original))
    function setConcurrency(this: PQueueLike, value: number): void {
      concurrency?.set?.call(this, value)
      if (!observer.isOn) return
      const seen = observer.see(this, setConcurrency)
      if (seen !== undefined) seen.concurrency = value
    }
    observer.define(prototype, 'concurrency', { ...concurrency, set: setConcurrency })
    return {}
  },
})

/**
 * Names an observed queue, for reports; otherwise it is called after the place where it was made.
 * @returns the queue itself.
 * @example
 * const queue = nameQueue(new PQueue({ concurrency: 2 }), 'emails')
 */
export function nameQueue<T extends object>(queue: T, name: string): T {
  pQueue.giveName(queue, name)
  return queue
}

/** Of its class and those above it: a bundler may call p-queue's own anything. */
function classNamesOf(queue: object): string[] {
  const names: string[] = []
  for (let made: object | null = queue.constructor; made !== null; made = parentOf(made)) {
    if (typeof made === 'function' && made.name !== '') names.push(made.name)
  }
  return names
}

function parentOf(of: object): object | null {
  return Object.getPrototypeOf(of) as object | null
}

function wrapAdd(observer: Observer<Queue>, add: PQueueLike['add']): PQueueLike['add'] {
  return function observedAdd(this: PQueueLike, work, ...rest) {
    if (!observer.isOn || typeof work !== 'function') return add.call(this, work, ...rest)
    const asked = observer.attempt(
      () => ask(observer, { queue: this, work, given: rest[0] }, observedAdd),
      undefined,
    )
    if (asked === undefined) return add.call(this, work, ...rest)
    const { item, limits } = asked
    const { signal } = limits
    const onAbort = (): void => item.removed('aborted')
    const sizeBefore = this.size
    const result = add.call(
      this,
      (given) => {
        signal?.removeEventListener('abort', onAbort)
        const within = { limits, signal: signalOf(given) }
        return processItem(this, item.dequeued(), () => work(given), within)
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

interface Asked {
  readonly queue: PQueueLike
  readonly work: Work
  /** Whatever the caller gave as options. */
  readonly given: unknown
}

/** What is known of an item when it is added; reading the caller's options may throw. */
function ask(
  observer: Observer<Queue>,
  { queue, work, given }: Asked,
  outermost: OutermostFunction,
): { readonly item: QueueItem; readonly limits: Limits } | undefined {
  // As the library reads them: own properties, of nothing where it is not an object.
  const options: AddOptions = { ...(given as AddOptions | undefined) }
  const limits = toLimits(queue, options)
  const item = observer.see(queue, outermost)?.enqueued(describe(queue, work, options))
  return item === undefined ? undefined : { item, limits }
}

function describe(queue: PQueueLike, work: Work, { id, priority }: AddOptions): EnqueueOptions {
  return {
    size: queue.size,
    ...(typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}),
    ...(work.name === '' ? {} : { name: work.name }),
    ...(typeof priority === 'number' ? { priority } : {}),
  }
}

/** What is none makes the library refuse the item. */
function signalOf(given: { readonly signal?: AbortSignal } | undefined): AbortSignal | undefined {
  const signal = given?.signal
  return typeof signal?.addEventListener === 'function' ? signal : undefined
}

/** What the library does not wait beyond. */
interface Limits {
  readonly timeoutMs: number | undefined
  readonly signal?: AbortSignal
  /** Whether the caller sees a time-out as an error; where it is not said, the queue decides. */
  readonly throwOnTimeout?: boolean
}

/**
 * The library takes the queue's time-out when the item is added, unless the item has one, or none,
 * of its own; and the same for what a time-out means.
 */
function toLimits(queue: PQueueLike, options: AddOptions): Limits {
  const signal = signalOf(options)
  return {
    timeoutMs: 'timeout' in options ? options.timeout : queue.timeout,
    ...(signal === undefined ? {} : { signal }),
    ...('throwOnTimeout' in options ? { throwOnTimeout: Boolean(options.throwOnTimeout) } : {}),
  }
}

/**
 * Processes an item until its work is done, or until the library goes on without it: it frees the
 * item's place at the time-out and when the signal is aborted, whatever the work does then. What is
 * reported is what the caller sees.
 *
 * @param signal the one that the library gives to the work. From version 10 on it is aborted at the
 *   time-out, too; before, the library cancels the work's promise then.
 */
function processItem<T>(
  queue: PQueueLike,
  processing: ItemProcessing,
  work: () => T,
  { limits, signal }: { readonly limits: Limits; readonly signal: AbortSignal | undefined },
): T {
  if (limits.timeoutMs === undefined && signal === undefined) return processing.process(work)
  let result: T
  try {
    result = processing.run(work)
  } catch (error) {
    processing.failed(error)
    throw error
  }
  const isVersion8 = queue.runningTasks === undefined
  if (isVersion8 && isRefusedBy8(limits.timeoutMs)) {
    processing.failed(new TypeError('Expected `milliseconds` to be a positive number'))
    return result
  }
  let isOver = false
  const finish = (error: { value: unknown } | undefined): void => {
    isOver = true
    signal?.removeEventListener('abort', onAbort)
    if (error === undefined) processing.done()
    else processing.failed(error.value)
  }
  const onAbort = (): void => {
    if (!isOver) finish({ value: signal?.reason })
  }
  signal?.addEventListener('abort', onAbort, { once: true })
  // The work itself may abort the signal. Version 8 does not look then, 9 takes the work's own end
  // first where it has come, 10 the signal.
  const isAborted = !isVersion8 && signal?.aborted === true
  if (isAborted && queue.addEventListener !== undefined) onAbort()
  const followed = follow(
    () => result,
    (error) => {
      if (!isOver) finish(error)
    },
  )
  if (isAborted) void Promise.resolve().then(onAbort)
  onCancel(followed, result, () => {
    if (isOver) return
    isOver = true
    whetherTimeoutThrows(queue, limits, (isThrown) =>
      finish(isThrown ? { value: timeoutError } : undefined),
    )
  })
  return followed
}

/** Before its time-out's error the library calls `cancel()` of a promise that has one. */
function onCancel(followed: unknown, result: unknown, action: () => void): void {
  if (!(followed instanceof Promise)) return
  const cancel = (): void => {
    action()
    // The library takes a plain promise of the work as it is, with what was added to it.
    const given = result as { readonly constructor: unknown; readonly cancel?: () => void }
    const maker: unknown = given.constructor
    if (maker === Promise && typeof given.cancel === 'function') given.cancel()
  }
  void Object.defineProperty(followed, 'cancel', { value: cancel })
}

/** Version 8 calls the work, and then does not take such a time-out. Later ones do not call it. */
function isRefusedBy8(timeoutMs: unknown): boolean {
  return Boolean(timeoutMs) && !(typeof timeoutMs === 'number' && timeoutMs > 0)
}

/** Whether a queue answers time-outs with errors, where that was seen. */
const throwing = new WeakMap<PQueueLike, boolean>()
/** Ends the look at how a queue answers a time-out. */
const looks = new WeakMap<PQueueLike, () => void>()

/**
 * In version 8 a time-out is an error for the caller only if the queue was set so, in a field that
 * nobody else can read. Where a caller is answered with an error, the queue emits it as an event,
 * too.
 */
function whetherTimeoutThrows(
  queue: PQueueLike,
  { timeoutMs, throwOnTimeout }: Limits,
  use: (isThrown: boolean) => void,
): void {
  // What the queue answers from now on is for this item.
  looks.get(queue)?.()
  const known = queue.runningTasks === undefined ? (throwOnTimeout ?? throwing.get(queue)) : true
  if (known !== undefined) {
    use(known)
    return
  }
  let isThrown = false
  const onError = (error: unknown): void => {
    isThrown ||= error instanceof Error && error.message === timeoutMessage(timeoutMs)
  }
  queue.on('error', onError)
  const conclude = (): void => {
    if (looks.get(queue) !== conclude) return
    looks.delete(queue)
    queue.off('error', onError)
    throwing.set(queue, isThrown)
    use(isThrown)
  }
  looks.set(queue, conclude)
  // The library answers its caller before the next turn.
  setImmediate(conclude)
}

/** Of the error of version 8. */
function timeoutMessage(ms: number | undefined): string {
  return `Promise timed out after ${ms} milliseconds`
}

/** What the library's own error is called. */
const timeoutError = Object.assign(new Error('timed out'), { name: 'TimeoutError' })

function wrapClear(observer: Observer<Queue>, clear: PQueueLike['clear']): PQueueLike['clear'] {
  return function () {
    for (const item of observer.seen(this)?.items ?? []) {
      abortHandlers.get(item)?.()
      item.removed('cleared')
    }
    clear.call(this)
  }
}
