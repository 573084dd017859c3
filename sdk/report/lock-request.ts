import { type Context, context } from '@opentelemetry/api'
import {
  WAYWARD_LOCK_SCOPE_VALUE_PROCESS,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_CANCELLED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_GRANTED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_REFUSED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_TIMEOUT,
} from '@wayward/semconv'
import { elapsedNs } from '../process/clock.ts'
import { takeSite } from './call-sites.ts'
import { contextChain, noChain } from './context-chain.ts'
import { guard, momentOf } from './core.ts'
import { noHold, OpenHold } from './lock-hold.ts'
import { isBlocked, type LockState, type RequestOfLock } from './lock-state.ts'
import { OpenOperation } from './open-operation.ts'
import type { LockWaitOperation } from './operation.ts'
import type {
  LockGrantOptions,
  LockHold,
  LockRequest,
  LockRequestOptions,
  LockTimeOptions,
} from './reported-lock.ts'
import type { HeldLocks, Point } from './task.ts'

/** From this wait on a lock beyond this process counts as contended. */
const contendedNsMin = 1_000_000

/** A request that has not ended. */
export class OpenRequest extends OpenOperation implements RequestOfLock, LockWaitOperation {
  result: string | undefined = undefined
  isReported = false
  hold: OpenHold | undefined = undefined
  readonly lock: LockState
  readonly sequence: number
  readonly parent: Context
  readonly mode: string
  readonly permits: number | undefined
  readonly timeoutNs: number | undefined
  readonly waiterCount: number
  readonly holderTaskNumber: number
  readonly held: HeldLocks
  readonly site: string
  readonly chain: readonly string[]
  readonly #point: Point
  readonly #isBlocked: boolean

  constructor(lock: LockState, options: LockRequestOptions) {
    const { core } = lock
    const { anchorMs } = core.clock
    super(core, anchorMs, momentOf(core, options.timeNs, anchorMs))
    this.lock = lock
    this.mode = options.mode ?? lock.mode
    this.permits = options.permits
    this.timeoutNs = options.timeoutNs
    this.waiterCount = lock.waitingCount
    this.holderTaskNumber = lock.holds[0]?.taskNumber ?? 0
    this.#isBlocked = isBlocked(lock, this.mode, options.permits ?? 1)
    if (this.#isBlocked) lock.blockedCount++
    this.parent = context.active()
    this.sequence = core.process.nextSequence()
    this.#point = core.tasks.ask()
    this.held = core.tasks.held(this.#point.task)
    this.site = this.#isBlocked
      ? takeSite(lock.doors.request)
      : core.sites.sample(lock, lock.doors.request)
    this.chain = this.#isBlocked ? contextChain(this.parent, this.#point.task) : noChain
    this.#point.task.waiting++
    lock.waitingCount++
    if (this.begin()) lock.waiting.add(this)
    if (this.held.count > 0) core.orders.note(core, this)
  }

  get kind(): 'lock_wait' {
    return 'lock_wait'
  }

  get taskNumber(): number {
    return this.#point.task.number
  }

  get taskName(): string | undefined {
    return this.#point.task.name
  }

  granted(options: LockGrantOptions = {}): LockHold {
    if (!this.isOpen) return noHold
    return guard<LockHold>(this.core, () => this.#grant(options), noHold)
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

  #grant(options: LockGrantOptions): OpenHold {
    const { lock, core } = this
    const now = momentOf(core, options.timeNs, this.anchorMs)
    const { seconds, ns } = now
    const passedNs = elapsedNs(this, now)
    const isContended =
      options.isContended ??
      (this.#isBlocked ||
        (lock.scope !== WAYWARD_LOCK_SCOPE_VALUE_PROCESS && passedNs >= contendedNsMin))
    this.result = WAYWARD_LOCK_WAIT_RESULT_VALUE_GRANTED
    this.isReported = isContended && core.isEnabled
    // Where there was no wait, the hold takes over the number, so that the numbers have no gaps.
    const sequence = isContended ? core.process.nextSequence() : this.sequence
    this.finishAt(seconds, ns)
    this.hold = new OpenHold(this, this.#point, {
      seconds,
      ns,
      sequence,
      isContended,
      waitNs: isContended ? passedNs : 0,
    })
    return this.hold
  }

  #giveUp(result: string, timeNs: bigint | undefined): void {
    if (!this.isOpen) return
    this.result = result
    this.isReported = this.core.isEnabled
    this.tryFinish(timeNs)
  }

  close(): void {
    const { lock } = this
    this.#point.task.waiting--
    lock.waitingCount = Math.max(0, lock.waitingCount - 1)
    lock.waiting.delete(this)
  }
}

/** What a disabled lock hands out. */
export const noRequest: LockRequest = {
  isOpen: false,
  hold: undefined,
  taskId: undefined,
  granted: () => noHold,
  timedOut: () => undefined,
  cancelled: () => undefined,
  refused: () => undefined,
}
