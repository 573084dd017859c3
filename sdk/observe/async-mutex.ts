// Observation of async-mutex 0.5. Everything goes through Semaphore's prototype:
//
//   acquire() ──▶ item in _queue ──▶ _dispatchItem(item) ──▶ _newReleaser() ──▶ releaser ──▶ release()
//      request                          granted                 hold                released
//
// The library resolves the caller's promise inside _dispatchItem. We watch that moment instead of
// adding handlers to the promise: a handler of ours would hide unhandled rejections, and would come
// late. Values, promises and errors that the caller sees are the library's own, but for the
// releaser.
import { context } from '@opentelemetry/api'
import { WAYWARD_LOCK_TYPE_VALUE_MUTEX, WAYWARD_LOCK_TYPE_VALUE_SEMAPHORE } from '@wayward/semconv'
import { callSite, isConstructorOf, type OutermostFunction } from './call-site.ts'
import { type Core, guard } from '../report/core.ts'
import { sharedState } from '../process/shared-state.ts'
import { Lock } from '../report/lock.ts'
import type { LockHold, LockRequest, ReportedLock } from '../report/reported-lock.ts'

interface SemaphoreLike {
  _queue: object[]
  _dispatchItem(item: object): void
  _newReleaser(weight: number): () => void
  acquire(...args: number[]): Promise<unknown>
  runExclusive(callback: (value: number) => unknown, ...rest: number[]): Promise<unknown>
  release(...args: number[]): void
  cancel(): void
  getValue(): number
  setValue?(value: number): void
}

interface TimeoutLike {
  acquire: (this: TimeoutLike, ...args: number[]) => Promise<unknown>
  runExclusive: (
    this: TimeoutLike,
    callback: (...args: unknown[]) => unknown,
    ...rest: number[]
  ) => Promise<unknown>
}

type WithTimeout = (sync: object, timeout: number, error?: Error) => TimeoutLike
type TryAcquire = (sync: object, error?: Error) => TimeoutLike

/** The exports of async-mutex that are observed. */
export interface AsyncMutexModule {
  Mutex: { readonly prototype: object }
  Semaphore: { readonly prototype: object }
  withTimeout: unknown
  tryAcquire: unknown
}

export interface AsyncMutexObservation {
  /** `withTimeout` that reports time-outs; to be used where the module itself cannot be changed. */
  readonly withTimeout: unknown
  /** `tryAcquire` that reports refusals. */
  readonly tryAcquire: unknown
  /** Restores the library. */
  disable(): void
}

/** What an outer call (withTimeout, runExclusive) and the acquire() inside it tell each other. */
interface Frame {
  timeoutNs: number | undefined
  request: LockRequest | undefined
  onEnd: (() => void) | undefined
}

/** Requests by queue item. Weak: the library owns the items. */
const observedItems = new WeakMap<object, LockRequest>()
/** What follows the end of a request that has a time-out. */
const endsByRequest = new WeakMap<LockRequest, () => void>()
const namesGiven = sharedState('async-mutex.names.1', () => new WeakMap<object, string>())
const locksSeen = sharedState('async-mutex.locks.1', () => new WeakMap<object, ReportedLock>())
const mutexSemaphores = sharedState('async-mutex.mutexes.1', () => new WeakSet<object>())
/** The prototypes that are observed: a module that is observed twice reports once. */
const patched = sharedState('async-mutex.patched.1', () => new WeakSet<object>())
/** A lock that was collected while held can never be released: it must not stay open for ever. */
const collected = new FinalizationRegistry<ReportedLock>((lock) => lock.abandon())
const holdsByRequest = new WeakMap<LockRequest, LockHold>()
/** The inner object of a decorated one. */
const decorated = sharedState('async-mutex.decorated.1', () => new WeakMap<object, object>())

/**
 * Names an observed lock, for reports; otherwise it is called after the place where it was made.
 * @param lock a Mutex or Semaphore of async-mutex, or what withTimeout() made of one.
 * @returns the lock itself.
 * @example
 * const mutex = nameLock(new Mutex(), 'inventory')
 */
export function nameLock<T extends object>(lock: T, name: string): T {
  const target = semaphoreOf(lock)
  namesGiven.set(target, name)
  const seen = locksSeen.get(target)
  if (seen !== undefined) seen.name = name
  return lock
}

