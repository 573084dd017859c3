import { WAYWARD_LOCK_MODE_VALUE_SHARED } from '@wayward/semconv'
import type { Door, SiteSampling } from './call-sites.ts'
import type { Core } from './core.ts'
import type { LockSubject } from './operation.ts'
import type { LockHold, LockRequest } from './reported-lock.ts'
import type { Task } from './task.ts'

/** A hold, as its lock sees it. */
export interface HoldOfLock extends LockHold {
  readonly permits: number | undefined
  readonly taskNumber: number
  readonly site: string
  isOf(task: Task): boolean
  /** It is followed no more; its end is still reported, should it come. */
  leaveOut(): void
  abandon(): void
}

/** A request, as its lock sees it. */
export interface RequestOfLock extends LockRequest {
  readonly taskNumber: number
  readonly site: string
  abandon(): void
}

/** What the requests and holds of a lock change of it, and know from it. */
export interface LockState extends LockSubject {
  readonly core: Core
  sampling: SiteSampling
  /** What the application calls to ask for it, and for what is had at once. */
  readonly doors: { readonly request: Door; readonly acquired: Door }
  readonly mode: string
  readonly capacity: number
  /** Those that are followed, the oldest first. */
  readonly holds: HoldOfLock[]
  readonly waiting: Set<RequestOfLock>
  /** Requests that wait, those besides that are not followed. */
  waitingCount: number
  /**
   * Permits that are taken, and holds that are exclusive: of all holds, those besides that are not
   * followed.
   */
  takenPermits: number
  exclusiveCount: number
  /** Requests that somebody stood in the way of, ever. */
  blockedCount: number
}

/** Whether the known holders or earlier waiters stand in the way of a request. */
export function isBlocked(lock: LockState, mode: string, permits: number): boolean {
  if (lock.waitingCount > 0) return true
  if (mode === WAYWARD_LOCK_MODE_VALUE_SHARED) return lock.exclusiveCount > 0
  return lock.takenPermits + permits > Math.max(lock.capacity, permits)
}

/** How often the task holds the lock. */
export function depthOf(lock: LockState, task: Task): number {
  let depth = 0
  if (task.holds.length < lock.holds.length) {
    for (const hold of task.holds) if (hold.lockId === lock.id) depth++
    return depth
  }
  for (const hold of lock.holds) if (hold.isOf(task)) depth++
  return depth
}
