import { type Context, context } from '@opentelemetry/api'
import {
  WAYWARD_LOCK_MISUSE_RULE_VALUE_HELD_PAST_END,
  WAYWARD_LOCK_MISUSE_RULE_VALUE_RELEASED_BY_OTHER,
  WAYWARD_LOCK_MISUSE_RULE_VALUE_RELEASED_TWICE,
  WAYWARD_LOCK_MODE_VALUE_SHARED,
  WAYWARD_LOCK_TYPE_VALUE_MONITOR,
  WAYWARD_LOCK_TYPE_VALUE_MUTEX,
  WAYWARD_LOCK_TYPE_VALUE_RWLOCK,
  WAYWARD_LOCK_TYPE_VALUE_SPINLOCK,
} from '@wayward/semconv'
import type { Door } from './call-sites.ts'
import { momentOf, swallow } from './core.ts'
import { depthOf, type HoldOfLock, type LockState } from './lock-state.ts'
import { OpenOperation } from './open-operation.ts'
import type { LockHoldOperation, LockWaitOperation } from './operation.ts'
import type { LockAcquireOptions, LockHold, LockTimeOptions } from './reported-lock.ts'
import { noScope } from './scope.ts'
import {
  addHold,
  type HeldLocks,
  type Point,
  removeHold,
  type Task,
  type TaskHold,
} from './task.ts'

/** What the grant says of a hold; the rest is as the request was. */
interface Grant {
  readonly seconds: number
  readonly ns: number
  readonly sequence: number
  readonly isContended: boolean
  readonly waitNs: number
}

/** What goes on from the request to the hold. */
type Request = Pick<
  LockWaitOperation,
  'anchorMs' | 'parent' | 'mode' | 'permits' | 'held' | 'waiterCount' | 'site'
> & { readonly lock: LockState }

/** Holds of one lock that are followed; a semaphore with more forgets the oldest until they end. */
const followedHoldsMax = 1000

/** Who gets such a lock is who releases it; permits may be given back by anybody. */
const ownedTypes: ReadonlySet<string> = new Set([
  WAYWARD_LOCK_TYPE_VALUE_MUTEX,
  WAYWARD_LOCK_TYPE_VALUE_RWLOCK,
  WAYWARD_LOCK_TYPE_VALUE_MONITOR,
  WAYWARD_LOCK_TYPE_VALUE_SPINLOCK,
])

/** A lock that is held. */
export class OpenHold extends OpenOperation implements HoldOfLock, TaskHold, LockHoldOperation {
  readonly lock: LockState
  readonly lockClass: string
  readonly sequence: number
  readonly parent: Context
  readonly taskNumber: number
  readonly taskName: string | undefined
  readonly order: number
  readonly pointOrder: number
  readonly mode: string
  readonly permits: number | undefined
  readonly held: HeldLocks
  readonly waiterCount: number
  readonly site: string
  readonly waitNs: number
  readonly isContended: boolean
  readonly depth: number
  /** What `blockedCount` of the lock was when it was granted. */
  readonly #blockedBefore: number
  /** Gone with the end: tasks know what they inherited, and would keep all that came before. */
  #task: Task | undefined
  #wasReleased = false

  constructor(request: Request, point: Point, grant: Grant) {
    const { lock } = request
    const { task } = point
    super(lock.core, request.anchorMs, grant)
    this.lock = lock
    this.lockClass = lock.name
    this.sequence = grant.sequence
    this.parent = request.parent
    this.#task = task
    this.taskNumber = task.number
    this.taskName = task.name
    this.order = lock.core.tasks.nextOrder()
    this.pointOrder = point.order
    this.mode = request.mode
    this.permits = request.permits
    this.held = request.held
    this.waiterCount = request.waiterCount
    this.site = request.site
    this.waitNs = grant.waitNs
    this.isContended = grant.isContended
    this.depth = depthOf(lock, task) + 1
    this.#blockedBefore = lock.blockedCount
    lock.takenPermits += this.permits ?? 1
    if (!this.isShared) lock.exclusiveCount++
    // The lock knows its holders also where so much is open that their tasks and the snapshots do
    // not.
    lock.holds.push(this)
    if (this.begin()) addHold(task, this)
    if (lock.holds.length > followedHoldsMax) lock.holds[0]?.leaveOut()
  }

