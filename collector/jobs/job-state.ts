// What is known of a job that is reported over HTTP. A state is never changed: a report makes a new
// one, which counts when it is safe.
import type { JobDefinition } from './job-definition.ts'

/** The state of a job. */
export const jobStatuses = ['new', 'up', 'running', 'late', 'failing', 'down', 'paused'] as const
export type JobStatus = (typeof jobStatuses)[number]

export function isJobStatus(text: string): text is JobStatus {
  return jobStatuses.includes(text as JobStatus)
}

/** How a run ended. */
export type RunResult =
  | 'success'
  | 'failure'
  | 'error'
  | 'timeout'
  | 'cancellation'
  | 'skip'
  | 'lost'

/** Why a run was started. */
export type RunTrigger = 'cron' | 'interval' | 'event' | 'manual' | 'retry'

/** In which words a run is reported; `clock`: nobody reported, time passed. */
export type ReportSource = 'api' | 'logentry' | 'healthchecks' | 'cronitor' | 'sentry' | 'clock'

/** What was wrong with a report; see `wayward.job.flaws`. */
export type Flaw =
  | 'start_missing'
  | 'end_missing'
  | 'out_of_order'
  | 'clock_corrected'
  | 'time_refused'
  | 'times_turned'

/** The span of the caller, under which a run lies. */
export interface ParentSpan {
  readonly traceId: string
  readonly spanId: string
}

/** What is said of a run besides its times. */
export interface RunFacts {
  readonly trigger?: RunTrigger | undefined
  readonly attempt?: number | undefined
  readonly workerId?: string | undefined
  readonly host?: string | undefined
  readonly pid?: number | undefined
  readonly parent?: ParentSpan | undefined
  readonly message?: string | undefined
  /** From 0 to 1. */
  readonly progress?: number | undefined
  readonly metrics?: Readonly<Record<string, number>> | undefined
  readonly flaws?: readonly Flaw[] | undefined
  /** The sender's clock minus ours, where its times were put right. */
  readonly skewMs?: number | undefined
}

/** A run whose end was not reported. Times are milliseconds since 1970, with fractions. */
export interface OpenRun extends RunFacts {
  readonly id: string
  /** Whether its sender gave it its id; an end without an id belongs to one that has none. */
  readonly isNamed: boolean
  readonly startMs: number
  /** When it last gave a sign of life, by our clock. */
  readonly seenMs: number
  readonly source: ReportSource
  readonly dueMs?: number | undefined
  readonly deadlineMs?: number | undefined
  /** It promised a sign of life at this interval. */
  readonly heartbeatMs?: number | undefined
  /** It goes on past its deadline, which was told. */
  readonly isOverdue?: true
  /** It has missed its heartbeat, which was told. */
  readonly isSilent?: true
}

/** A run that has ended. */
export interface EndedRun extends RunFacts {
  readonly id: string
  readonly startMs: number
  readonly endMs: number
  readonly result: RunResult
  readonly source: ReportSource
  readonly dueMs?: number | undefined
  readonly deadlineMs?: number | undefined
  readonly exitCode?: number | undefined
  readonly output?: string | undefined
  readonly usage?: RunUsage | undefined
}

/** What a run took. */
export interface RunUsage {
  readonly cpuNs?: number | undefined
  readonly memoryBytes?: number | undefined
  readonly readBytes?: number | undefined
  readonly writtenBytes?: number | undefined
}

/** What is remembered of a run that has ended. */
export type PastRun = Pick<EndedRun, 'id' | 'startMs' | 'endMs' | 'result' | 'dueMs' | 'flaws'>

/** A time at which a run is due, and has not come. */
export interface OpenSlot {
  readonly dueMs: number
  /** When the next one is due; undefined where none is. */
  readonly nextMs?: number
  /** It is late, which was told. */
  readonly isLate?: true
}

/** A turn of a job's status that somebody may be told of. */
export interface StatusFlip {
  /** The change with which it turned. */
  readonly sequence: number
  readonly before: JobStatus
  readonly status: JobStatus
  readonly atMs: number
}

/** The id of a report; with that of its run, where the report itself did not name it. */
export type KnownReport = string | { readonly id: string; readonly runId: string }

/** A job as it is now. */
export interface JobState {
  readonly service: string
  readonly name: string
  /** Who made it: a bound keeps one sender from taking the room of all. */
  readonly owner: string
  /** The number of its last change. */
  readonly sequence: number
  /** When it was made. */
  readonly changedMs: number
  readonly status: JobStatus
  readonly sinceMs: number
  readonly definition?: JobDefinition
  readonly open: readonly OpenRun[]
  /** The newest last. */
  readonly past: readonly PastRun[]
  /** The last reports that had an id. */
  readonly reports: readonly KnownReport[]
  readonly failuresInRow: number
  /** Assertions of its definition that did not hold when the last run ended. */
  readonly broken?: readonly string[]
  /** The slot that is open, or comes next. */
  readonly slot?: OpenSlot
  /** Slots in a row that were missed up to now. */
  readonly missedInRow: number
  /** The last slots that were missed, for runs that are reported later. */
  readonly missed: readonly number[]
  /** How its status last turned to trouble, within it, or out of it. */
  readonly flips: readonly StatusFlip[]
  /** The last of them that each channel was told, by the name of the channel. */
  readonly told?: Readonly<Record<string, number>>
  /** It turned too often, and nothing is told of it until it is steady. */
  readonly isQuiet?: true
}

/** How many ended runs, report ids and missed slots a state remembers. */
export const pastRunsMax = 20
export const reportIdsMax = 32
export const missedSlotsMax = 16
/** How long after its due time a start is in time, where the definition does not say. */
export const graceMsDefault = 60_000

/** A job of which nothing was reported. */
export function newJobState(
  service: string,
  name: string,
  { owner, nowMs }: { readonly owner: string; readonly nowMs: number },
): JobState {
  return {
    service,
    name,
    owner,
    sequence: 0,
    changedMs: nowMs,
    status: 'new',
    sinceMs: nowMs,
    open: [],
    past: [],
    reports: [],
    failuresInRow: 0,
    missedInRow: 0,
    missed: [],
    flips: [],
  }
}

/** The key of a job among all. */
export function jobKey({ service, name }: Pick<JobState, 'service' | 'name'>): string {
  return `${service}\u0000${name}`
}

/** A name as it stands in addresses: lower-case letters, digits and hyphens. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_]+/gu, '-')
    .replace(/^-+|-+$/g, '')
}

/** Whether a run did what it should, or did not, or neither. */
export function isBad(result: RunResult): boolean {
  return result === 'failure' || result === 'error' || result === 'timeout' || result === 'lost'
}
