// What is reported, as state: numbers, interned texts, and references to what is there anyway. An
// emitter takes from it what it sends: a span with attributes, or a record of a fixed size. Nothing
// in it is made for either, so an operation costs no more than it must.
//
//   lock_wait ──▶ lock_hold          queue_wait ──▶ queue_item          job_run ──▶ job_attempt
//   zone                             queue_enqueue                      pause
import type { Attributes, Context } from '@opentelemetry/api'
import type { LogAttributes, SeverityNumber } from '@opentelemetry/api-logs'
import type { HeldLocks } from './task.ts'

/** What begins, is open, and ends. */
export type Operation =
  | LockWaitOperation
  | LockHoldOperation
  | QueueEnqueueOperation
  | QueueWaitOperation
  | QueueItemOperation
  | JobOperation
  | ZoneOperation
  | PauseOperation

/** What all operations have. */
export interface OperationCommon {
  /** `wayward.event.sequence`. */
  readonly sequence: number
  /** Since 1970. */
  readonly startSeconds: number
  readonly startNs: number
  /** The clock's anchor when it began: its age and its end are counted by that. */
  readonly anchorMs: number
  readonly taskNumber: number
  readonly taskName: string | undefined
  /** What was active when it began: whose span is the parent of its own. */
  readonly parent: Context
  /** The emitter's own: where it finds the operation again. */
  mark: unknown
}

/** A lock, a queue or a job. */
export interface Subject {
  readonly id: string | undefined
  readonly name: string
  /** The emitter's own: what it knows the subject by. */
  mark: unknown
}

export interface LockSubject extends Subject {
  readonly id: string
  readonly type: string
  readonly scope: string
}

/** What is known of a request, and goes on to the hold that it becomes. */
interface LockOperation extends OperationCommon {
  readonly lock: LockSubject
  readonly mode: string
  readonly permits: number | undefined
  /** What the task held when it asked. */
  readonly held: HeldLocks
  /** How many waited already. */
  readonly waiterCount: number
  /** Where it was asked for, see call-sites.ts; empty where that was not looked at. */
  readonly site: string
}

export interface LockWaitOperation extends LockOperation {
  readonly kind: 'lock_wait'
  readonly timeoutNs: number | undefined
  /**
   * What the task was in the middle of, see context-chain.ts; empty where nobody stood in the way.
   */
  readonly chain: readonly string[]
  /** The task that held the lock when it was asked for; 0 for none. */
  readonly holderTaskNumber: number
  /** How it ended; undefined while it is open. */
  readonly result: string | undefined
  /** False where nothing stood in the way: the hold says all that there is to say. */
  readonly isReported: boolean
}

export interface LockHoldOperation extends LockOperation {
  readonly kind: 'lock_hold'
  readonly waitNs: number
  readonly isContended: boolean
  /** Whether a request stood in its way while it was held, as far as is known at that moment. */
  readonly isWaitedFor: boolean
  /** How often its task holds the lock, with this. */
  readonly depth: number
}

export interface QueueSubject extends Subject {
  readonly id: string
  readonly capacity: number | undefined
  readonly concurrency: number | undefined
  /** Whether each enqueueing is a span of its own, to which the item's links. */
  readonly hasEnqueueSpans: boolean
}

/** What is known of an item since it was enqueued. */
export interface QueueItemFacts {
  readonly itemId: string
  readonly itemName: string | undefined
  readonly priority: number | undefined
  /** How many waited already. */
  readonly size: number
}

interface QueueOperation extends OperationCommon {
  readonly queue: QueueSubject
  readonly item: QueueItemFacts
}

/** An enqueueing, which takes no time. */
export interface QueueEnqueueOperation extends QueueOperation {
  readonly kind: 'queue_enqueue'
}

export interface QueueWaitOperation extends QueueOperation {
  readonly kind: 'queue_wait'
}

/** The processing of an item. */
export interface QueueItemOperation extends QueueOperation {
  readonly kind: 'queue_item'
  readonly waitNs: number
  readonly result: string | undefined
  readonly errorType: string | undefined
}

export interface JobSubject extends Subject {
  readonly schedule: string | undefined
  readonly timezone: string | undefined
  readonly attemptLimit: number | undefined
}

/** What is known of a run when it starts. */
export interface JobRunFacts {
  readonly runId: string
  readonly workerId: string | undefined
  readonly trigger: string | undefined
  readonly scheduledTimeNs: bigint | undefined
  readonly dueTimeNs: bigint | undefined
  readonly deadlineNs: bigint | undefined
}

