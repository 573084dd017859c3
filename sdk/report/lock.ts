import { type Attributes, type Context, context, type HrTime, trace } from '@opentelemetry/api'
import {
  ATTR_WAYWARD_LOCK_CONTENDED,
  ATTR_WAYWARD_LOCK_DEPTH,
  ATTR_WAYWARD_LOCK_HELD,
  ATTR_WAYWARD_LOCK_HELD_COUNT,
  ATTR_WAYWARD_LOCK_HOLDER_TASK_ID,
  ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_MODE,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_LOCK_PERMITS,
  ATTR_WAYWARD_LOCK_SCOPE,
  ATTR_WAYWARD_LOCK_TIMEOUT,
  ATTR_WAYWARD_LOCK_TYPE,
  ATTR_WAYWARD_LOCK_WAIT_DURATION,
  ATTR_WAYWARD_LOCK_WAIT_RESULT,
  ATTR_WAYWARD_LOCK_WAITER_COUNT,
  WAYWARD_KIND_VALUE_LOCK_HOLD,
  WAYWARD_KIND_VALUE_LOCK_WAIT,
  WAYWARD_LOCK_MODE_VALUE_EXCLUSIVE,
  WAYWARD_LOCK_MODE_VALUE_SHARED,
  WAYWARD_LOCK_SCOPE_VALUE_PROCESS,
  WAYWARD_LOCK_TYPE_VALUE_MUTEX,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_CANCELLED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_GRANTED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_REFUSED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_TIMEOUT,
} from '@wayward/semconv'
import { durationNs } from '../process/clock.ts'
import { actorAttributes, type Core, createScope, guard, type Scope, timeOf } from './core.ts'
import type { OpenOperation } from './open-operations.ts'
import {
  addHold,
  type HeldLocks,
  type Point,
  removeHold,
  type Task,
  type TaskHold,
} from './task.ts'

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
   * Forgets holds and requests that can no longer end, as of a lock that is gone; nothing is told
   * of them.
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

/** From this wait on a lock beyond this process counts as contended. */
const contendedNsMin = 1_000_000

interface LockState {
  readonly core: Core
  readonly id: string
  name: string
  readonly type: string
  readonly mode: string
  readonly scope: string
  readonly capacity: number
  readonly holds: OpenHold[]
  readonly waiting: Set<OpenRequest>
  /** Requests that wait, those besides that are not followed. */
  waitingCount: number
  /**
   * Permits that are taken, and holds that are exclusive: of all holds, those besides that are not
   * followed.
   */
  takenPermits: number
  exclusiveCount: number
  /** Permits that came back and cover no whole hold yet. */
  returnedPermits: number
}

/** Holds of one lock that are followed; a semaphore with more forgets the oldest until they end. */
const followedHoldsMax = 1000

export function createLock(core: Core, settings: LockSettings): ReportedLock {
  const state: LockState = {
    core,
    id: settings.id ?? core.process.nextLockId(),
    name: settings.name,
    type: settings.type ?? WAYWARD_LOCK_TYPE_VALUE_MUTEX,
    mode: settings.mode ?? WAYWARD_LOCK_MODE_VALUE_EXCLUSIVE,
    scope: settings.scope ?? WAYWARD_LOCK_SCOPE_VALUE_PROCESS,
    capacity: settings.capacity ?? 1,
    holds: [],
    waiting: new Set(),
    waitingCount: 0,
    takenPermits: 0,
    exclusiveCount: 0,
    returnedPermits: 0,
  }
  return {
    id: state.id,
    get name() {
      return state.name
    },
    set name(name) {
      state.name = name
    },
    holds: state.holds,
    requests: state.waiting,
    abandon() {
      // Each takes itself from the list.
      for (let hold = state.holds[0]; hold !== undefined; hold = state.holds[0]) hold.abandon()
      for (const request of state.waiting) request.abandon()
      state.waitingCount = state.takenPermits = state.exclusiveCount = 0
    },
    permitsReturned(permits) {
      guard(core, () => endOldest(state, permits), undefined)
    },
    request(options = {}) {
      if (!core.isEnabled) return noRequest
      return guard<LockRequest>(core, () => new OpenRequest(state, options), noRequest)
    },
  }
}

