// Observation of async-mutex 0.5. Everything goes through Semaphore's prototype:
//
//   acquire() ──▶ item in _queue ──▶ _dispatchItem(item) ──▶ _newReleaser() ──▶ releaser ──▶ release()
//      request                          granted                 hold                released
//
// The library resolves the caller's promise inside _dispatchItem. We watch that moment instead of
// adding handlers to the promise: a handler of ours would hide unhandled rejections, and would come
// late. Values, promises and errors that the caller sees are the library's own, but for the
// releaser, and for the promise of a request with a time-out.
import { context } from '@opentelemetry/api'
import { WAYWARD_LOCK_TYPE_VALUE_MUTEX, WAYWARD_LOCK_TYPE_VALUE_SEMAPHORE } from '@wayward/semconv'
import { sharedState } from '../process/shared-state.ts'
import type { OutermostFunction } from './call-site.ts'
import { Lock } from '../report/lock.ts'
import type { LockRequest } from '../report/reported-lock.ts'
import { defineLibrary, type Observer } from './library.ts'

/** The exports of async-mutex that are observed. */
export interface AsyncMutexModule {
  Mutex: { readonly prototype: object }
  Semaphore: { readonly prototype: object }
  withTimeout: unknown
  tryAcquire: unknown
}

interface SemaphoreLike {
  _queue: object[]
  _dispatchItem: (this: SemaphoreLike, item: object) => void
  _newReleaser: (this: SemaphoreLike, weight: number) => () => void
  acquire: (this: SemaphoreLike, ...args: number[]) => Promise<unknown>
  runExclusive: (
    this: SemaphoreLike,
    callback: (value: number) => unknown,
    ...rest: number[]
  ) => Promise<unknown>
  release: (this: SemaphoreLike, ...args: number[]) => void
  cancel: (this: SemaphoreLike) => void
  getValue(): number
  setValue?: (this: SemaphoreLike, value: number) => void
}

interface Decorated {
  acquire: (this: Decorated, ...args: number[]) => Promise<unknown>
  runExclusive: (
    this: Decorated,
    callback: (...args: unknown[]) => unknown,
    ...rest: number[]
  ) => Promise<unknown>
}

type Decorate = (sync: object, ...rest: unknown[]) => Decorated

const mutexSemaphores = sharedState('async-mutex.mutexes.1', () => new WeakSet<object>())
/** The inner object of a decorated one. */
const decorated = sharedState('async-mutex.decorated.1', () => new WeakMap<object, object>())

/** The library, as the observers know it. */
export const asyncMutex = defineLibrary<AsyncMutexModule, Lock>({
  name: 'async-mutex',
  versions: ['>=0.5.0 <0.6.0'],
  versionText: '0.5',
  exportsOf: (module) => {
    const { Semaphore, default: inner } = module as { Semaphore?: unknown; default?: object }
    return (Semaphore === undefined ? inner : module) as AsyncMutexModule | undefined
  },
  prototypeOf: ({ Semaphore }) => Semaphore.prototype,
  // A bundler may call the library's own anything.
  classNamesOf: (_semaphore, exports) => [
    'Mutex',
    'Semaphore',
    ...[exports.Mutex, exports.Semaphore].map((made) => (made as { name?: string }).name ?? ''),
  ],
  make: (core, semaphore, name) =>
    new Lock(core, {
      name,
      type: mutexSemaphores.has(semaphore)
        ? WAYWARD_LOCK_TYPE_VALUE_MUTEX
        : WAYWARD_LOCK_TYPE_VALUE_SEMAPHORE,
    }),
  patch(module, observer) {
    const semaphore = module.Semaphore.prototype as SemaphoreLike
    const methods = [
      'acquire',
      'runExclusive',
      'release',
      'cancel',
      '_dispatchItem',
      '_newReleaser',
    ]
    const isExpected = methods.every((name) => typeof Reflect.get(semaphore, name) === 'function')
    return isExpected ? observe(module, semaphore, observer) : undefined
  },
})

/**
 * Names an observed lock, for reports; otherwise it is called after the place where it was made.
 * @param lock a Mutex or Semaphore of async-mutex, or what withTimeout() made of one.
 * @returns the lock itself.
 * @example
 * const mutex = nameLock(new Mutex(), 'inventory')
 */
export function nameLock<T extends object>(lock: T, name: string): T {
  const inner = decorated.get(lock) ?? lock
  const semaphore = (inner as { _semaphore?: object | null })._semaphore ?? inner
  asyncMutex.giveName(typeof semaphore === 'object' ? semaphore : inner, name)
  return lock
}