/** A run, or one attempt of it. */
export interface JobOperation extends OperationCommon {
  readonly kind: 'job_run' | 'job_attempt'
  readonly job: JobSubject
  readonly facts: JobRunFacts
  /** Of a run how many attempts it had, known at its end; of an attempt its number. */
  readonly attemptNumber: number | undefined
  readonly result: string | undefined
  readonly errorType: string | undefined
  readonly errorMessage: string | undefined
  readonly exitCode: number | undefined
}

export interface ZoneOperation extends OperationCommon {
  readonly kind: 'zone'
  readonly name: string
  readonly attributes: Attributes | undefined
  readonly errorType: string | undefined
}

/** A stretch in which nothing went on in the thread; it is over when it is known. */
export interface PauseOperation extends OperationCommon {
  readonly kind: 'pause'
  readonly cause: string
  /** Of a garbage collection: `v8js.gc.type`. */
  readonly gcType: string | undefined
}

/** What has no duration, or still goes on. */
export type ReportedEvent =
  | OperationEvent
  | LogEvent
  | LossEvent
  | ClockStepEvent
  | LockOrderEvent
  | LockMisuseEvent

/** What all events have. */
export interface EventCommon {
  readonly seconds: number
  readonly ns: number
  readonly sequence: number
}

/** An operation is open, or what was reported as open has ended. */
export interface OperationEvent extends EventCommon {
  readonly kind: 'operation_open' | 'operation_ended'
  readonly operation: Operation
  readonly ageNs: number
  readonly uptimeNs: number
  /** Of `operation_open`: when to expect the next. */
  readonly intervalNs: number | undefined
  /** Of `operation_ended`: why it is followed no more, where that was not its own end. */
  readonly reason: string | undefined
}

export interface LogEvent extends EventCommon {
  readonly kind: 'log'
  readonly body: string
  readonly severity: SeverityNumber
  readonly taskNumber: number
  readonly taskName: string | undefined
  readonly attributes: LogAttributes | undefined
  readonly context: Context
  /** See context-chain.ts. */
  readonly chain: readonly string[]
}

/** What was dropped on its way. */
export interface LossEvent extends EventCommon {
  readonly kind: 'loss'
  readonly reason: string
  readonly count: number
  /** Those of it that would have said that something ended. */
  readonly endedCount: number
  /** Of the sequence numbers that were lost; undefined where none had one. */
  readonly firstSequence: number | undefined
  readonly lastSequence: number | undefined
}

/** A class that was asked for while another was held. */
export interface LockOrder {
  readonly held: string
  readonly heldType: string
  readonly asked: string
  readonly askedType: string
  /** How often, in all; and how often when it was told last. */
  count: number
  toldCount: number
  toldSeconds: number
  /** Classes that were held besides, each time. */
  gates: readonly string[]
  /** Tasks that did, at most two; 0 for none. */
  firstTask: number
  otherTask: number
  /** Whether the one was ever held, and the other asked for, by an exclusive holder. */
  isHeldAlone: boolean
  isAskedAlone: boolean
  /** Where; empty where it is not known. */
  heldSite: string
  askedSite: string
}

/** That is new, or was so again. */
export interface LockOrderEvent extends EventCommon {
  readonly kind: 'lock_order'
  readonly order: LockOrder
  /** How often since it was told last. */
  readonly times: number
  readonly context: Context
}

/** What is told of a misuse. */
export interface MisuseFacts {
  /** `wayward.lock.misuse.rule`. */
  readonly rule: string
  readonly lockId: string
  readonly lockName: string
  readonly lockType: string
  /** Whose hold or request it is, and who did it; 0 for none. */
  readonly ownerTask: number
  readonly actorTask: number
  /** Where the lock was asked for, and where that was done; empty where it is not known. */
  readonly askedSite: string
  site: string
}

/** Locks of a class are used in a way that they are not made for; the one that was told last. */
export interface LockMisuse extends MisuseFacts {
  /** How often, in all; and how often when it was told last. */
  count: number
  toldCount: number
  toldSeconds: number
}

/** That is new, or was so again. */
export interface LockMisuseEvent extends EventCommon {
  readonly kind: 'lock_misuse'
  readonly misuse: LockMisuse
  /** How often since it was told last. */
  readonly times: number
  readonly context: Context
}

/** The wall clock was set. */
export interface ClockStepEvent extends EventCommon {
  readonly kind: 'clock_step'
  readonly shiftNs: number
  readonly uptimeNs: number
}
