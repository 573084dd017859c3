// A report in no protocol's words, and its times by our clock.
import type {
  Flaw,
  ParentSpan,
  ReportSource,
  RunResult,
  RunTrigger,
  RunUsage,
} from './job-state.ts'

/** What was reported of a run. */
export interface JobReport {
  readonly kind: 'start' | 'note' | 'end'
  readonly source: ReportSource
  /** When it arrived, by our clock. */
  readonly receivedMs: number
  /** By which it is known when it comes again. */
  readonly reportId?: string | undefined
  readonly runId?: string | undefined
  /** When it happened, by the sender's clock. @default when it arrived */
  readonly timeMs?: number | undefined
  /** When it was sent, by the same clock: the difference to ours is how wrong that clock is. */
  readonly sentMs?: number | undefined
  /** When the run started, as its end says. */
  readonly startMs?: number | undefined
  /** How long it took, as its end says. */
  readonly durationMs?: number | undefined
  readonly dueMs?: number | undefined
  readonly deadlineMs?: number | undefined
  readonly heartbeatMs?: number | undefined
  readonly result?: RunResult | undefined
  readonly exitCode?: number | undefined
  readonly output?: string | undefined
  readonly usage?: RunUsage | undefined
  readonly trigger?: RunTrigger | undefined
  readonly attempt?: number | undefined
  readonly workerId?: string | undefined
  readonly host?: string | undefined
  readonly pid?: number | undefined
  readonly parent?: ParentSpan | undefined
  readonly message?: string | undefined
  readonly progress?: number | undefined
  readonly metrics?: Readonly<Record<string, number>> | undefined
}

/** A difference of clocks below this may be the way of the request. */
const skewMsLeast = 2_000
/** What is further ahead than this cannot be. */
const aheadMsMax = 300_000
/** What is older than this was not kept by anybody to be sent later. */
const behindMsMax = 400 * 86_400_000

/** Times of a report by our clock. */
export interface ReportTimes {
  readonly atMs: number
  readonly startMs: number | undefined
  readonly dueMs: number | undefined
  readonly deadlineMs: number | undefined
  readonly flaws: readonly Flaw[]
  readonly skewMs: number | undefined
}

/** Puts the times of a report right. A due time or a deadline that cannot be is left out. */
export function toTimes(report: JobReport): ReportTimes {
  const { durationMs, receivedMs, sentMs, timeMs } = report
  const difference = sentMs === undefined ? 0 : sentMs - receivedMs
  const skewMs = Math.abs(difference) < skewMsLeast ? 0 : difference
  const flaws = new Set<Flaw>()
  const corrected = (ms: number | undefined): number | undefined =>
    ms === undefined ? undefined : ms - skewMs
  const past = (ms: number | undefined): number | undefined => {
    const right = corrected(ms)
    if (right === undefined) return undefined
    if (right > receivedMs - behindMsMax && right < receivedMs + aheadMsMax) return right
    flaws.add('time_refused')
    return undefined
  }
  const claimedMs = past(timeMs)
  if (skewMs !== 0 && (timeMs ?? report.startMs) !== undefined) flaws.add('clock_corrected')
  const atMs = claimedMs ?? receivedMs
  const startMs = past(report.startMs) ?? (durationMs === undefined ? undefined : atMs - durationMs)
  return {
    atMs,
    startMs,
    // A schedule is kept by the sender's clock: as wrong as the rest.
    dueMs: past(report.dueMs),
    deadlineMs: corrected(report.deadlineMs),
    flaws: [...flaws],
    skewMs: flaws.has('clock_corrected') ? skewMs : undefined,
  }
}