function semaphoreOf(lock: object): object {
  const inner = decorated.get(lock) ?? lock
  const semaphore = (inner as { _semaphore?: object })._semaphore
  return typeof semaphore === 'object' && semaphore !== null ? semaphore : inner
}

function isLibraryFrame(frame: string, classNames: readonly string[]): boolean {
  return /[\\/]node_modules[\\/]async-mutex[\\/]/.test(frame) || isConstructorOf(frame, classNames)
}

/**
 * Observes the classes of an async-mutex module. The caller has made sure that it is version 0.5.
 * @returns undefined if the module does not have the expected form; nothing was changed then.
 */
export function patchAsyncMutex(
  core: Core,
  module: AsyncMutexModule,
): AsyncMutexObservation | undefined {
  const semaphore = module.Semaphore.prototype as SemaphoreLike
  if (patched.has(semaphore)) return { ...pick(module), disable: () => undefined }
  const mutex = module.Mutex.prototype
  const methods = ['acquire', 'runExclusive', 'release', 'cancel', '_dispatchItem', '_newReleaser']
  for (const name of methods) {
    if (typeof (semaphore as unknown as Record<string, unknown>)[name] !== 'function') {
      return undefined
    }
  }
  const classNames = [module.Mutex, module.Semaphore].map(
    (made) => (made as { name?: string }).name ?? '',
  )
  const observer = createObserver(core, [...classNames, 'Mutex', 'Semaphore'])
  const restore = [
    replace(semaphore, 'acquire', observer.acquire),
    replace(semaphore, 'runExclusive', observer.runExclusive),
    replace(semaphore, 'release', observer.release),
    replace(semaphore, 'cancel', observer.cancel),
    ...(semaphore.setValue === undefined
      ? []
      : [replace(semaphore, 'setValue', observer.setValue)]),
    replace(semaphore, '_dispatchItem', observer.dispatchItem),
    replace(semaphore, '_newReleaser', observer.newReleaser),
    onFirstSet(semaphore, '_queue', (made, _value, setter) =>
      observer.lockOf(made as SemaphoreLike, setter),
    ),
    onFirstSet(mutex, '_semaphore', (_made, value) => {
      if (typeof value === 'object' && value !== null) observer.markMutex(value as SemaphoreLike)
    }),
  ]
  const { withTimeout, tryAcquire } = module as unknown as {
    withTimeout: WithTimeout
    tryAcquire: TryAcquire
  }
  patched.add(semaphore)
  let isActive = true
  return {
    withTimeout: (sync: object, timeout: number, error?: Error) => {
      const made =
        error === undefined ? withTimeout(sync, timeout) : withTimeout(sync, timeout, error)
      return isActive ? observer.decorate(made, sync, timeout, 'timedOut') : made
    },
    tryAcquire: (sync: object, error?: Error) => {
      const made = error === undefined ? tryAcquire(sync) : tryAcquire(sync, error)
      return isActive ? observer.decorate(made, sync, 0, 'refused') : made
    },
    disable() {
      isActive = false
      observer.disable()
      patched.delete(semaphore)
      for (const undo of restore) undo()
    },
  }
}

function pick(module: AsyncMutexModule): Pick<AsyncMutexModule, 'withTimeout' | 'tryAcquire'> {
  return { withTimeout: module.withTimeout, tryAcquire: module.tryAcquire }
}

