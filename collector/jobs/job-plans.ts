// The slots of jobs: which one is open, and which one a run meets.
import type { Schedule } from '../schedules/schedule.ts'
import { createPlan } from '../schedules/plan.ts'
import { durationMs, type JobDefinition } from './job-definition.ts'
import { graceMsDefault, type JobState, type OpenSlot } from './job-state.ts'

/** Knows the slots of jobs. */
export interface JobPlans {
  /** The slot after a time; undefined where nothing is due any more, or ever. */
  slotAfter(state: JobState, afterMs: number): OpenSlot | undefined
  /** The slot that a run of this start meets. */
  slotOf(state: JobState, startMs: number): number | undefined
  /** The state when a run of this start has met that slot, or none. */
  meet(state: JobState, dueMs: number | undefined, startMs: number): JobState
  /** Reads the schedules of a definition. @throws ScheduleError */
  check(definition: JobDefinition): void
  /** The next times, for people. */
  upcoming(state: JobState, afterMs: number, count: number): readonly number[]
}

/** Makes it; schedules are read once for each definition. */
export function createJobPlans(): JobPlans {
  const plans = new WeakMap<JobDefinition, Schedule>()
  const planOf = ({ definition }: JobState): Schedule | undefined => {
    if (definition === undefined || definition.paused === true) return undefined
    if (!plans.has(definition)) plans.set(definition, readPlan(definition))
    return plans.get(definition)
  }
  const slotAfter = (state: JobState, afterMs: number): OpenSlot | undefined => {
    const plan = planOf(state)
    const dueMs = plan?.nextAfter(afterMs)
    if (plan === undefined || dueMs === undefined) return undefined
    const nextMs = plan.nextAfter(dueMs)
    return nextMs === undefined ? { dueMs } : { dueMs, nextMs }
  }
  return {
    slotAfter,
    check(definition) {
      if (!plans.has(definition)) plans.set(definition, readPlan(definition))
    },
    slotOf(state, startMs) {
      const { missed, slot } = state
      if (slot !== undefined && startMs >= slot.dueMs - earlyMs(state, slot)) return slot.dueMs
      const late = missed.findLast((dueMs) => dueMs <= startMs)
      const next = late === undefined ? undefined : planOf(state)?.nextAfter(late)
      return next !== undefined && startMs < next ? late : undefined
    },
    meet(state, dueMs, startMs) {
      const { missed, missedInRow, slot } = state
      const isMissed = dueMs !== undefined && missed.includes(dueMs)
      const plan = planOf(state)
      const rest = {
        ...state,
        missed: isMissed ? missed.filter((one) => one !== dueMs) : missed,
        // A run that is reported later was made; one of now says that the job is alive.
        missedInRow: isMissed ? Math.max(0, missedInRow - 1) : 0,
      }
      if (plan === undefined) return rest
      const afterMs = plan.isInterval ? startMs : dueMs
      if (!plan.isInterval && (slot === undefined || dueMs !== slot.dueMs)) return rest
      const { slot: _, ...without } = rest
      const next = afterMs === undefined ? undefined : slotAfter(state, afterMs)
      return next === undefined ? without : { ...without, slot: next }
    },
    upcoming(state, afterMs, count) {
      const times: number[] = []
      const plan = planOf(state)
      let next = state.slot?.dueMs ?? plan?.nextAfter(afterMs)
      while (next !== undefined && times.length < count) {
        times.push(next)
        next = plan?.nextAfter(next)
      }
      return times
    },
  }
}

/** @throws ScheduleError */
function readPlan(definition: JobDefinition): Schedule {
  const { maintenance = [], schedule = [], timezone = 'UTC' } = definition
  return createPlan({ schedules: schedule, timezone, maintenance })
}

/** A run may begin somewhat before it is due: clocks differ. */
function earlyMs({ definition }: JobState, { dueMs, nextMs }: OpenSlot): number {
  const graceMs = durationMs(definition?.grace) ?? graceMsDefault
  return Math.min(graceMs, ((nextMs ?? Number.POSITIVE_INFINITY) - dueMs) / 10)
}
