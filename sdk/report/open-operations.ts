// Spans are sent when they end. What is still open is reported by snapshots: an event at a fixed
// interval for each operation that has been open for longer than a threshold. A deadlock leaves no
// other trace. The end of what was reported as open is told by an event as well: its span may be
// sampled away or dropped.
import type { Attributes, Context, HrTime } from '@opentelemetry/api'
import { SeverityNumber, type Logger } from '@opentelemetry/api-logs'
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_OPERATION_END_REASON,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL,
  ATTR_WAYWARD_OPERATION_START_TIME,
  ATTR_WAYWARD_SESSION_UPTIME,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_OPEN_FULL,
  WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED,
  WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT,
  WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN,
} from '@wayward/semconv'
import { type Clock, durationNs, toRfc3339 } from '../process/clock.ts'
import { createClockReport } from './clock-report.ts'
import { createLossReport } from './loss-report.ts'

/** An operation that has begun and not ended. */
export interface OpenOperation {
  /** The `wayward.event.sequence` that its span will carry. */
  readonly sequence: number
  readonly startTime: HrTime
  /** The clock's anchor when it began: its age and its end are counted by that. */
  readonly anchorMs: number
  /**
   * The span that the snapshot belongs to: the operation's own, or the one that it will be a child
   * of.
   */
  readonly context: Context
  /** The attributes that the span would have if it ended now. */
  describe(): Attributes
}

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
   * Largest number of operations reported at a time; the oldest go first.
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

export interface OpenOperations {
  /**
   * @returns whether it is followed: where too many are open it is told when it ends, and counted
   * as left out
   */
  add(operation: OpenOperation): boolean
  /** Follows it no more, to make room, and counts it as left out; it may still end. */
  leaveOut(operation: OpenOperation): void
  delete(operation: OpenOperation): void
  /** Follows it no more because nothing can end it: what it was of is gone. */
  abandon(operation: OpenOperation): void
  /** Tells all that are old enough. @returns how many. */
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
  readonly clock: Clock
  readonly logger: Logger
  readonly nextSequence: () => number
  readonly uptimeNs: () => number
  readonly onError: () => void
}

export function createOpenOperations(settings: OpenOperationsSettings): OpenOperations {
  const { clock, logger, nextSequence, uptimeNs, onError } = settings
  let { snapshots } = settings
  const operations = new Set<OpenOperation>()
  /**
   * Those that were reported as open: their end is told, too, whether or not their span is sampled
   * or sent.
   */
  const toldOpen = new Set<OpenOperation>()
  const leftOut = createLossReport()
  const clockReport = createClockReport(settings)
  let timer: NodeJS.Timeout | undefined

  function snapshot(): number {
    const thresholdNs = snapshots.thresholdMs * 1e6
    const of = {
      [ATTR_WAYWARD_OPERATION_SNAPSHOT_INTERVAL]: snapshots.intervalMs * 1e6,
      [ATTR_WAYWARD_SESSION_UPTIME]: uptimeNs(),
    }
    let told = 0
    // A set keeps the order of insertion: the oldest come first.
    for (const operation of operations) {
      // By the operation's own anchor: a snapshot is never earlier than start plus age, nor than
      // the one before.
      const now = clock.now(operation.anchorMs)
      if (durationNs(operation.startTime, now) < thresholdNs) continue
      if (told === snapshots.operationsMax) break
      told++
      toldOpen.add(operation)
      tell(EVENT_WAYWARD_OPERATION_OPEN, operation, now, of)
    }
    return told
  }

  function tell(eventName: string, operation: OpenOperation, now: HrTime, of: Attributes): void {
    logger.emit({
      eventName,
      severityNumber: SeverityNumber.INFO,
      timestamp: now,
      observedTimestamp: now,
      context: operation.context,
      attributes: {
        ...operation.describe(),
        [ATTR_WAYWARD_EVENT_SEQUENCE]: nextSequence(),
        [ATTR_WAYWARD_OPERATION_SEQUENCE]: operation.sequence,
        [ATTR_WAYWARD_OPERATION_START_TIME]: toRfc3339(operation.startTime),
        [ATTR_WAYWARD_OPERATION_AGE]: durationNs(operation.startTime, now),
        ...of,
      },
    })
  }

  function remove(operation: OpenOperation, reason?: string): void {
    operations.delete(operation)
    // Empty unless something is open for long: ends of short operations cost no look-up.
    if (toldOpen.size > 0 && toldOpen.delete(operation)) tellEnd(operation, reason)
  }

  function tellEnd(operation: OpenOperation, reason: string | undefined): void {
    const of: Attributes = { [ATTR_WAYWARD_SESSION_UPTIME]: uptimeNs() }
    if (reason !== undefined) of[ATTR_WAYWARD_OPERATION_END_REASON] = reason
    try {
      tell(EVENT_WAYWARD_OPERATION_ENDED, operation, clock.now(operation.anchorMs), of)
    } catch {
      onError()
    }
  }

  function countLeftOut({ sequence }: OpenOperation): void {
    const attributes = { [ATTR_WAYWARD_EVENT_SEQUENCE]: sequence }
    leftOut.add(WAYWARD_EVENTS_DROPPED_REASON_VALUE_OPEN_FULL, { attributes })
  }

  function tick(): void {
    try {
      clockReport.follow()
      snapshot()
      leftOut.tell(logger, clock, nextSequence)
    } catch {
      onError()
    }
  }

  function start(): void {
    if (timer !== undefined || snapshots.intervalMs <= 0) return
    timer = setInterval(tick, snapshots.intervalMs)
    timer.unref()
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    add(operation) {
      if (operations.size >= followedOperationsMax) {
        countLeftOut(operation)
        return false
      }
      operations.add(operation)
      return true
    },
    leaveOut(operation) {
      // Nobody will say of it any more that it is open.
      remove(operation, WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT)
      countLeftOut(operation)
    },
    delete: (operation) => remove(operation),
    abandon: (operation) => remove(operation, WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED),
    snapshot,
    get count() {
      return operations.size
    },
    start,
    configure(given) {
      snapshots = { ...snapshots, ...given }
      stop()
      start()
    },
    shutdown() {
      stop()
      operations.clear()
      for (const operation of toldOpen) {
        tellEnd(operation, WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN)
      }
      toldOpen.clear()
      try {
        clockReport.end()
      } catch {
        onError()
      }
    },
  }
}
