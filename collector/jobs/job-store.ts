// Where jobs are kept.
import type { JobChange } from './job-change.ts'
import type { EndedRun, JobState } from './job-state.ts'
import type { ReportMark } from './known-reports.ts'

/** Changes with the states that they lead to: kept as one, or not at all. */
export interface JobChanges {
  readonly changes: readonly JobChange[]
  /** The newest state of every job that the changes are about. */
  readonly states: readonly JobState[]
}

/**
 * What became of changes.
 *
 * - `kept`: they are safe, and `readState` after any end of the process gives them.
 * - `refused`: nothing of them is kept; it may work after `retryAfterMs`.
 */
export type KeepOutcome =
  | { readonly status: 'kept' }
  | { readonly status: 'refused'; readonly message: string; readonly retryAfterMs: number }

/** Which runs, or changes, are asked for; the newest come first. */
export interface JobQuery {
  readonly service: string
  readonly name: string
  /** One run alone. */
  readonly runId?: string | undefined
  /** Started, or received, before this. @default now */
  readonly beforeMs?: number | undefined
  readonly countMax: number
}

/** Which marks are asked for. */
export interface MarkQuery {
  readonly sinceMs: number
  readonly countMax: number
}

/** A change as it is read back. */
export type StoredChange = Omit<JobChange, 'started' | 'ended' | 'definition'>

/** Where the history of jobs is, and their states. */
export interface JobStore {
  /** Keeps changes. Never rejects. Calls may overlap; each job is in one of them at a time. */
  append(changes: JobChanges): Promise<KeepOutcome>
  /** The state of every job, with all that was kept. To be called once, before any `append`. */
  readState(): Promise<readonly JobState[]>
  /**
   * Ends of runs, and reports that had an id, of all jobs that arrived since a moment: at most so
   * many, the newest of them, the oldest first. To be called once, after `readState`.
   */
  readMarks(query: MarkQuery): Promise<readonly ReportMark[]>
  /** Runs that have ended. */
  readRuns(query: JobQuery): Promise<readonly EndedRun[]>
  readChanges(query: JobQuery): Promise<readonly StoredChange[]>
  close(): Promise<void>
}
