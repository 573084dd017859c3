// What happened in a simulated world, in the order in which it happened. Everything that a test
// holds against an analyzer is counted from this list, and everything that the world reports is
// made from it, too, by other code.
//
// An operation has a number; its events name it. A request for a lock and the hold that it leads to
// are two operations, an item's wait and its processing are one.

/** How a process' wall clock differs from the world's. */
export interface ProcessClock {
  readonly offsetNs: number
  /** The clock is set by so much; what is open at that moment keeps its clock. */
  readonly steps: readonly { readonly at: number; readonly byNs: number }[]
}

export interface ProcessInfo {
  readonly number: number
  readonly service: string
  readonly session: string
  readonly host: string
  readonly pid: number
  readonly clock: ProcessClock
  readonly startedAt: number
  /** When it ended or died; undefined while it lives. */
  endedAt: number | undefined
  isDead: boolean
}

export interface TaskInfo {
  readonly id: string
  readonly name: string | undefined
  readonly threadId: number
  readonly process: ProcessInfo
}

export type LockMode = 'exclusive' | 'shared'

export interface LockInfo {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly scope: 'process' | 'host' | 'cluster'
  readonly capacity: number
}

export interface QueueInfo {
  readonly id: string
  readonly name: string
  readonly process: ProcessInfo
  readonly concurrency: number
  readonly capacity: number | undefined
  /** Whether reports say how many it processes at a time. */
  readonly tellsConcurrency: boolean
}

export interface JobInfo {
  readonly name: string
  readonly schedule: string | undefined
  readonly trigger: string | undefined
}

interface Happening {
  readonly at: number
  readonly operation: number
}

interface Beginning extends Happening {
  readonly task: TaskInfo
  /** The operation that this one is part of. */
  readonly parent: number | undefined
}

export interface LockRequested extends Beginning {
  readonly kind: 'lock requested'
  readonly lock: LockInfo
  readonly mode: LockMode
  readonly permits: number
  readonly timeoutNs: number | undefined
}

export interface LockGranted extends Happening {
  readonly kind: 'lock granted'
  readonly hold: number
  readonly hasWaited: boolean
}

export interface LockGivenUp extends Happening {
  readonly kind: 'lock given up'
  readonly result: 'timeout' | 'cancelled' | 'refused'
}

export interface LockReleased extends Happening {
  readonly kind: 'lock released'
}

export interface ItemEnqueued extends Beginning {
  readonly kind: 'item enqueued'
  readonly queue: QueueInfo
  readonly itemId: string
  readonly name: string | undefined
  readonly priority: number | undefined
}

export interface ItemDequeued extends Happening {
  readonly kind: 'item dequeued'
  readonly task: TaskInfo
}

export interface ItemEnded extends Happening {
  readonly kind: 'item ended'
  readonly result: 'done' | 'failed'
  readonly error: string | undefined
}

/** A run was due, whether or not it was made. No process reports that. */
export interface RunDue extends Happening {
  readonly kind: 'run due'
  readonly job: JobInfo
  readonly service: string
}

export interface RunStarted extends Beginning {
  readonly kind: 'run started'
  readonly job: JobInfo
  readonly runId: string
  /** The number of the due run that it is, where it has one. */
  readonly due: number | undefined
  /** What it says of its own times. */
  readonly toldDueAt: number | undefined
  readonly deadlineAt: number | undefined
}

export type RunResult = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip'

export interface RunEnded extends Happening {
  readonly kind: 'run ended'
  readonly result: RunResult
  readonly error: string | undefined
  readonly attempts: number
}

/** Work of somebody else's instrumentation, such as a query. */
export interface SpanStarted extends Beginning {
  readonly kind: 'span started'
  readonly name: string
}

export interface SpanEnded extends Happening {
  readonly kind: 'span ended'
}

/** Nothing went on in a thread of the process, up to this moment. */
export interface Paused extends Happening {
  readonly kind: 'paused'
  readonly process: ProcessInfo
  readonly threadId: number
  readonly cause: 'garbage_collection' | 'eventloop_stall' | 'machine_sleep'
  readonly gcType: string | undefined
  readonly lengthNs: number
}

export type WorldEvent =
  | LockRequested
  | LockGranted
  | LockGivenUp
  | LockReleased
  | ItemEnqueued
  | ItemDequeued
  | ItemEnded
  | RunDue
  | RunStarted
  | RunEnded
  | SpanStarted
  | SpanEnded
  | Paused
