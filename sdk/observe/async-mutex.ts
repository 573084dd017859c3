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
import type { LockHold, LockRequest } from '../report/reported-lock.ts'
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
      return calls.acquire(this, original, args, observedAcquire)
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

/** A call around `acquire()`, as of `runExclusive()`, and what became of the request within it. */
interface Around {
  request: LockRequest | undefined
  hold: LockHold | undefined
  /** The time-out of the request. */
  timeoutMs: number | undefined
}

/**
 * The calls of one library, from one that comes in to its return. What of them is on the stack
 * stands in fields, because an object for each would be most of what a request costs:
 *
 *   around ─▶ asking ─▶ granting        runExclusive(), withTimeout(); acquire(); _dispatchItem()
 *   releasing ─▶ granting               a releaser; _dispatchItem()
 */
class Calls {
  readonly #observer: Observer<Lock>
  /** Requests that wait, by queue item. Weak: the library owns the items. */
  readonly #items = new WeakMap<object, LockRequest>()
  /** The call that waits for its `acquire()`. */
  #around: Around | undefined
  /** The lock that is being asked for, how much of it, and whether it was granted at once. */
  #asked: Lock | undefined
  #permits: number | undefined
  #isDispatched = false
  #hold: LockHold | undefined
  /** The request that is being granted after a wait. */
  #granting: LockRequest | undefined
  /** A releaser runs, whose hold has ended: the library's `release()` within says nothing more. */
  #isReleasing = false

  constructor(observer: Observer<Lock>) {
    this.#observer = observer
  }

  acquire(
    semaphore: SemaphoreLike,
    original: SemaphoreLike['acquire'],
    args: number[],
    outermost: OutermostFunction,
  ): Promise<unknown> {
    const observer = this.#observer
    const lock = observer.isOn ? observer.see(semaphore, outermost) : undefined
    if (lock === undefined) return original.apply(semaphore, args)
    const around = this.#around
    const outer = this.#asked
    const permits = mutexSemaphores.has(semaphore) ? undefined : this.#permitsOf(args[0])
    this.#around = undefined
    this.#asked = lock
    this.#permits = permits
    this.#isDispatched = false
    this.#hold = undefined
    try {
      const promise = original.apply(semaphore, args)
      const hold = this.#hold
      if (!this.#isDispatched) this.#wait(semaphore, lock, permits, around)
      else if (around !== undefined) around.hold = hold
      return promise
    } finally {
      this.#asked = outer
      this.#hold = undefined
    }
  }

  /** A call around `acquire()`, whose callback runs under the span of the hold. */
  around<A extends unknown[]>(
    callback: (...args: A) => unknown,
    action: (callback: (...args: A) => unknown) => Promise<unknown>,
  ): Promise<unknown> {
    if (!this.#observer.isOn || typeof callback !== 'function') return action(callback)
    const around = this.#around ?? newAround()
    return this.#within(around, () =>
      action((...args) => {
        const hold = around.hold ?? around.request?.hold
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
    const around = this.#around ?? newAround()
    around.timeoutMs = timeoutMs
    // A promise that follows the library's: a rejection that nobody handles is still seen as such.
    return this.#within(around, action).catch((error: unknown) => {
      // What was cancelled or refused for another reason has ended by now.
      around.request?.[end]()
      throw error
    })
  }

  dispatch(semaphore: SemaphoreLike, original: SemaphoreLike['_dispatchItem'], item: object): void {
    const outer = this.#granting
    this.#granting = this.#items.get(item)
    try {
      original.call(semaphore, item)
    } finally {
      this.#granting = outer
    }
  }

  /** What the library has just granted is held, and ends with the releaser that it gives away. */
  newReleaser(releaser: () => void): () => void {
    const request = this.#granting
    if (request !== undefined) {
      this.#granting = undefined
      // A request that gave up is granted for a moment all the same: nobody's hold, and no other's
      // end.
      if (!request.isOpen) return () => this.#release(releaser, true)
      return this.#releaserOf(request.granted({ isContended: true }), releaser)
    }
    const lock = this.#asked
    if (lock === undefined || this.#isDispatched) return releaser
    this.#isDispatched = true
    const permits = this.#permits
    const hold = permits === undefined ? lock.acquired() : lock.acquired({ permits })
    this.#hold = hold
    return this.#releaserOf(hold, releaser)
  }

  release(semaphore: SemaphoreLike, original: SemaphoreLike['release'], args: number[]): void {
    // Without its releaser nobody can say which holds end: the oldest, and for a mutex the only
    // one.
    if (!this.#isReleasing && this.#observer.isOn) {
      this.#observer.seen(semaphore)?.permitsReturned(this.#permitsOf(args[0]))
    }
    original.apply(semaphore, args)
  }

  cancel(semaphore: SemaphoreLike): void {
    for (const item of semaphore._queue) this.#items.get(item)?.cancelled()
  }

  #releaserOf(hold: LockHold, releaser: () => void): () => void {
    const isFollowed = hold.isOpen
    return () => {
      // Where release() has ended this hold already, the library now frees whoever holds the lock
      // since. What could not be followed is nobody else's.
      const isOwn = hold.isOpen || !isFollowed
      hold.released()
      this.#release(releaser, isOwn)
    }
  }

  #release(releaser: () => void, isOwn: boolean): void {
    const outer = this.#isReleasing
    this.#isReleasing = isOwn
    try {
      releaser()
    } finally {
      this.#isReleasing = outer
    }
  }

  /** Not granted: the library has put an item of ours, and only one, into its queue. */
  #wait(
    semaphore: SemaphoreLike,
    lock: Lock,
    permits: number | undefined,
    around: Around | undefined,
  ): void {
    const timeoutMs = around?.timeoutMs
    const request = lock.request({
      ...(permits === undefined ? {} : { permits }),
      ...(timeoutMs === undefined ? {} : { timeoutNs: timeoutMs * 1e6 }),
    })
    if (around !== undefined) around.request = request
    this.#tagItem(semaphore, request)
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

  #within<T>(around: Around, action: () => T): T {
    const outer = this.#around
    this.#around = around
    try {
      return action()
    } finally {
      this.#around = outer
    }
  }
}

function newAround(): Around {
  return { request: undefined, hold: undefined, timeoutMs: undefined }
}
