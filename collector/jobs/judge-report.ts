// What a report makes of a job:
//
//                 no run open          run open              run ended
//   start         starts               repeated              conflict, or kept as out of order
//   note          kept for the job     sign of life          conflict
//   end           run without start    ends                  repeated, or conflict
//
// Without an id a report belongs to the newest run that has none; a second start without an id
// gives the run before it up, as then only one at a time can be followed.
import { brokenOf } from './assertion.ts'
import { durationMs } from './job-definition.ts'
import { type JobReport, type ReportTimes, toTimes } from './job-report.ts'
import {
  type EndedRun,
  type Flaw,
  isBad,
  type JobState,
  type KnownReport,
  type OpenRun,
  type PastRun,
  pastRunsMax,
  reportIdsMax,
  type RunFacts,
  type RunResult,
} from './job-state.ts'
import type { KnownReports } from './known-reports.ts'
import { type JobChange, type Judged, type NewChange, toJudged } from './job-change.ts'

/** What the sender of a report is told. */
export type Verdict =
  | { readonly kind: 'kept'; readonly runId: string; readonly note?: string }
  | { readonly kind: 'repeated'; readonly runId: string; readonly note: string }
  | { readonly kind: 'conflict'; readonly runId: string; readonly note: string }

/** A judged report. */
export interface JudgedReport extends Judged {
  readonly verdict: Verdict
}

/** What judging needs besides. */
export interface JudgeSettings {
  readonly openRunsMax: number
  /** What is remembered besides the states. */
  readonly known: Pick<KnownReports, 'endOf' | 'hasReport'>
  /** The slot that a run of this start meets. */
  slotOf(state: JobState, startMs: number): number | undefined
  /** The state when a run of this start has met that slot, or none. */
  meet(state: JobState, dueMs: number | undefined, startMs: number): JobState
  newRunId(): string
}

/** Judges a report. */
export function judgeReport(
  state: JobState,
  report: JobReport,
  settings: JudgeSettings,
): JudgedReport {
  const known = knownReport(state, report)
  const isKnown = known !== undefined || isLongKnown(state, report, settings)
  if (isKnown) {
    const runId = typeof known === 'object' ? known.runId : (report.runId ?? '')
    return unchanged(state, { kind: 'repeated', runId, note: 'The report was received before' })
  }
  const judging = new Judging(state, report, settings)
  if (report.kind === 'start') return judging.start()
  return report.kind === 'end' ? judging.end() : judging.note()
}

function knownReport(state: JobState, { reportId }: JobReport): KnownReport | undefined {
  if (reportId === undefined) return undefined
  return state.reports.find((one) => (typeof one === 'string' ? one : one.id) === reportId)
}

function isLongKnown(state: JobState, { reportId }: JobReport, { known }: JudgeSettings): boolean {
  return reportId !== undefined && known.hasReport(state, reportId)
}

class Judging {
  readonly #before: JobState
  readonly #report: JobReport
  readonly #settings: JudgeSettings
  readonly #times: ReportTimes
  readonly #changes: NewChange[] = []
  #state: JobState

  constructor(state: JobState, report: JobReport, settings: JudgeSettings) {
    this.#before = state
    this.#report = report
    this.#settings = settings
    this.#times = toTimes(report)
    this.#state = state
  }

  start(): JudgedReport {
    const { isNamed, run } = this.#target()
    const { runId } = this.#report
    if (isNamed && run !== undefined) {
      return this.#unchanged('repeated', run.id, 'The run has started already')
    }
    const past = this.#past()
    if (past !== undefined) {
      if (past.flaws?.includes('start_missing') === true) return this.#startAfterEnd(past)
      const note = `The run "${past.id}" has ended as ${past.result}; give a new run a new id`
      return this.#unchanged('conflict', past.id, note)
    }
    const former = this.#former()
    if (former !== undefined) {
      const note = `A run "${runId}" has ended as ${former} before; give a new run a new id`
      return this.#unchanged('conflict', runId ?? '', note)
    }
    if (!isNamed && run !== undefined) this.#giveUp(run)
    this.#makeRoom()
    const opened = this.#open(runId ?? this.#settings.newRunId(), isNamed)
    return this.#kept(opened.id)
  }