function createObserver(core: Core, classNames: readonly string[]) {
  let isActive = true
  /** Set while an outer call is on the stack: the next acquire() is part of it. */
  let frame: Frame | undefined
  /** Set while the library grants: the next releaser is this request's. */
  let granting: LockRequest | undefined
  /** Set while acquire() runs: what is granted at once is this request. */
  let asking: LockRequest | undefined
  /** Set while one of our releasers runs: the release() inside it is not another one. */
  let isReleasing = false

  function lockOf(semaphore: SemaphoreLike, outermost: OutermostFunction): ReportedLock {
    const seen = locksSeen.get(semaphore)
    if (seen !== undefined) return seen
    const name = namesGiven.get(semaphore) ?? siteOf(outermost) ?? 'async-mutex'
    const isMutex = mutexSemaphores.has(semaphore)
    const lock = new Lock(core, {
      name,
      type: isMutex ? WAYWARD_LOCK_TYPE_VALUE_MUTEX : WAYWARD_LOCK_TYPE_VALUE_SEMAPHORE,
    })
    locksSeen.set(semaphore, lock)
    collected.register(semaphore, lock, semaphore)
    return lock
  }

  function siteOf(outermost: OutermostFunction): string | undefined {
    return callSite(outermost, (frame) => isLibraryFrame(frame, classNames))
  }

  function isOn(): boolean {
    return isActive && core.isEnabled
  }

  const acquire = (original: SemaphoreLike['acquire']) =>
    function observedAcquire(this: SemaphoreLike, ...args: number[]): Promise<unknown> {
      const outer = frame
      frame = undefined
      if (!isOn()) return original.apply(this, args)
      const weight = permitsOf(args[0])
      const request = guard(
        core,
        () =>
          lockOf(this, observedAcquire).request({
            ...(mutexSemaphores.has(this) ? {} : { permits: weight }),
            ...(outer?.timeoutNs === undefined ? {} : { timeoutNs: outer.timeoutNs }),
          }),
        undefined,
      )
      if (request === undefined) return original.apply(this, args)
      if (outer !== undefined) outer.request = request
      if (outer?.onEnd !== undefined) endsByRequest.set(request, outer.onEnd)
      const previous = asking
      asking = request
      try {
        const promise = original.apply(this, args)
        // Not granted: the library has put an item of ours, and only one, into its queue.
        if (request.isOpen) tagItem(this, request)
        return promise
      } catch (error) {
        request.cancelled()
        throw error
      } finally {
        asking = previous
      }
    }

  function tagItem(semaphore: SemaphoreLike, request: LockRequest): void {
    const queue = semaphore._queue
    for (let index = queue.length - 1; index >= 0; index--) {
      const item = queue[index]
      if (item !== undefined && !observedItems.has(item)) {
        observedItems.set(item, request)
        return
      }
    }
  }

  const dispatchItem = (original: SemaphoreLike['_dispatchItem']) =>
    function (this: SemaphoreLike, item: object): void {
      granting = observedItems.get(item) ?? asking
      try {
        original.call(this, item)
      } finally {
        granting = undefined
      }
    }

  const newReleaser = (original: SemaphoreLike['_newReleaser']) =>
    function (this: SemaphoreLike, weight: number): () => void {
      const releaser = original.call(this, weight)
      const granted = granting
      granting = undefined
      if (granted === undefined) return releaser
      // A request that gave up is granted for a moment all the same: nobody's hold, and no other's
      // end.
      const isAbandoned = !granted.isOpen
      const hold = isAbandoned ? undefined : granted.granted({ isContended: granted !== asking })
      if (hold !== undefined) holdsByRequest.set(granted, hold)
      endsByRequest.get(granted)?.()
      return () => {
        // Where release() has ended this hold already, the library now frees whoever holds the lock
        // since.
        const previous = isReleasing
        isReleasing = isAbandoned || hold?.isOpen === true
        hold?.released()
        try {
          releaser()
        } finally {
          isReleasing = previous
        }
      }
    }

  const release = (original: SemaphoreLike['release']) =>
    function (this: SemaphoreLike, ...args: number[]): void {
      const isOwn = isReleasing
      isReleasing = false
      // Without its releaser nobody can say which holds end: the oldest, and for a mutex the only
      // one.
      if (!isOwn && isOn()) locksSeen.get(this)?.permitsReturned(permitsOf(args[0]))
      original.apply(this, args)
    }

  /** A rate limiter refills its semaphore like this; nobody will release what was taken before. */
  const setValue = (original: SemaphoreLike['setValue']) =>
    function (this: SemaphoreLike, value: number): void {
      if (isOn()) {
        const returned = guard(core, () => value - this.getValue(), 0)
        if (returned > 0) locksSeen.get(this)?.permitsReturned(returned)
      }
      original?.call(this, value)
    }

  const cancel = (original: SemaphoreLike['cancel']) =>
    function (this: SemaphoreLike): void {
      if (isActive) {
        guard(
          core,
          () => {
            for (const item of this._queue) {
              const request = observedItems.get(item)
              if (request === undefined) continue
              request.cancelled()
              endsByRequest.get(request)?.()
            }
          },
          undefined,
        )
      }
      original.call(this)
    }

  /**
   * Makes `callback` run under the hold's span. The request is known once the callback is called.
   */
  function underHold<A extends unknown[], R>(
    inner: Frame,
    callback: (...args: A) => R,
  ): (...args: A) => R {
    return (...args) => {
      const hold = inner.request === undefined ? undefined : holdsByRequest.get(inner.request)
      if (hold === undefined) return callback(...args)
      return context.with(hold.context, () => callback(...args))
    }
  }

  const runExclusive = (original: SemaphoreLike['runExclusive']) =>
    function (
      this: SemaphoreLike,
      callback: (value: number) => unknown,
      ...rest: number[]
    ): Promise<unknown> {
      if (!isOn() || typeof callback !== 'function') return original.call(this, callback, ...rest)
      const inner: Frame = { timeoutNs: undefined, request: undefined, onEnd: undefined }
      frame = inner
      try {
        return original.call(this, underHold(inner, callback), ...rest)
      } finally {
        frame = undefined
      }
    }

  function decorate(
    made: TimeoutLike,
    sync: object,
    timeoutMs: number,
    end: 'timedOut' | 'refused',
  ): TimeoutLike {
    decorated.set(made, decorated.get(sync) ?? sync)
    const { acquire: originalAcquire, runExclusive: originalRun } = made
    made.acquire = function (this: TimeoutLike, ...args: number[]) {
      if (!isOn()) return originalAcquire.apply(this, args)
      const inner: Frame = frame ?? { timeoutNs: undefined, request: undefined, onEnd: undefined }
      inner.timeoutNs = timeoutMs * 1e6
      // The library does not tell that it gave up. This timer is older than the library's and of
      // the same length, so it fires just before.
      const timer = setTimeout(() => inner.request?.[end](), timeoutMs)
      timer.unref()
      inner.onEnd = () => clearTimeout(timer)
      frame = inner
      try {
        return originalAcquire.apply(this, args)
      } finally {
        frame = undefined
        if (inner.request?.isOpen !== true) clearTimeout(timer)
      }
    }
    made.runExclusive = function (this: TimeoutLike, callback, ...rest) {
      if (!isOn() || typeof callback !== 'function') {
        return originalRun.call(this, callback, ...rest)
      }
      const inner: Frame = { timeoutNs: undefined, request: undefined, onEnd: undefined }
      frame = inner
      try {
        return originalRun.call(this, underHold(inner, callback), ...rest)
      } finally {
        frame = undefined
      }
    }
    return made
  }

  return {
    acquire,
    runExclusive,
    release,
    setValue,
    cancel,
    dispatchItem,
    newReleaser,
    decorate,
    lockOf(semaphore: SemaphoreLike, outermost: OutermostFunction) {
      if (core.isEnabled) guard(core, () => lockOf(semaphore, outermost), undefined)
    },
    markMutex(semaphore: SemaphoreLike) {
      mutexSemaphores.add(semaphore)
      guard(
        core,
        () => {
          const made = locksSeen.get(semaphore)
          if (made === undefined) return
          const lock = new Lock(core, { name: made.name, id: made.id })
          locksSeen.set(semaphore, lock)
          collected.unregister(semaphore)
          collected.register(semaphore, lock, semaphore)
        },
        undefined,
      )
    },
    disable() {
      isActive = false
    },
  }
}