function observe(
  module: AsyncMutexModule,
  semaphore: SemaphoreLike,
  observer: Observer<Lock>,
): Partial<AsyncMutexModule> {
  const calls = new Calls(observer)
  observer.replace(semaphore, 'acquire', (original) => {
    return function observedAcquire(...args) {
      return calls.acquire(this, original, { args, outermost: observedAcquire })
    }
  })
  observer.replace(semaphore, 'runExclusive', (original) => {
    return function (callback, ...rest) {
      return calls.around(callback, (given) => original.call(this, given, ...rest))
    }
  })
  observer.replace(semaphore, 'release', (original) => {
    return function (...args) {
      calls.release(this, original, args)
    }
  })
  observer.replace(semaphore, 'setValue', (original) => {
    return function (value) {
      const permits = observer.isOn ? observer.attempt(() => value - this.getValue(), 0) : 0
      // A rate limiter refills its semaphore so; nobody will release what was taken before.
      if (permits > 0) observer.seen(this)?.permitsReturned(permits)
      original?.call(this, value)
    }
  })
  observer.replace(semaphore, 'cancel', (original) => {
    return function () {
      observer.attempt(() => calls.cancel(this), undefined)
      original.call(this)
    }
  })
  observer.replace(semaphore, '_dispatchItem', (original) => {
    return function (item) {
      calls.dispatch(this, original, item)
    }
  })
  observer.replace(semaphore, '_newReleaser', (original) => {
    return function (weight) {
      return calls.newReleaser(original.call(this, weight))
    }
  })
  observer.onFirstSet(semaphore, '_queue', (made, _value, setter) => {
    if (observer.core.isEnabled) observer.see(made, setter)
  })
  observer.onFirstSet(module.Mutex.prototype, '_semaphore', (_made, value) => {
    if (typeof value !== 'object' || value === null) return
    mutexSemaphores.add(value)
    const lock = observer.seen(value)
    if (lock !== undefined) lock.type = WAYWARD_LOCK_TYPE_VALUE_MUTEX
  })
  const { withTimeout, tryAcquire } = module as unknown as Record<string, Decorate>
  return {
    withTimeout: decorator(withTimeout, calls, 'timedOut'),
    tryAcquire: decorator(tryAcquire, calls, 'refused'),
  }
}

/** `withTimeout` or `tryAcquire`, whose results report how a request ends. */
function decorator(
  original: Decorate | undefined,
  calls: Calls,
  end: 'timedOut' | 'refused',
): Decorate | undefined {
  if (original === undefined) return undefined
  return (sync, ...rest) => {
    const made = original(sync, ...rest)
    const timeoutMs = end === 'refused' ? 0 : Number(rest[0])
    decorated.set(made, decorated.get(sync) ?? sync)
    const { acquire, runExclusive } = made
    made.acquire = function (...args) {
      return calls.limited({ timeoutMs, end }, () => acquire.apply(this, args))
    }
    made.runExclusive = function (callback, ...rest) {
      return calls.around(callback, (given) => runExclusive.call(this, given, ...rest))
    }
    return made
  }
}

/**
 * What the library is doing right now, from a call that came in to its return:
 *
 *   around ─▶ asking ─▶ granting        runExclusive(), withTimeout(); acquire(); _dispatchItem()
 *   releasing ─▶ granting               a releaser; _dispatchItem()
 */
interface Call {
  readonly step: 'around' | 'asking' | 'granting' | 'releasing'
  /** The request that it is about. Of `around` the one that is made within. */
  request: LockRequest | undefined
  /** Of `around`: the time-out of the request. */
  timeoutMs?: number
  /** Of `granting`: the request does not wait. */
  readonly isAtOnce?: boolean
}

const releasing: Call = { step: 'releasing', request: undefined }

/** The calls of one library, and the scope of the one that is on the stack. */
class Calls {
  readonly #observer: Observer<Lock>
  /** Requests by queue item. Weak: the library owns the items. */
  readonly #items = new WeakMap<object, LockRequest>()
  #call: Call | undefined

  constructor(observer: Observer<Lock>) {
    this.#observer = observer
  }

