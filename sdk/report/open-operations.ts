// An operation goes out when it ends. What is still open is reported by snapshots: an event at a
// fixed interval for each operation that has been open for longer than a threshold. A deadlock
// leaves no other trace. The end of what was reported as open is reported by an event as well: its
// span may be sampled away or dropped.
import {
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_OPEN_FULL,
  WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED,
  WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT,
  WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN,
} from '@wayward/semconv'
import type { Emitter } from '../emit/emitter.ts'
import { elapsedNs, type Moment } from '../process/clock.ts'
import type { ProcessState } from '../process/process-state.ts'
import { type ClockReport, createClockReport } from './clock-report.ts'
import { createLossReport } from './loss-report.ts'
import type { Operation } from './operation.ts'

/** How often and from when on open operations are reported. */
export interface SnapshotSettings {
  /**
   * Time between two snapshots of an open operation, in milliseconds; 0 makes none on a timer.
   * @default 1000
   */
  readonly intervalMs: number
  /**
   * An operation is reported from this age on, in milliseconds.
   * @default 1000
   */
  readonly thresholdMs: number
  /**
   * Largest number of operations reported at a time; the oldest go first, and of each kind some.
   * @default 1000
   */
  readonly operationsMax: number
}

export const defaultSnapshotSettings: SnapshotSettings = {
  intervalMs: 1000,
  thresholdMs: 1000,
  operationsMax: 1000,
}

/**
 * Operations that are followed while they are open. A semaphore that nobody releases, or items that
 * nobody takes, must not fill the application's memory with what we know of them.
 */
export const followedOperationsMax = 10_000
/** So many of each kind are followed all the same: a flood of one must not hide the others. */
export const followedOfKindLeast = 1000
/** How many are followed at most, of all kinds. */
export const followedOperationsMost = followedOperationsMax + 5 * followedOfKindLeast

export interface OpenOperations {
  /**
   * @returns whether it is followed: where too many are open it is reported when it ends, and
   * counted as left out
   */
  add(operation: Operation): boolean
  /** Follows it no more, to make room, and counts it as left out; it may still end. */
  leaveOut(operation: Operation): void
  delete(operation: Operation): void
  /** Follows it no more because nothing can end it: what it was of is gone. */
  abandon(operation: Operation): void
  /** Reports all that are old enough. @returns how many. */
  snapshot(): number
  readonly count: number
  /** Starts the timer, which does not keep the process alive. */
  start(): void
  /** Changes the settings that are given. */
  configure(snapshots: Partial<SnapshotSettings>): void
  /** Reports of all that was reported as open that no more will be heard of it. */
  shutdown(): void
}

export interface OpenOperationsSettings {
  readonly snapshots: SnapshotSettings
  readonly emitter: Emitter
  readonly process: ProcessState
  /** Errors have no caller to go to. */
  readonly onError: (error: unknown) => void
}

export function createOpenOperations(settings: OpenOperationsSettings): OpenOperations {
  return new FollowedOperations(settings)
}

class FollowedOperations implements OpenOperations {
  readonly #emitter: Emitter
  readonly #process: ProcessState
  readonly #onError: (error: unknown) => void
  #snapshots: SnapshotSettings
  readonly #operations = new Set<Operation>()
  readonly #counts = new Map<Operation['kind'], number>()
  /**
   * Those that were reported as open: their end is reported, too, whether or not their span is
   * sampled or sent.
   */
  readonly #reportedOpen = new Set<Operation>()
  readonly #leftOut = createLossReport()
  readonly #clockReport: ClockReport
  #timer: NodeJS.Timeout | undefined

  constructor({ snapshots, emitter, process, onError }: OpenOperationsSettings) {
    this.#snapshots = snapshots
    this.#emitter = emitter
    this.#process = process
    this.#onError = onError
    this.#clockReport = createClockReport(emitter, process)
  }

  get count(): number {
    return this.#operations.size
  }

  add(operation: Operation): boolean {
    const { kind } = operation
    const count = this.#counts.get(kind) ?? 0
    if (this.#operations.size >= followedOperationsMax && count >= followedOfKindLeast) {
      this.#countLeftOut(operation)
      return false
    }
    this.#operations.add(operation)
    this.#counts.set(kind, count + 1)
    return true
  }