/** The library computes with whatever it is given. */
function permitsOf(weight: unknown): number {
  const permits = weight === undefined ? 1 : Number(weight)
  return permits > 0 && permits < Number.POSITIVE_INFINITY ? permits : 1
}

/**
 * Replaces a method, keeping name and length. @returns what restores it, if nobody else replaced it
 * since.
 */
function replace<T extends object, K extends keyof T>(
  target: T,
  key: K,
  wrap: (original: T[K]) => unknown,
): () => void {
  const original = target[key]
  const wrapped = wrap(original) as T[K]
  Object.defineProperty(target, key, { value: wrapped, writable: true, configurable: true })
  return () => {
    if (target[key] === wrapped) {
      Object.defineProperty(target, key, { value: original, writable: true, configurable: true })
    }
  }
}

/**
 * Tells when a constructor assigns `key` for the first time: the only way to see an object being
 * made without replacing its class. The assignment leaves an ordinary property.
 */
function onFirstSet(
  prototype: object,
  key: string,
  onSet: (made: object, value: unknown, setter: OutermostFunction) => void,
): () => void {
  function setFirst(this: object, value: unknown): void {
    Object.defineProperty(this, key, {
      value,
      writable: true,
      configurable: true,
      enumerable: true,
    })
    onSet(this, value, setFirst)
  }
  Object.defineProperty(prototype, key, { configurable: true, set: setFirst })
  return () => Reflect.deleteProperty(prototype, key)
}