  get kind(): 'lock_hold' {
    return 'lock_hold'
  }

  get isWaitedFor(): boolean {
    return this.lock.waitingCount > 0 || this.lock.blockedCount !== this.#blockedBefore
  }

  get lockId(): string {
    return this.lock.id
  }

  get isReleased(): boolean {
    return !this.isOpen
  }

  get lockType(): string {
    return this.lock.type
  }

  get isShared(): boolean {
    return this.mode === WAYWARD_LOCK_MODE_VALUE_SHARED
  }

  isOf(task: Task): boolean {
    return this.#task === task
  }

  released(options?: LockTimeOptions): void {
    if (this.#wasReleased) this.#tellMisuse(WAYWARD_LOCK_MISUSE_RULE_VALUE_RELEASED_TWICE)
    else if (this.#isOthers()) this.#tellMisuse(WAYWARD_LOCK_MISUSE_RULE_VALUE_RELEASED_BY_OTHER)
    this.#wasReleased = true
    this.tryFinish(options?.timeNs)
  }

  /** The task that it is of has ended, and did not release it. */
  outlived(): void {
    this.#tellMisuse(WAYWARD_LOCK_MISUSE_RULE_VALUE_HELD_PAST_END)
  }

  /** Whether the caller has nothing to do with who got it, where that means something. */
  #isOthers(): boolean {
    if (!ownedTypes.has(this.lock.type) || !this.isOpen) return false
    const task = this.#task
    const current = this.core.tasks.current()
    if (current === task || current.root === task?.root) return false
    return !current.inherited.includes(this)
  }

  #tellMisuse(rule: string): void {
    const { core, lock, taskNumber: ownerTask, site: askedSite } = this
    if (!core.isEnabled) return
    try {
      const actorTask = core.tasks.current().number
      const door = rule === WAYWARD_LOCK_MISUSE_RULE_VALUE_HELD_PAST_END ? undefined : doorOfRelease
      core.misuses.note(core, {
        rule,
        lock,
        ownerTask,
        actorTask,
        askedSite,
        context: context.active(),
        ...(door === undefined ? {} : { door }),
      })
    } catch (error) {
      swallow(core, error)
    }
  }

  close(): void {
    const { lock } = this
    lock.takenPermits = Math.max(0, lock.takenPermits - (this.permits ?? 1))
    if (!this.isShared) lock.exclusiveCount = Math.max(0, lock.exclusiveCount - 1)
    this.#forget()
  }

  leaveOut(): void {
    this.#forget()
    this.core.open.leaveOut(this)
  }

  #forget(): void {
    const task = this.#task
    if (task === undefined) return
    const { holds } = this.lock
    // The only one, as a rule.
    if (holds.at(-1) === this) holds.pop()
    else {
      const index = holds.lastIndexOf(this)
      if (index !== -1) holds.splice(index, 1)
    }
    removeHold(task, this)
    this.#task = undefined
  }
}

/** What the application, or an adapter, calls. */
const doorOfRelease: Door = Reflect.get(OpenHold.prototype, 'released')

/** A hold of what was had at once. */
export function acquire(lock: LockState, options: LockAcquireOptions): OpenHold {
  const { core } = lock
  const { anchorMs } = core.clock
  const { seconds, ns } = momentOf(core, options.timeNs, anchorMs)
  const sequence = core.process.nextSequence()
  const point = core.tasks.ask()
  const request: Request = {
    lock,
    anchorMs,
    parent: context.active(),
    mode: options.mode ?? lock.mode,
    permits: options.permits,
    held: core.tasks.held(point.task),
    waiterCount: lock.waitingCount,
    site: core.sites.sample(lock, lock.doors.acquired),
  }
  const grant = { seconds, ns, sequence, isContended: false, waitNs: 0 }
  const hold = new OpenHold(request, point, grant)
  if (hold.held.count > 0) core.orders.note(core, hold)
  return hold
}

/** What a disabled lock hands out. */
export const noHold: LockHold = {
  isOpen: false,
  taskId: undefined,
  get span() {
    return noScope.span
  },
  get context() {
    return noScope.context
  },
  run: (fn) => fn(),
  released: () => undefined,
}
