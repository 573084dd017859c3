// What all words for reporting a run share: which job is meant, and what its sender is told.
import { pause, type Time } from '@wayward/base'
import { assertionExample, readAssertion } from '../../jobs/assertion.ts'
import type { JobBook, WorkOutcome } from '../../jobs/job-book.ts'
import { toJudged, type Judged } from '../../jobs/job-change.ts'
import type { JobDefinition } from '../../jobs/job-definition.ts'
import type { JobReport } from '../../jobs/job-report.ts'
import type { JobState, ReportSource } from '../../jobs/job-state.ts'
import type { JobStore } from '../../jobs/job-store.ts'
import type { JobPlans } from '../../jobs/job-plans.ts'
import { ScheduleError } from '../../schedules/schedule.ts'
import { judgeReport, type JudgeSettings, type Verdict } from '../../jobs/judge-report.ts'
import { fieldProblem, JobProblem } from './job-problem.ts'

/** The service of a job whose sender names none. */
export const defaultService = 'jobs'

/** Which job a request means. */
export interface JobName {
  readonly name: string
  readonly service?: string | undefined
  readonly owner: string
  readonly mayCreate: boolean
}

/** What became of a report. */
export interface ReportAnswer {
  readonly verdict: Verdict
  readonly state: JobState
  readonly isNew: boolean
}

/** Takes reports. */
export interface JobDesk {
  /** @throws JobProblem */
  report(name: JobName, report: Omit<JobReport, 'receivedMs'>): Promise<ReportAnswer>
  /** Says what is expected of a job. @throws JobProblem */
  define(name: JobName, definition: JobDefinition, source: ReportSource): Promise<JobState>
  /** A job that is there. @throws JobProblem */
  find(name: string, service: string | undefined): Promise<JobState>
  /** All jobs. @throws JobProblem */
  list(): Promise<readonly JobState[]>
  readonly store: JobStore
  readonly plans: JobPlans
}

export interface JobDeskParts {
  readonly book: JobBook
  readonly store: JobStore
  readonly judge: JudgeSettings
  readonly plans: JobPlans
  readonly time: Time
}

/** How long a request waits at most, after a start, until the jobs were read. */
const loadWaitMsMax = 10_000

/** Makes a desk. */
export function createJobDesk(parts: JobDeskParts): JobDesk {
  const { book, judge, plans, store } = parts
  const target = async (wanted: JobName) => {
    await whenLoaded(parts)
    const found = book.find(wanted.name, wanted.service)
    if (found.status === 'ambiguous') throw ambiguous(wanted.name, found.names)
    const { mayCreate, owner } = wanted
    const { name, service = defaultService } = found.status === 'found' ? found.state : wanted
    return { service, name, owner, mayCreate }
  }
  const redefine = (state: JobState, definition: JobDefinition, nowMs: number): JobState => {
    const { slot: _, ...rest } = state
    const { broken: _broken, ...whole } = rest
    const defined = { ...whole, definition, missed: [], missedInRow: 0 }
    // What was due before is not missing in the new plan.
    const slot = plans.slotAfter(defined, nowMs)
    return slot === undefined ? defined : { ...defined, slot }
  }
  return {
    store,
    plans,
    async report(wanted, report) {
      const bytes = 512 + (report.output?.length ?? 0)
      const outcome = await book.work(
        await target(wanted),
        (state, nowMs) => judgeReport(state, { ...report, receivedMs: nowMs }, judge),
        bytes,
      )
      const { isNew, judged } = toDone(outcome, wanted)
      return { isNew, verdict: judged.verdict, state: judged.state }
    },
    async define(wanted, definition, source) {
      checkDefinition(plans, definition)
      const outcome = await book.work(await target(wanted), (state, nowMs): Judged => {
        const { definition: before } = state
        if (JSON.stringify(before) === JSON.stringify(definition)) return { state, changes: [] }
        const change = { type: 'defined', atMs: nowMs, source, definition } as const
        return toJudged(state, redefine(state, definition, nowMs), [change], nowMs)
      })
      return toDone(outcome, wanted).judged.state
    },
    async find(name, service) {
      await whenLoaded(parts)
      const found = book.find(name, service)
      if (found.status === 'ambiguous') throw ambiguous(name, found.names)
      if (found.status === 'unknown') throw unknown(name)
      return found.state
    },
    async list() {
      await whenLoaded(parts)
      return [...book.states()]
    },
  }
}

function toDone<Result extends Judged>(
  outcome: WorkOutcome<Result>,
  { name }: JobName,
): Extract<WorkOutcome<Result>, { readonly status: 'done' }> {
  if (outcome.status === 'done') return outcome
  if (outcome.status === 'unknown') throw unknown(name)
  if (outcome.status === 'full') {
    throw new JobProblem(429, 'too_many_jobs', outcome.message, { retryAfterMs: 60_000 })
  }
  const { message, retryAfterMs } = outcome
  throw new JobProblem(503, 'unavailable', message, { retryAfterMs })
}

/** @throws JobProblem */
function checkDefinition(plans: JobPlans, definition: JobDefinition): void {
  const { assertions = [] } = definition
  const wrong = assertions.findIndex((text) => readAssertion(text) === undefined)
  if (wrong >= 0) {
    const seen = JSON.stringify(assertions[wrong])
    throw fieldProblem([{ field: `assertions[${wrong}]`, seen, wanted: assertionExample }])
  }
  try {
    plans.check(definition)
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error
    const { field, seen, wanted } = error
    throw fieldProblem([{ field, seen, wanted }])
  }
}

async function whenLoaded({ book, time }: JobDeskParts): Promise<void> {
  if (book.isLoaded) return
  const timer = new AbortController()
  await Promise.race([book.whenLoaded, pause(time, loadWaitMsMax, timer.signal)])
  timer.abort()
  if (book.isLoaded) return
  const message = 'The jobs are still being read after a start: ClickHouse does not answer yet'
  throw new JobProblem(503, 'unavailable', message, { retryAfterMs: 5_000 })
}

function unknown(name: string): JobProblem {
  const message = `There is no job "${name}"; make it with ?create=1, or PUT /api/jobs/<name>`
  return new JobProblem(404, 'unknown_job', message)
}

function ambiguous(name: string, names: readonly string[]): JobProblem {
  const few = names.slice(0, 5).map((one) => `"${one}"`)
  const message =
    `Several jobs are called "${name}" (${few.join(', ')}); ` +
    'give the service with ?service=, or the whole name'
  return new JobProblem(409, 'ambiguous_job', message)
}
