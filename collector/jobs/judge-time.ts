// What the passing of time makes of a job:
//
//   slot ──due──▶ (grace) ──▶ late ──next slot due──▶ missed, and the next one is open
//   run  ──deadline──▶ overdue        run ──heartbeat──▶ silent        run ──no sign──▶ lost
//
// It is looked at whenever the next of these moments has come, also after a time in which nobody
// looked: then what passed is told as found late.
import { durationMs } from './job-definition.ts'
import { type Judged, type NewChange, toJudged } from './job-change.ts'
import type { JobPlans } from './job-plans.ts'
import {
  type EndedRun,
  graceMsDefault,
  isBad,
  type JobState,
  missedSlotsMax,
  type OpenRun,
  type OpenSlot,
  pastRunsMax,
  type RunResult,
} from './job-state.ts'

/** A run of which nothing is heard, and that has no deadline, is lost after this. */
const silentMsMax = 24 * 3_600_000
/** What is told later than this after it happened is told as found late. */
const foundLateMs = 5_000
/** Slots that are told one by one when many have passed. */
const slotsAtOnceMax = 200

/** Judges a job at a moment. */
export function judgeTime(state: JobState, nowMs: number, plans: JobPlans): Judged {
  const changes: NewChange[] = []
  const slotted = judgeSlots(state, { nowMs, plans, changes })
  const after = judgeRuns(slotted, nowMs, changes)
  if (changes.length === 0) return { state, changes: [] }
  return toJudged(state, after, changes, nowMs)
}

/** When the job is to be looked at next; undefined where only a report can change it. */
export function nextLookMs(state: JobState): number | undefined {
  const moments: number[] = []
  const { definition, open, slot } = state
  if (slot !== undefined && definition?.paused !== true) {
    const slotMs = slot.isLate === true ? slot.nextMs : slot.dueMs + graceOf(state)
    if (slotMs !== undefined) moments.push(slotMs)
  }
  for (const run of open) {
    if (run.deadlineMs !== undefined && run.isOverdue !== true) moments.push(run.deadlineMs)
    if (run.heartbeatMs !== undefined && run.isSilent !== true) {
      moments.push(run.seenMs + run.heartbeatMs)
    }
    moments.push(lostMs(run))
  }
  return moments.length === 0 ? undefined : Math.min(...moments)
}

/** How long after its due time a start is in time. */
export function graceOf({ definition }: JobState): number {
  return durationMs(definition?.grace) ?? graceMsDefault
}

interface Looking {
  readonly nowMs: number
  readonly plans: JobPlans
  readonly changes: NewChange[]
}

function judgeSlots(state: JobState, { changes, nowMs, plans }: Looking): JobState {
  if (state.slot === undefined || state.definition?.paused === true) return state
  const graceMs = graceOf(state)
  let slot: OpenSlot | undefined = state.slot
  let { missed, missedInRow } = state
  for (let told = 0; slot !== undefined; told++) {
    const { dueMs, nextMs } = slot
    const lateMs = dueMs + graceMs
    if (lateMs > nowMs && (nextMs === undefined || nextMs > nowMs)) break
    if (slot.isLate !== true && lateMs <= nowMs) {
      slot = { ...slot, isLate: true }
      changes.push(slotChange('slot_late', dueMs, lateMs, nowMs))
    }
    if (nextMs === undefined || nextMs > nowMs || lateMs > nowMs) break
    missed = [...missed, dueMs].slice(-missedSlotsMax)
    missedInRow++
    changes.push(slotChange('slot_missed', dueMs, nextMs, nowMs))
    const isTooMany = told >= slotsAtOnceMax
    slot = plans.slotAfter(state, isTooMany ? nowMs : dueMs)
    if (isTooMany) {
      const message = 'More slots passed up to now, which are not told one by one'
      changes.push({ ...slotChange('slot_missed', dueMs, nowMs, nowMs), message })
    }
  }
  const { slot: _, ...rest } = state
  return { ...rest, ...(slot === undefined ? {} : { slot }), missed, missedInRow }
}

function slotChange(
  type: 'slot_late' | 'slot_missed',
  dueMs: number,
  atMs: number,
  nowMs: number,
): NewChange {
  const isLate = nowMs - atMs > foundLateMs
  const message = isLate ? 'Found late: nobody looked when it happened' : undefined
  return { type, atMs, dueMs, source: 'clock', message }
}

function judgeRuns(state: JobState, nowMs: number, changes: NewChange[]): JobState {
  let after = state
  for (const run of state.open) {
    if (lostMs(run) <= nowMs) after = giveUp(after, run, changes)
    else {
      const judged = judgeRun(run, nowMs, changes)
      if (judged !== run) {
        after = { ...after, open: after.open.map((one) => (one === run ? judged : one)) }
      }
    }
  }
  return after
}

function judgeRun(run: OpenRun, nowMs: number, changes: NewChange[]): OpenRun {
  const { deadlineMs, dueMs, heartbeatMs, id, seenMs } = run
  const about = { runId: id, dueMs, source: 'clock' } as const
  let judged = run
  if (deadlineMs !== undefined && deadlineMs <= nowMs && run.isOverdue !== true) {
    judged = { ...judged, isOverdue: true }
    changes.push({ ...about, type: 'run_overdue', atMs: deadlineMs })
  }
  const silentMs = seenMs + (heartbeatMs ?? Number.POSITIVE_INFINITY)
  if (silentMs <= nowMs && run.isSilent !== true) {
    judged = { ...judged, isSilent: true }
    changes.push({ ...about, type: 'run_silent', atMs: silentMs })
  }
  return judged
}

/** When a run is given up: nobody has heard of it, or ended it, for too long. */
function lostMs({ deadlineMs = 0, heartbeatMs, seenMs }: OpenRun): number {
  const silence = heartbeatMs === undefined ? silentMsMax : Math.max(10 * heartbeatMs, 600_000)
  return Math.max(seenMs, heartbeatMs === undefined ? deadlineMs : seenMs) + silence
}

function giveUp(state: JobState, run: OpenRun, changes: NewChange[]): JobState {
  const { isNamed: _, isOverdue, isSilent: _silent, seenMs, ...facts } = run
  const result: RunResult = isOverdue === true ? 'timeout' : 'lost'
  const endMs = Math.max(seenMs, run.startMs)
  const flaws = [...(run.flaws ?? []), 'end_missing' as const]
  const ended: EndedRun = { ...facts, endMs, result, flaws }
  const { dueMs, id, startMs } = run
  changes.push({
    type: 'run_ended',
    atMs: endMs,
    source: 'clock',
    runId: id,
    result,
    dueMs,
    flaws,
    ended,
  })
  return {
    ...state,
    open: state.open.filter((one) => one !== run),
    past: [...state.past, { id, startMs, endMs, result, dueMs, flaws }].slice(-pastRunsMax),
    failuresInRow: isBad(result) ? state.failuresInRow + 1 : state.failuresInRow,
  }
}
