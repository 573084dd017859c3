// Observation of p-queue 8 to 10: `add` is wrapped on the prototype, and the function that it is
// given. The queue's name comes from the place of its constructor, which is seen when it sets its
// concurrency.
import { callSite, isConstructorOf, type OutermostFunction } from './call-site.ts'
import { type Core, guard } from '../report/core.ts'
import { Queue } from '../report/queue.ts'
import type {
  EnqueueOptions,
  ItemProcessing,
  QueueItem,
  ReportedQueue,
} from '../report/reported-queue.ts'
import { follow } from '../report/scope.ts'
import { sharedState } from '../process/shared-state.ts'

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

const namesGiven = sharedState('p-queue.names.1', () => new WeakMap<object, string>())
/** The prototypes that are observed: a class that is observed twice reports once. */
const patched = sharedState('p-queue.patched.1', () => new WeakSet<object>())
const queuesSeen = sharedState('p-queue.queues.1', () => new WeakMap<object, ReportedQueue>())
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
  function setConcurrency(this: PQueueLike, value: number): void {
    concurrency?.set?.call(this, value)
    if (!core.isEnabled) return
    guard(core, () => void (queueOf(core, this, setConcurrency).concurrency = value), undefined)
  }
  define(prototype, 'concurrency', { ...concurrency, set: setConcurrency })
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

function queueOf(core: Core, queue: PQueueLike, outermost: OutermostFunction): ReportedQueue {
  const seen = queuesSeen.get(queue)
  if (seen !== undefined) return seen
  const made = new Queue(core, {
    name: namesGiven.get(queue) ?? siteOf(queue, outermost) ?? 'p-queue',
  })
  made.concurrency = queue.concurrency
  queuesSeen.set(queue, made)
  collected.register(queue, made)
  return made
}

function siteOf(queue: PQueueLike, outermost: OutermostFunction): string | undefined {
  const names = ['PQueue', ...classNamesOf(queue)]
  return callSite(
    outermost,
    (frame) => /[\\/]node_modules[\\/]p-queue[\\/]/.test(frame) || isConstructorOf(frame, names),
  )
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

function wrapAdd(core: Core, add: PQueueLike['add']): PQueueLike['add'] {
  return function observedAdd(this: PQueueLike, work, ...rest) {
    if (!core.isEnabled || typeof work !== 'function') return add.call(this, work, ...rest)
    const asked = guard(
      core,
      () => ask(core, { queue: this, work, given: rest[0] }, observedAdd),
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
  core: Core,
  { queue, work, given }: Asked,
  outermost: OutermostFunction,
): { readonly item: QueueItem; readonly limits: Limits } {
  // As the library reads them: own properties, of nothing where it is not an object.
  const options: AddOptions = { ...(given as AddOptions | undefined) }
  const limits = toLimits(queue, options)
  return { item: queueOf(core, queue, outermost).enqueued(describe(queue, work, options)), limits }
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
 * told is what the caller sees.
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
 * In version 8 a time-out is an error for the caller only if the queue was told so, in a field that
 * nobody else can read. Whoever is answered with an error is told as an event, too.
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