  acquire(
    semaphore: SemaphoreLike,
    original: SemaphoreLike['acquire'],
    { args, outermost }: { readonly args: number[]; readonly outermost: OutermostFunction },
  ): Promise<unknown> {
    const outer = this.#call
    const request = this.#observer.isOn ? this.#ask(semaphore, args[0], outermost) : undefined
    if (request === undefined) return original.apply(semaphore, args)
    if (this.#isAround(outer)) outer.request = request
    this.#call = { step: 'asking', request }
    try {
      const promise = original.apply(semaphore, args)
      // Not granted: the library has put an item of ours, and only one, into its queue.
      if (request.isOpen) this.#tagItem(semaphore, request)
      return promise
    } catch (error) {
      request.cancelled()
      throw error
    } finally {
      this.#call = outer
    }
  }

  /** A call around `acquire()`, whose callback runs under the span of the hold. */
  around<A extends unknown[]>(
    callback: (...args: A) => unknown,
    action: (callback: (...args: A) => unknown) => Promise<unknown>,
  ): Promise<unknown> {
    if (!this.#observer.isOn || typeof callback !== 'function') return action(callback)
    const around: Call = { step: 'around', request: undefined }
    return this.#within(around, () =>
      action((...args) => {
        const hold = around.request?.hold
        if (hold === undefined) return callback(...args)
        return context.with(hold.context, () => callback(...args))
      }),
    )
  }

  /** A request with a time-out, whose end the library says in its promise and nowhere else. */
  limited(
    { timeoutMs, end }: { readonly timeoutMs: number; readonly end: 'timedOut' | 'refused' },
    action: () => Promise<unknown>,
  ): Promise<unknown> {
    if (!this.#observer.isOn) return action()
    const outer = this.#call
    const around: Call = this.#isAround(outer) ? outer : { step: 'around', request: undefined }
    around.timeoutMs = timeoutMs
    // A promise that follows the library's: a rejection that nobody handles is still seen as such.
    return this.#within(around, action).catch((error: unknown) => {
      // What was cancelled or refused for another reason has ended by now.
      around.request?.[end]()
      throw error
    })
  }

  dispatch(semaphore: SemaphoreLike, original: SemaphoreLike['_dispatchItem'], item: object): void {
    const outer = this.#call
    const asking = outer?.step === 'asking' ? outer.request : undefined
    const request = this.#items.get(item) ?? asking
    this.#call = { step: 'granting', request, isAtOnce: request === asking }
    try {
      original.call(semaphore, item)
    } finally {
      this.#call = outer
    }
  }

  /** What the library has just granted is held, and ends with the releaser that it gives away. */
  newReleaser(releaser: () => void): () => void {
    const call = this.#call
    const request = call?.step === 'granting' ? call.request : undefined
    if (call === undefined || request === undefined) return releaser
    call.request = undefined
    // A request that gave up is granted for a moment all the same: nobody's hold, and no other's
    // end.
    const isAbandoned = !request.isOpen
    const hold = isAbandoned ? undefined : request.granted({ isContended: call.isAtOnce !== true })
    return () => {
      // Where release() has ended this hold already, the library now frees whoever holds the lock
      // since.
      const isOwn = isAbandoned || hold?.isOpen === true
      hold?.released()
      this.#within(isOwn ? releasing : undefined, releaser)
    }
  }

  release(semaphore: SemaphoreLike, original: SemaphoreLike['release'], args: number[]): void {
    // Without its releaser nobody can say which holds end: the oldest, and for a mutex the only
    // one.
    if (this.#call !== releasing && this.#observer.isOn) {
      this.#observer.seen(semaphore)?.permitsReturned(this.#permitsOf(args[0]))
    }
    this.#within(undefined, () => original.apply(semaphore, args))
  }

  cancel(semaphore: SemaphoreLike): void {
    for (const item of semaphore._queue) this.#items.get(item)?.cancelled()
  }

  #ask(
    semaphore: SemaphoreLike,
    weight: unknown,
    outermost: OutermostFunction,
  ): LockRequest | undefined {
    const timeoutMs = this.#isAround(this.#call) ? this.#call.timeoutMs : undefined
    return this.#observer.see(semaphore, outermost)?.request({
      ...(mutexSemaphores.has(semaphore) ? {} : { permits: this.#permitsOf(weight) }),
      ...(timeoutMs === undefined ? {} : { timeoutNs: timeoutMs * 1e6 }),
    })
  }

  /** Whether it waits for its `acquire()`. */
  #isAround(call: Call | undefined): call is Call {
    return call?.step === 'around' && call.request === undefined
  }

  #tagItem({ _queue: queue }: SemaphoreLike, request: LockRequest): void {
    for (let index = queue.length - 1; index >= 0; index--) {
      const item = queue[index]
      if (item !== undefined && !this.#items.has(item)) {
        this.#items.set(item, request)
        return
      }
    }
  }

  /** The library computes with whatever it is given. */
  #permitsOf(weight: unknown): number {
    if (weight === undefined) return 1
    const permits = this.#observer.attempt(() => Number(weight), 1)
    return permits > 0 && permits < Number.POSITIVE_INFINITY ? permits : 1
  }

  #within<T>(call: Call | undefined, action: () => T): T {
    const outer = this.#call
    this.#call = call
    try {
      return action()
    } finally {
      this.#call = outer
    }
  }
}
