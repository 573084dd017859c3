// The contract of locks that are reported.
import type { Scope } from './scope.ts'

/** What a lock is; see `wayward.lock.*` in the semantic conventions. */
export interface LockSettings {
  /** The lock's class, of low cardinality: what reports group by. */
  readonly name: string
  /**
   * `mutex`, `rwlock`, `semaphore`, `monitor`, `condition`, `spinlock`, `file`, `database` or
   * `distributed`.
   * @default 'mutex'
   */
  readonly type?: string
  /**
   * The mode of requests that name none: `exclusive` or `shared`.
   * @default 'exclusive'
   */
  readonly mode?: 'exclusive' | 'shared'
  /**
   * Within what holders exclude each other: `process`, `host` or `cluster`.
   * @default 'process'
   */
  readonly scope?: 'process' | 'host' | 'cluster'
  /**
   * Identity of a lock that is known outside of this process; otherwise `<pid>:<number>` is given.
   */
  readonly id?: string
  /**
   * How many permits there are, for a semaphore.
   * @default 1
   */
  readonly capacity?: number
}

/** What may be said of a request for a lock. */
export interface LockRequestOptions {
  /** When the lock was asked for, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  readonly mode?: 'exclusive' | 'shared'
  /** Permits asked for, for a semaphore. */
  readonly permits?: number
  /** Longest wait that the requester accepts, in nanoseconds. */
  readonly timeoutNs?: number
}

/** What may be said of a lock that was had at once. */
export type LockAcquireOptions = Omit<LockRequestOptions, 'timeoutNs'>

/** When something happened to a lock. */
export interface LockTimeOptions {
  /** When it happened, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
}

/** What may be said of a grant. */
export interface LockGrantOptions extends LockTimeOptions {
  /**
   * Whether the request had to wait. By default it had if, when it was made, the known holders or
   * earlier waiters stood in its way, or, for a lock of more than this process, if it took a
   * millisecond or more.
   */
  readonly isContended?: boolean
}

/** A lock whose use is reported. */
export interface ReportedLock {
  readonly id: string
  name: string
  /**
   * Somebody asks for the lock. The caller's asynchronous flow is the one that asks.
   * @example
   * const request = lock.request()
   * await database.query('SELECT pg_advisory_lock(7)')
   * const hold = request.granted()
   */
  request(options?: LockRequestOptions): LockRequest
  /**
   * Somebody has the lock without a wait, as of an attempt that succeeds at once: what a request
   * and its grant at the same time would say, at less cost.
   */
  acquired(options?: LockAcquireOptions): LockHold
  /** The holds that have not ended, oldest first. */
  readonly holds: readonly LockHold[]
  /** The requests that wait, oldest first. */
  readonly requests: Iterable<LockRequest>
  /**
   * Permits came back by another way than the release of a hold, as where a semaphore is refilled
   * or counts something: the oldest holds that they cover end.
   */
  permitsReturned(permits: number): void
  /**
   * Forgets holds and requests that can no longer end, as of a lock that is gone; nothing is
   * reported of them.
   */
  abandon(): void
}

/** A request; its first end counts, later ones are ignored. */
export interface LockRequest {
  /** The lock is granted: the wait ends (a span, if there was one) and the hold begins. */
  granted(options?: LockGrantOptions): LockHold
  /** The requester gave up after its time-out. */
  timedOut(options?: LockTimeOptions): void
  /** The request was cancelled. */
  cancelled(options?: LockTimeOptions): void
  /** The lock was busy and the requester would not wait. */
  refused(options?: LockTimeOptions): void
  readonly isOpen: boolean
  /** The hold that it has become, undefined before and without a grant. */
  readonly hold: LockHold | undefined
  /** The task that asks, undefined while disabled. */
  readonly taskId: string | undefined
}

/** A lock that is held; `run` nests spans under the hold's span. */
export interface LockHold extends Scope {
  /** The lock is freed, by whomever. A second release is ignored. */
  released(options?: LockTimeOptions): void
  readonly isOpen: boolean
  readonly taskId: string | undefined
}