  note(): JudgedReport {
    const { run } = this.#target()
    if (run === undefined) {
      const past = this.#past()
      if (past !== undefined) {
        return this.#unchanged('conflict', past.id, `The run has ended as ${past.result}`)
      }
      const former = this.#former()
      if (former !== undefined) {
        const id = this.#report.runId ?? ''
        return this.#unchanged('conflict', id, `The run has ended as ${former}`)
      }
      this.#change({ type: 'run_noted', runId: this.#report.runId ?? '' })
      return this.#kept(this.#report.runId ?? '')
    }
    const { receivedMs, source } = this.#report
    const { isSilent: _, ...heard } = run
    const noted: OpenRun = { ...heard, ...this.#facts(run), source, seenMs: receivedMs }
    this.#state = { ...this.#state, open: this.#state.open.map((o) => (o === run ? noted : o)) }
    this.#change({ type: 'run_noted', runId: run.id })
    return this.#kept(run.id)
  }

  end(): JudgedReport {
    const { isNamed, run } = this.#target()
    const past = isNamed ? this.#past() : undefined
    const result = this.#report.result ?? 'success'
    const endedAs = past?.result ?? (run === undefined ? this.#former() : undefined)
    if (endedAs !== undefined) {
      const id = past?.id ?? this.#report.runId ?? ''
      const note = `The run has ended already, as ${endedAs}`
      return this.#unchanged(endedAs === result ? 'repeated' : 'conflict', id, note)
    }
    const opened = run ?? this.#missed(isNamed)
    const ended = this.#toEnded(opened, result)
    this.#close(ended)
    return this.#kept(ended.id)
  }

  /** The run that the report is about: of its id, else the newest that has none. */
  #target(): { readonly isNamed: boolean; readonly run: OpenRun | undefined } {
    const { runId } = this.#report
    const isNamed = runId !== undefined
    const run = this.#state.open.findLast((open) => (isNamed ? open.id === runId : !open.isNamed))
    return { isNamed, run }
  }

  #past(): PastRun | undefined {
    const { runId } = this.#report
    return runId === undefined ? undefined : this.#state.past.find(({ id }) => id === runId)
  }

