import type {
  EndedRun,
  Flaw,
  JobState,
  JobStatus,
  OpenRun,
  ReportSource,
  RunResult,
} from './job-state.ts'
import type { JobDefinition } from './job-definition.ts'

/** What changed; see `wayward.job.change.type`. */
export type ChangeType =
  | 'defined'
  | 'run_started'
  | 'run_noted'
  | 'run_ended'
  | 'run_overdue'
  | 'run_silent'
  | 'slot_late'
  | 'slot_missed'
  | 'status'
  | 'told'

/** A change in the state of a job, as it is kept for ever. */
export interface JobChange {
  readonly service: string
  readonly name: string
  readonly sequence: number
  readonly type: ChangeType
  /** When it happened, milliseconds since 1970 with fractions. */
  readonly atMs: number
  /** When it was reported or found. */
  readonly receivedMs: number
  readonly status: JobStatus
  readonly statusBefore: JobStatus
  readonly source: ReportSource
  readonly runId?: string | undefined
  readonly result?: RunResult | undefined
  readonly dueMs?: number | undefined
  readonly reportId?: string | undefined
  readonly message?: string | undefined
  readonly progress?: number | undefined
  readonly flaws?: readonly Flaw[] | undefined
  readonly definition?: JobDefinition | undefined
  /** The run as it started, where it goes on. */
  readonly started?: OpenRun | undefined
  /** The run, where it ended. */
  readonly ended?: EndedRun | undefined
}

/** A change before it has its number and its states. */
export type NewChange = Omit<
  JobChange,
  'service' | 'name' | 'sequence' | 'receivedMs' | 'status' | 'statusBefore'
>

/** What a report, or time, makes of a job. */
export interface Judged {
  readonly state: JobState
  readonly changes: readonly JobChange[]
}

/** The state with the status that follows from it, and the changes that lead there. */
export function toJudged(
  before: JobState,
  after: JobState,
  changes: readonly NewChange[],
  receivedMs: number,
): Judged {
  const { service, name } = before
  const status = statusOf(after)
  const hasTurned = status !== before.status
  const isFlip = hasTurned && (isTrouble(status) || isTrouble(before.status))
  const last = before.sequence + changes.length
  const flip = { sequence: last, before: before.status, status, atMs: receivedMs }
  const numbered = changes.map((change, index): JobChange => {
    const isLast = index === changes.length - 1
    // Written out: spreading two objects of many fields took 12 µs, this 0.1.
    return {
      service,
      name,
      sequence: before.sequence + 1 + index,
      type: change.type,
      atMs: change.atMs,
      receivedMs,
      status: isLast ? status : before.status,
      statusBefore: before.status,
      source: change.source,
      runId: change.runId,
      result: change.result,
      dueMs: change.dueMs,
      reportId: change.reportId,
      message: change.message,
      progress: change.progress,
      flaws: change.flaws,
      definition: change.definition,
      started: change.started,
      ended: change.ended,
    }
  })
  const state = {
    ...after,
    sequence: last,
    changedMs: receivedMs,
    status,
    sinceMs: hasTurned ? receivedMs : before.sinceMs,
    ...(isFlip ? { flips: [...before.flips, flip].slice(-flipsMax) } : {}),
  }
  return { state, changes: numbered }
}

const flipsMax = 8

/** Whether somebody should look at a job of this status. */
export function isTrouble(status: JobStatus): boolean {
  return status === 'late' || status === 'down' || status === 'failing'
}

/** What a job is late for comes before how its last run went, and that before what it does now. */
function statusOf(state: JobState): JobStatus {
  const { broken = [], definition, failuresInRow, missedInRow, open, past, slot } = state
  if (definition?.paused === true) return 'paused'
  if (missedInRow > 0) return 'down'
  if (slot?.isLate === true) return 'late'
  const overdue = open.filter((run) => run.isOverdue === true || run.isSilent === true).length
  if (failuresInRow + overdue > (definition?.tolerance ?? 0)) return 'failing'
  if (broken.length > 0) return 'failing'
  if (open.length > 0) return 'running'
  return past.length > 0 ? 'up' : 'new'
}
