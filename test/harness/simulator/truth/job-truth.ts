// What became of a job's runs within a stretch of time, counted from the events.
import type { RunDue, RunEnded, RunStarted, WorldEvent } from '../event.ts'
import type { SpanOfTime } from './span-of-time.ts'

export interface JobTruth {
  /** Runs that fell due within. */
  readonly due: number
  /** Those of them that were never made, and for which nothing was reported. */
  readonly missed: number
  /** Those of them that were made more than once. */
  readonly doubled: number
  /** Runs that started within, skipped ones not counted. */
  readonly started: number
  readonly skipped: number
  /** Runs that ended within, skipped ones not counted. */
  readonly ended: number
  readonly failed: number
  readonly cancelled: number
  /** Of the runs that started within, how long after they were due. */
  readonly latenessNs: readonly number[]
  readonly overlapMax: number
  /** Runs that were going on at the end. */
  readonly running: number
  readonly runningMaxNs: number
  /** Runs past their deadline, ended or not, among those that overlap. */
  readonly overdue: number
}

interface Selection {
  readonly service: string
  readonly job: string
}

interface Run {
  readonly started: RunStarted
  ended: RunEnded | undefined
}

const failures: ReadonlySet<string> = new Set(['failure', 'error', 'timeout'])

export function jobTruth(
  events: readonly WorldEvent[],
  { service, job }: Selection,
  { from, to }: SpanOfTime,
): JobTruth {
  const dues = new Map<number, RunDue>()
  const runs = new Map<number, Run>()
  for (const event of events) {
    if (event.at >= to) break
    if (event.kind === 'run due' && event.job.name === job && event.service === service) {
      dues.set(event.operation, event)
    }
    if (event.kind === 'run started' && event.job.name === job) {
      if (event.task.process.service === service) {
        runs.set(event.operation, { started: event, ended: undefined })
      }
    }
    if (event.kind === 'run ended') {
      const run = runs.get(event.operation)
      if (run !== undefined) run.ended = event
    }
  }
  const all = [...runs.values()]
  const made = all.filter(({ ended }) => ended?.result !== 'skip')
  const isWithin = (at: number | undefined): boolean => at !== undefined && at >= from && at < to
  const dueWithin = [...dues.values()].filter(({ at }) => isWithin(at))
  const runsOf = (due: RunDue): Run[] => all.filter(({ started }) => started.due === due.operation)
  const overlapping = made.filter(({ ended }) => (ended?.at ?? to) > from || isWithin(ended?.at))
  const endedWithin = made.filter(({ ended }) => isWithin(ended?.at))
  const running = made.filter(({ ended }) => ended === undefined)
  return {
    due: dueWithin.length,
    missed: dueWithin.filter((due) => runsOf(due).length === 0).length,
    doubled: dueWithin.filter((due) => runsOf(due).length > 1).length,
    started: made.filter(({ started }) => isWithin(started.at)).length,
    skipped: all.filter(({ started, ended }) => isWithin(started.at) && ended?.result === 'skip')
      .length,
    ended: endedWithin.length,
    failed: endedWithin.filter(({ ended }) => failures.has(ended?.result ?? '')).length,
    cancelled: endedWithin.filter(({ ended }) => ended?.result === 'cancellation').length,
    latenessNs: made
      .filter(({ started }) => isWithin(started.at) && started.toldDueAt !== undefined)
      .map(({ started }) => Math.max(0, started.at - (started.toldDueAt ?? started.at))),
    overlapMax: mostAtOnce(overlapping, from, to),
    running: running.length,
    runningMaxNs: Math.max(0, ...running.map(({ started }) => to - started.at)),
    overdue: overlapping.filter(
      ({ started, ended }) =>
        started.deadlineAt !== undefined && (ended?.at ?? to) > started.deadlineAt,
    ).length,
  }
}

/** Looks at each moment at which a run starts, and at the first of the stretch. */
function mostAtOnce(runs: readonly Run[], from: number, to: number): number {
  const moments = [from, ...runs.map(({ started }) => started.at).filter((at) => at >= from)]
  const goingAt = (moment: number): number =>
    runs.filter(({ started, ended }) => started.at <= moment && (ended?.at ?? to) > moment).length
  return moments.reduce((most, moment) => Math.max(most, goingAt(moment)), 0)
}