  leaveOut(operation: Operation): void {
    // Nobody will say of it any more that it is open.
    this.#remove(operation, WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT)
    this.#countLeftOut(operation)
  }

  delete(operation: Operation): void {
    this.#remove(operation, undefined)
  }

  abandon(operation: Operation): void {
    this.#remove(operation, WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED)
  }

  snapshot(): number {
    const { thresholdMs, operationsMax } = this.#snapshots
    const { clock } = this.#process
    const old: Operation[] = []
    // A set keeps the order of insertion: the oldest come first.
    for (const operation of this.#operations) {
      if (elapsedNs(operation, clock.read(operation.anchorMs)) >= thresholdMs * 1e6) {
        old.push(operation)
      }
    }
    const chosen = oldestOfEach(old, operationsMax, ({ kind }) => kind)
    for (const operation of chosen) {
      this.#reportedOpen.add(operation)
      // By the operation's own anchor: a snapshot is never earlier than start plus age, nor than
      // the one before.
      this.#emit('operation_open', operation, clock.read(operation.anchorMs))
    }
    return chosen.length
  }

  start(): void {
    if (this.#timer !== undefined || this.#snapshots.intervalMs <= 0) return
    this.#timer = setInterval(() => this.#tick(), this.#snapshots.intervalMs)
    this.#timer.unref()
  }

  configure(snapshots: Partial<SnapshotSettings>): void {
    this.#snapshots = { ...this.#snapshots, ...snapshots }
    this.#stop()
    this.start()
  }

  shutdown(): void {
    this.#stop()
    this.#operations.clear()
    this.#counts.clear()
    for (const operation of this.#reportedOpen) {
      this.#reportEnd(operation, WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN)
    }
    this.#reportedOpen.clear()
    this.#try(() => this.#clockReport.end())
  }

  #tick(): void {
    this.#try(() => {
      this.#clockReport.follow()
      this.snapshot()
      this.#leftOut.report(this.#emitter, this.#process)
    })
  }

  #stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #remove(operation: Operation, reason: string | undefined): void {
    if (this.#operations.delete(operation)) {
      this.#counts.set(operation.kind, (this.#counts.get(operation.kind) ?? 1) - 1)
    }
    // Empty unless something is open for long: ends of short operations cost no look-up.
    if (this.#reportedOpen.size > 0 && this.#reportedOpen.delete(operation)) {
      this.#reportEnd(operation, reason)
    }
  }

  #reportEnd(operation: Operation, reason: string | undefined): void {
    this.#try(() => {
      const now = this.#process.clock.read(operation.anchorMs)
      this.#emit('operation_ended', operation, now, reason)
    })
  }

  #emit(
    kind: 'operation_open' | 'operation_ended',
    operation: Operation,
    now: Moment,
    reason?: string,
  ): void {
    const { seconds, ns } = now
    this.#emitter.event({
      kind,
      operation,
      seconds,
      ns,
      sequence: this.#process.nextSequence(),
      ageNs: elapsedNs(operation, now),
      uptimeNs: this.#process.uptimeNs(),
      intervalNs: kind === 'operation_open' ? this.#snapshots.intervalMs * 1e6 : undefined,
      reason,
    })
  }

  #countLeftOut({ sequence }: Operation): void {
    this.#leftOut.add(WAYWARD_EVENTS_DROPPED_REASON_VALUE_OPEN_FULL, { sequence, isEnd: false })
  }

  #try(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#onError(error)
    }
  }
}

/**
 * Of what is open, the oldest first, so many: but of each kind some, because a thousand queued
 * items must not hide two tasks that wait for each other.
 * @param old the oldest first
 */
export function oldestOfEach<T>(
  old: readonly T[],
  countMax: number,
  kindOf: (item: T) => unknown,
): readonly T[] {
  if (old.length <= countMax) return old
  const counts = new Map<unknown, number>()
  for (const item of old) counts.set(kindOf(item), 0)
  const share = Math.floor(countMax / counts.size)
  const chosen = new Set<T>()
  for (const item of old) {
    const kind = kindOf(item)
    const count = counts.get(kind) ?? 0
    if (count < share) chosen.add(item)
    counts.set(kind, count + 1)
  }
  for (const item of old) {
    if (chosen.size >= countMax) break
    chosen.add(item)
  }
  return old.filter((item) => chosen.has(item))
}
