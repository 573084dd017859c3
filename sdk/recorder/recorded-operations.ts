// What is open of what is recorded stands in the table that the worker reads. What is not recorded
// is followed as it is without a recorder.
import {
  WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED,
  WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT,
} from '@wayward/semconv'
import type { OpenOperations, SnapshotSettings } from '../report/open-operations.ts'
import type { Operation } from '../report/operation.ts'
import type { Recorder } from './recorder.ts'

/** What the drain is asked for by the thread that records. */
export interface SnapshotDemand {
  /** Tells all that is open at once. */
  snapshot(): void
  configure(snapshots: Partial<SnapshotSettings>): void
}

export function followRecorded(
  recorder: Recorder,
  others: OpenOperations,
  demand: SnapshotDemand,
): OpenOperations {
  return {
    add(operation) {
      if (!recorder.isRecorded(operation)) return others.add(operation)
      if (recorder.isInTable(operation)) return true
      recorder.loseOpen(operation.sequence)
      return false
    },
    leaveOut(operation: Operation) {
      if (!recorder.isRecorded(operation)) return others.leaveOut(operation)
      recorder.forget(operation, WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT)
      recorder.loseOpen(operation.sequence)
    },
    delete(operation) {
      if (!recorder.isRecorded(operation)) others.delete(operation)
    },
    abandon(operation) {
      if (!recorder.isRecorded(operation)) return others.abandon(operation)
      recorder.forget(operation, WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED)
    },
    snapshot() {
      demand.snapshot()
      return others.snapshot() + recorder.openCount
    },
    get count() {
      return others.count + recorder.openCount
    },
    start: () => others.start(),
    configure(snapshots) {
      others.configure(snapshots)
      demand.configure(snapshots)
    },
    shutdown() {
      others.shutdown()
      recorder.close()
    },
  }
}