class OpenRequest implements LockRequest, OpenOperation {
  isOpen = true
  readonly anchorMs: number
  readonly sequence: number
  readonly context: Context
  // Two numbers take half of what a pair does, and 100,000 requests may wait.
  readonly #startSeconds: number
  readonly #startNs: number
  readonly #lock: LockState
  readonly #point: Point
  readonly #held: HeldLocks
  readonly #mode: string
  readonly #permits: number | undefined
  readonly #timeoutNs: number | undefined
  readonly #waiterCount: number
  readonly #holder: OpenHold | undefined
  readonly #isBlocked: boolean

  constructor(lock: LockState, options: LockRequestOptions) {
    const { core } = lock
    this.anchorMs = core.clock.anchorMs
    const time = timeOf(core, options.timeNs, this.anchorMs)
    this.#startSeconds = time[0]
    this.#startNs = time[1]
    this.#lock = lock
    this.#mode = options.mode ?? lock.mode
    this.#permits = options.permits
    this.#timeoutNs = options.timeoutNs
    this.#waiterCount = lock.waitingCount
    this.#holder = lock.holds[0]
    this.#isBlocked = isBlocked(lock, this.#mode, options.permits ?? 1)
    this.context = context.active()
    this.sequence = core.process.nextSequence()
    this.#point = core.tasks.ask()
    this.#held = core.tasks.held(this.#point.task)
    this.#point.task.waiting++
    lock.waitingCount++
    if (core.open.add(this)) lock.waiting.add(this)
  }

  get startTime(): HrTime {
    return [this.#startSeconds, this.#startNs]
  }

  get taskId(): string {
    return this.#point.task.id
  }

  granted(options: LockGrantOptions = {}): LockHold {
    if (!this.isOpen) return noHold
    const { core } = this.#lock
    return guard<LockHold>(core, () => this.#grant(options), noHold)
  }

  timedOut(options: LockTimeOptions = {}): void {
    this.#giveUp(WAYWARD_LOCK_WAIT_RESULT_VALUE_TIMEOUT, options.timeNs)
  }

  cancelled(options: LockTimeOptions = {}): void {
    this.#giveUp(WAYWARD_LOCK_WAIT_RESULT_VALUE_CANCELLED, options.timeNs)
  }

  refused(options: LockTimeOptions = {}): void {
    this.#giveUp(WAYWARD_LOCK_WAIT_RESULT_VALUE_REFUSED, options.timeNs)
  }

  describe(): Attributes {
    return this.#waitAttributes(undefined)
  }

  abandon(): void {
    this.#lock.core.open.abandon(this)
    this.#close()
  }

  #grant(options: LockGrantOptions): LockHold {
    const lock = this.#lock
    const { core } = lock
    const time = timeOf(core, options.timeNs, this.anchorMs)
    const passedNs = durationNs(this.startTime, time)
    const isContended =
      options.isContended ??
      (this.#isBlocked ||
        (lock.scope !== WAYWARD_LOCK_SCOPE_VALUE_PROCESS && passedNs >= contendedNsMin))
    this.#close()
    // Where there was no wait, the hold takes over the number, so that the numbers have no gaps.
    const sequence = isContended ? core.process.nextSequence() : this.sequence
    if (isContended) this.#sendWait(WAYWARD_LOCK_WAIT_RESULT_VALUE_GRANTED, time)
    const { task } = this.#point
    const attributes = this.#baseAttributes(WAYWARD_KIND_VALUE_LOCK_HOLD, sequence)
    attributes[ATTR_WAYWARD_LOCK_WAIT_DURATION] = isContended ? passedNs : 0
    attributes[ATTR_WAYWARD_LOCK_CONTENDED] = isContended
    attributes[ATTR_WAYWARD_LOCK_DEPTH] = depthOf(lock, task) + 1
    return new OpenHold(lock, {
      task,
      pointOrder: this.#point.order,
      permits: this.#permits ?? 1,
      isShared: this.#mode === WAYWARD_LOCK_MODE_VALUE_SHARED,
      sequence,
      attributes,
      startTime: time,
      anchorMs: this.anchorMs,
      parent: this.context,
    })
  }

  #giveUp(result: string, timeNs: bigint | undefined): void {
    if (!this.isOpen) return
    const { core } = this.#lock
    guard(
      core,
      () => {
        const time = timeOf(core, timeNs, this.anchorMs)
        this.#close()
        this.#sendWait(result, time)
      },
      undefined,
    )
  }

