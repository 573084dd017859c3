// The contract of jobs that are reported.
import type { Scope } from './scope.ts'

/** How a run or an attempt ended. */
export type JobResult = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip'

/** What a job is; see `wayward.job.*` in the semantic conventions. */
export interface JobSettings {
  /** The job's name, of low cardinality. */
  readonly name: string
  /** Identity of its definition, where that differs from the name. */
  readonly id?: string
  /** The schedule, as its owner wrote it. */
  readonly schedule?: string
  /** Time zone of the schedule (IANA name). */
  readonly timezone?: string
  /** Largest number of attempts of a run. */
  readonly attemptLimit?: number
}

/** What may be said of a run when it starts. */
export interface JobRunOptions {
  /** When the run started, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  /** Identity of the run; given by default. */
  readonly runId?: string
  /** Why it was started. */
  readonly trigger?: 'cron' | 'interval' | 'event' | 'manual' | 'retry'
  /** When the run was put on the schedule, in nanoseconds since 1970. */
  readonly scheduledTimeNs?: bigint
  /**
   * When it was due to start; the run's lateness is its start minus this. Nanoseconds since 1970.
   */
  readonly dueTimeNs?: bigint
  /** When it must have ended, in nanoseconds since 1970. */
  readonly deadlineNs?: bigint
  /** The worker that runs it. */
  readonly workerId?: string
}

/** What may be said of the end of a run. */
export interface JobEndOptions {
  /** When it ended, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  /** What was thrown; its class becomes `error.type`. */
  readonly error?: unknown
  /** Exit code, where the job is a process. */
  readonly exitCode?: number
}

/** A job whose runs are reported. */
export interface ReportedJob {
  readonly name: string
  /**
   * Runs `fn` as one run of the job, as an asynchronous task of its own: `success` if it returns,
   * `error` if it throws, unless `fn` ended the run itself.
   * @returns what `fn` returns (a promise that follows it); what it throws is thrown on.
   * @example
   * await job.run({ trigger: 'cron', dueTimeNs }, () => buildReport())
   */
  run<T>(options: JobRunOptions, fn: (run: JobRun) => T): T
  /** Begins a run whose end is reported by hand. */
  start(options?: JobRunOptions): JobRun
}

/** One execution of a job. Its first end counts, later ones are ignored. */
export interface JobRun extends Scope {
  readonly runId: string
  /** Runs `fn` as one attempt: a child span with `success` or `error`. */
  attempt<T>(fn: (attempt: JobAttempt) => T): T
  /** Begins an attempt whose end is reported by hand. */
  startAttempt(options?: { readonly timeNs?: bigint }): JobAttempt
  ended(result: JobResult, options?: JobEndOptions): void
  readonly isOpen: boolean
}

/** One try within a run. */
export interface JobAttempt extends Scope {
  /** From 1. */
  readonly number: number
  ended(result: JobResult, options?: JobEndOptions): void
  readonly isOpen: boolean
}