  /** How the run ended, where that is too long ago for the state. */
  #former(): RunResult | undefined {
    const { runId } = this.#report
    return runId === undefined ? undefined : this.#settings.known.endOf(this.#state, runId)
  }

  #startAfterEnd(past: PastRun): JudgedReport {
    const marked: PastRun = { ...past, flaws: ['out_of_order'] }
    this.#state = { ...this.#state, past: this.#state.past.map((p) => (p === past ? marked : p)) }
    const flaws: readonly Flaw[] = [...this.#times.flaws, 'out_of_order']
    this.#change({ type: 'run_started', runId: past.id, flaws })
    return this.#kept(past.id, 'The end of the run came before its start; the end is kept')
  }

  /** A second run of which nobody says which is which. */
  #giveUp(run: OpenRun): void {
    const flaws: readonly Flaw[] = [...(run.flaws ?? []), 'end_missing']
    const { isNamed: _, ...facts } = run
    this.#close({ ...facts, endMs: Math.max(run.seenMs, run.startMs), result: 'lost', flaws })
  }

  #makeRoom(): void {
    while (this.#state.open.length >= this.#settings.openRunsMax) {
      const [oldest] = this.#state.open
      if (oldest === undefined) return
      this.#giveUp(oldest)
    }
  }

  #open(id: string, isNamed: boolean): OpenRun {
    const { receivedMs, source } = this.#report
    const startMs = this.#times.atMs
    const { definition } = this.#state
    const longestMs = durationMs(definition?.maxRunTime)
    const dueMs = this.#times.dueMs ?? this.#settings.slotOf(this.#state, startMs)
    const facts = this.#facts(undefined)
    // Written out, here and below: spreading two objects of many fields took 20 µs, this 0.1.
    const run: OpenRun = {
      trigger: facts.trigger,
      attempt: facts.attempt,
      workerId: facts.workerId,
      host: facts.host,
      pid: facts.pid,
      parent: facts.parent,
      message: facts.message,
      progress: facts.progress,
      metrics: facts.metrics,
      flaws: facts.flaws,
      skewMs: facts.skewMs,
      id,
      isNamed,
      source,
      startMs,
      seenMs: receivedMs,
      dueMs,
      deadlineMs:
        this.#times.deadlineMs ?? (longestMs === undefined ? undefined : startMs + longestMs),
      heartbeatMs: this.#report.heartbeatMs ?? durationMs(definition?.heartbeat),
    }
    const opened = { ...this.#state, open: [...this.#state.open, run] }
    this.#state = this.#settings.meet(opened, dueMs, startMs)
    this.#change({ type: 'run_started', runId: id, dueMs, started: run })
    return run
  }

  /** A run whose start was not reported, or is told by its end. */
  #missed(isNamed: boolean): OpenRun {
    const { receivedMs, runId, source } = this.#report
    const { atMs, startMs } = this.#times
    const start = startMs ?? atMs
    const dueMs = this.#times.dueMs ?? this.#settings.slotOf(this.#state, start)
    this.#state = this.#settings.meet(this.#state, dueMs, start)
    const flaws: readonly Flaw[] = startMs === undefined ? ['start_missing'] : []
    const id = runId ?? this.#settings.newRunId()
    return { id, isNamed, source, startMs: start, seenMs: receivedMs, dueMs, flaws }
  }

  #toEnded(run: OpenRun, result: EndedRun['result']): EndedRun {
    const { exitCode, output, usage } = this.#report
    const startMs = this.#times.startMs ?? run.startMs
    const facts = this.#facts(run)
    const isTurned = this.#times.atMs < startMs
    const flaws: readonly Flaw[] = isTurned
      ? [...(facts.flaws ?? []), 'times_turned']
      : (facts.flaws ?? [])
    return {
      trigger: facts.trigger,
      attempt: facts.attempt,
      workerId: facts.workerId,
      host: facts.host,
      pid: facts.pid,
      parent: facts.parent,
      message: facts.message,
      progress: facts.progress,
      metrics: facts.metrics,
      flaws,
      skewMs: facts.skewMs,
      id: run.id,
      source: run.source,
      startMs,
      endMs: Math.max(this.#times.atMs, startMs),
      result,
      dueMs: run.dueMs,
      deadlineMs: run.deadlineMs,
      exitCode,
      output,
      usage,
    }
  }

  #close(ended: EndedRun): void {
    const { dueMs, endMs, flaws, id, result, startMs } = ended
    const past: PastRun = { id, startMs, endMs, result, dueMs, flaws }
    const bad = isBad(result) ? this.#state.failuresInRow + 1 : this.#state.failuresInRow
    const { broken: _, ...before } = this.#state
    const runs = [...before.past, past].slice(-pastRunsMax)
    const broken = brokenOf(before.definition?.assertions ?? [], runs, ended)
    this.#state = {
      ...before,
      open: before.open.filter((open) => open.id !== id),
      past: runs,
      failuresInRow: result === 'success' ? 0 : bad,
      ...(broken.length === 0 ? {} : { broken }),
    }
    const told = broken.length === 0 ? {} : { message: `Broken: ${broken.join('; ')}` }
    this.#change({
      type: 'run_ended',
      runId: id,
      result,
      dueMs,
      flaws,
      ended,
      atMs: endMs,
      ...told,
    })
  }

  /** What the report says of the run, over what was known. */
  #facts(run: OpenRun | undefined): RunFacts {
    const report = this.#report
    const flaws = [...new Set([...(run?.flaws ?? []), ...this.#times.flaws])]
    const metrics = { ...run?.metrics, ...report.metrics }
    return {
      trigger: report.trigger ?? run?.trigger,
      attempt: report.attempt ?? run?.attempt,
      workerId: report.workerId ?? run?.workerId,
      host: report.host ?? run?.host,
      pid: report.pid ?? run?.pid,
      parent: report.parent ?? run?.parent,
      message: report.message ?? run?.message,
      progress: report.progress ?? run?.progress,
      metrics: Object.keys(metrics).length === 0 ? undefined : metrics,
      flaws: flaws.length === 0 ? undefined : flaws,
      skewMs: this.#times.skewMs ?? run?.skewMs,
    }
  }

  #change(change: Pick<NewChange, 'type'> & Partial<NewChange>): void {
    const { message, progress, reportId, source } = this.#report
    const { atMs, flaws } = this.#times
    this.#changes.push({ atMs, flaws, message, progress, reportId, source, ...change })
  }

  #kept(runId: string, note?: string): JudgedReport {
    const { receivedMs, reportId, runId: told = '' } = this.#report
    if (reportId !== undefined) {
      const report = runId === told ? reportId : { id: reportId, runId }
      const reports = [...this.#state.reports, report].slice(-reportIdsMax)
      this.#state = { ...this.#state, reports }
    }
    const judged = toJudged(this.#before, this.#state, this.#changes, receivedMs)
    const verdict = { kind: 'kept', runId, ...(note === undefined ? {} : { note }) } as const
    return { ...judged, verdict }
  }

  #unchanged(kind: 'repeated' | 'conflict', runId: string, note: string): JudgedReport {
    return unchanged(this.#before, { kind, runId, note })
  }
}

function unchanged(state: JobState, verdict: Verdict): JudgedReport {
  const changes: readonly JobChange[] = []
  return { state, changes, verdict }
}