  #close(): void {
    this.isOpen = false
    this.#point.task.waiting--
    this.#lock.waitingCount = Math.max(0, this.#lock.waitingCount - 1)
    this.#lock.waiting.delete(this)
    this.#lock.core.open.delete(this)
  }

  #sendWait(result: string, time: HrTime): void {
    const lock = this.#lock
    if (!lock.core.isEnabled) return
    lock.core.tracer
      .startSpan(
        `wait ${lock.name}`,
        { startTime: this.startTime, attributes: this.#waitAttributes(result) },
        this.context,
      )
      .end(time)
  }

  #waitAttributes(result: string | undefined): Attributes {
    const attributes = this.#baseAttributes(WAYWARD_KIND_VALUE_LOCK_WAIT, this.sequence)
    if (result !== undefined) attributes[ATTR_WAYWARD_LOCK_WAIT_RESULT] = result
    if (this.#timeoutNs !== undefined) attributes[ATTR_WAYWARD_LOCK_TIMEOUT] = this.#timeoutNs
    if (this.#holder !== undefined) {
      attributes[ATTR_WAYWARD_LOCK_HOLDER_TASK_ID] = this.#holder.taskId
      attributes[ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID] = this.#lock.core.threadId
    }
    return attributes
  }

  #baseAttributes(kind: string, sequence: number): Attributes {
    const lock = this.#lock
    const attributes = actorAttributes(lock.core, kind, sequence, this.#point.task)
    attributes[ATTR_WAYWARD_LOCK_ID] = lock.id
    attributes[ATTR_WAYWARD_LOCK_NAME] = lock.name
    attributes[ATTR_WAYWARD_LOCK_TYPE] = lock.type
    attributes[ATTR_WAYWARD_LOCK_MODE] = this.#mode
    attributes[ATTR_WAYWARD_LOCK_SCOPE] = lock.scope
    attributes[ATTR_WAYWARD_LOCK_HELD] = this.#held.ids as string[]
    if (this.#held.count > this.#held.ids.length) {
      attributes[ATTR_WAYWARD_LOCK_HELD_COUNT] = this.#held.count
    }
    attributes[ATTR_WAYWARD_LOCK_WAITER_COUNT] = this.#waiterCount
    if (this.#permits !== undefined) attributes[ATTR_WAYWARD_LOCK_PERMITS] = this.#permits
    return attributes
  }
}

interface HoldSettings {
  readonly task: Task
  readonly pointOrder: number
  readonly permits: number
  readonly isShared: boolean
  readonly sequence: number
  readonly attributes: Attributes
  readonly startTime: HrTime
  readonly anchorMs: number
  readonly parent: Context
}

class OpenHold implements LockHold, OpenOperation, TaskHold {
  isReleased = false
  readonly anchorMs: number
  readonly lockId: string
  readonly lockClass: string
  readonly order: number
  readonly pointOrder: number
  readonly permits: number
  readonly isShared: boolean
  readonly sequence: number
  readonly startTime: HrTime
  readonly span: Scope['span']
  readonly context: Context
  readonly #lock: LockState
  /** Gone with the end: tasks know what they inherited, and would keep all that came before. */
  #task: Task | undefined
  #taskId: string | undefined
  readonly #attributes: Attributes

