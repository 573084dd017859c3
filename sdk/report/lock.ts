import {
  WAYWARD_LOCK_MISUSE_RULE_VALUE_GONE,
  WAYWARD_LOCK_MISUSE_RULE_VALUE_NEVER_RELEASED,
  WAYWARD_LOCK_MODE_VALUE_EXCLUSIVE,
  WAYWARD_LOCK_SCOPE_VALUE_PROCESS,
  WAYWARD_LOCK_TYPE_VALUE_MUTEX,
} from '@wayward/semconv'
import { noSampling, type SiteSampling } from './call-sites.ts'
import { type Core, guard, swallow } from './core.ts'
import { acquire, noHold } from './lock-hold.ts'
import { noRequest, OpenRequest } from './lock-request.ts'
import type { HoldOfLock, LockState, RequestOfLock } from './lock-state.ts'
import type {
  LockAcquireOptions,
  LockHold,
  LockRequest,
  LockRequestOptions,
  LockSettings,
  ReportedLock,
} from './reported-lock.ts'

const noOptions: LockAcquireOptions = {}

/** A reported lock. */
export class Lock implements ReportedLock, LockState {
  name: string
  mark: unknown = undefined
  readonly core: Core
  readonly id: string
  type: string
  readonly mode: string
  readonly scope: string
  readonly capacity: number
  readonly holds: HoldOfLock[] = []
  readonly waiting: Set<RequestOfLock> = new Set()
  waitingCount = 0
  takenPermits = 0
  exclusiveCount = 0
  blockedCount = 0
  sampling: SiteSampling = noSampling
  readonly doors: LockState['doors']
  /** Permits that came back and cover no whole hold yet. */
  #returnedPermits = 0

  constructor(core: Core, settings: LockSettings) {
    this.core = core
    this.doors = doors
    this.name = settings.name
    this.id = settings.id ?? core.process.nextLockId()
    this.type = settings.type ?? WAYWARD_LOCK_TYPE_VALUE_MUTEX
    this.mode = settings.mode ?? WAYWARD_LOCK_MODE_VALUE_EXCLUSIVE
    this.scope = settings.scope ?? WAYWARD_LOCK_SCOPE_VALUE_PROCESS
    this.capacity = settings.capacity ?? 1
  }

  get requests(): Iterable<LockRequest> {
    return this.waiting
  }

  request(options: LockRequestOptions = {}): LockRequest {
    if (!this.core.isEnabled) return noRequest
    return guard<LockRequest>(this.core, () => new OpenRequest(this, options), noRequest)
  }

  acquired(options: LockAcquireOptions = noOptions): LockHold {
    if (!this.core.isEnabled) return noHold
    try {
      return acquire(this, options)
    } catch (error) {
      swallow(this.core, error)
      return noHold
    }
  }

  permitsReturned(permits: number): void {
    guard(this.core, () => this.#endOldest(permits), undefined)
  }

  abandon(): void {
    guard(this.core, () => this.#tellGone(), undefined)
    // Each takes itself from the list.
    for (let hold = this.holds[0]; hold !== undefined; hold = this.holds[0]) hold.abandon()
    for (const request of this.waiting) request.abandon()
    this.waitingCount = this.takenPermits = this.exclusiveCount = 0
  }

  /** Nobody can release it, or get it, any more. */
  #tellGone(): void {
    const [hold] = this.holds
    if (hold !== undefined) this.#tellMisuse(WAYWARD_LOCK_MISUSE_RULE_VALUE_NEVER_RELEASED, hold)
    const [request] = this.waiting
    if (request !== undefined) this.#tellMisuse(WAYWARD_LOCK_MISUSE_RULE_VALUE_GONE, request)
  }

  #tellMisuse(rule: string, of: { readonly taskNumber: number; readonly site: string }): void {
    const { taskNumber: ownerTask, site: askedSite } = of
    const { core } = this
    core.misuses.note(core, { rule, lock: this, ownerTask, actorTask: 0, askedSite })
  }

  #endOldest(permits: number): void {
    this.#returnedPermits += permits
    for (let hold = this.holds[0]; hold !== undefined; hold = this.holds[0]) {
      const taken = hold.permits ?? 1
      if (taken > this.#returnedPermits) return
      this.#returnedPermits -= taken
      hold.released()
    }
    // The rest is of holds that are not followed, or of none.
    this.takenPermits = Math.max(0, this.takenPermits - this.#returnedPermits)
    this.#returnedPermits = 0
  }
}

/** As they are: a subclass has them, too. */
const doors: LockState['doors'] = {
  request: Reflect.get(Lock.prototype, 'request'),
  acquired: Reflect.get(Lock.prototype, 'acquired'),
}