  constructor(lock: LockState, settings: HoldSettings) {
    const { core } = lock
    this.#lock = lock
    this.#task = settings.task
    this.#attributes = settings.attributes
    this.lockId = lock.id
    this.lockClass = lock.name
    this.order = core.tasks.nextOrder()
    this.pointOrder = settings.pointOrder
    this.permits = settings.permits
    this.isShared = settings.isShared
    this.sequence = settings.sequence
    this.startTime = settings.startTime
    this.anchorMs = settings.anchorMs
    const span = core.tracer.startSpan(
      `hold ${lock.name}`,
      { startTime: settings.startTime, attributes: settings.attributes },
      settings.parent,
    )
    this.span = span
    this.context = trace.setSpan(settings.parent, span)
    lock.takenPermits += this.permits
    if (!this.isShared) lock.exclusiveCount++
    // The lock knows its holders also where so much is open that their tasks and the snapshots do
    // not.
    lock.holds.push(this)
    if (core.open.add(this)) addHold(settings.task, this)
    if (lock.holds.length > followedHoldsMax) lock.holds[0]?.leaveOut()
  }

  get isOpen(): boolean {
    return !this.isReleased
  }

  get taskId(): string {
    return this.#task?.id ?? this.#taskId ?? ''
  }

  isOf(task: Task): boolean {
    return this.#task === task
  }

  run<T>(fn: () => T): T {
    return createScope(this.span, this.context).run(fn)
  }

  released(options: LockTimeOptions = {}): void {
    if (this.isReleased) return
    this.isReleased = true
    const { core } = this.#lock
    guard(
      core,
      () => {
        const time = timeOf(core, options.timeNs, this.anchorMs)
        this.#end()
        this.span?.end(time)
      },
      undefined,
    )
  }

  abandon(): void {
    this.#lock.core.open.abandon(this)
    this.#end()
  }

  #end(): void {
    const lock = this.#lock
    this.isReleased = true
    lock.takenPermits = Math.max(0, lock.takenPermits - this.permits)
    if (!this.isShared) lock.exclusiveCount = Math.max(0, lock.exclusiveCount - 1)
    this.#forget()
    lock.core.open.delete(this)
  }

  /** It is followed no more; its end is still reported, should it come. */
  leaveOut(): void {
    this.#forget()
    this.#lock.core.open.leaveOut(this)
  }

  #forget(): void {
    const task = this.#task
    if (task === undefined) return
    remove(this.#lock.holds, this)
    removeHold(task, this)
    this.#taskId = task.id
    this.#task = undefined
  }

  describe(): Attributes {
    return this.#attributes
  }
}

function isBlocked(lock: LockState, mode: string, permits: number): boolean {
  if (lock.waitingCount > 0) return true
  if (mode === WAYWARD_LOCK_MODE_VALUE_SHARED) return lock.exclusiveCount > 0
  return lock.takenPermits + permits > Math.max(lock.capacity, permits)
}

/** How often the task holds the lock. */
function depthOf(lock: LockState, task: Task): number {
  let depth = 0
  if (task.holds.length < lock.holds.length) {
    for (const hold of task.holds) if (hold.lockId === lock.id) depth++
    return depth
  }
  for (const hold of lock.holds) if (hold.isOf(task)) depth++
  return depth
}

function endOldest(lock: LockState, permits: number): void {
  lock.returnedPermits += permits
  for (let hold = lock.holds[0]; hold !== undefined; hold = lock.holds[0]) {
    if (hold.permits > lock.returnedPermits) return
    lock.returnedPermits -= hold.permits
    hold.released()
  }
  // The rest is of holds that are not followed, or of none.
  lock.takenPermits = Math.max(0, lock.takenPermits - lock.returnedPermits)
  lock.returnedPermits = 0
}

function remove<T>(items: T[], item: T): void {
  const index = items.lastIndexOf(item)
  if (index !== -1) items.splice(index, 1)
}

/** What a disabled lock hands out. */
const noHold: LockHold = {
  isOpen: false,
  taskId: undefined,
  span: undefined,
  get context() {
    return context.active()
  },
  run: (fn) => fn(),
  released: () => undefined,
}

const noRequest: LockRequest = {
  isOpen: false,
  taskId: undefined,
  granted: () => noHold,
  timedOut: () => undefined,
  cancelled: () => undefined,
  refused: () => undefined,
}
