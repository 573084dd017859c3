// Goal: what passes is told, once, also when nobody looked for a while. Method: states at chosen
// moments, with no clock at all.
import type { JobDefinition } from '@wayward/collector/jobs/job-definition'
import { createJobPlans } from '@wayward/collector/jobs/job-plans'
import { type JobState, newJobState } from '@wayward/collector/jobs/job-state'
import type { JobReport } from '@wayward/collector/jobs/job-report'
import { judgeReport } from '@wayward/collector/jobs/judge-report'
import { judgeTime, nextLookMs } from '@wayward/collector/jobs/judge-time'
import { describe, expect, test } from 'vitest'

const plans = createJobPlans()
const at = (text: string): number => Date.parse(`2026-02-02T${text}Z`)

function defined(definition: JobDefinition, nowMs = at('00:30:00')): JobState {
  const state = { ...newJobState('jobs', 'job', { owner: '', nowMs }), definition }
  const slot = plans.slotAfter(state, nowMs)
  return slot === undefined ? state : { ...state, slot }
}

let runs = 0
const known = { endOf: () => undefined, hasReport: () => false }
const settings = { ...plans, openRunsMax: 3, newRunId: () => `run-${++runs}`, known }

function reported(state: JobState, text: string, report: Partial<JobReport>): JobState {
  const full = { kind: 'end', source: 'api', receivedMs: at(text), ...report } as const
  return judgeReport(state, full, settings).state
}

/** Looks at each moment that comes up to that time; what was told, in order. */
function pass(
  state: JobState,
  until: string,
): { readonly state: JobState; readonly told: readonly string[] } {
  const told: string[] = []
  let now = state
  for (let looks = 0; looks < 1_000; looks++) {
    const next = nextLookMs(now)
    if (next === undefined || next > at(until)) break
    const judged = judgeTime(now, next, plans)
    for (const { status, type } of judged.changes) {
      told.push(`${new Date(next).toISOString().slice(11, 19)} ${type} ${status}`)
    }
    expect(judged.changes, 'a look changes something').not.toEqual([])
    now = judged.state
  }
  return { state: now, told }
}

const hourly = { schedule: ['0 * * * *'], grace: '5m' }

describe('slots', () => {
  test('are late at the end of the grace, and missed when the next is due', () => {
    const { state, told } = pass(defined(hourly), '03:10:00')
    expect(told).toEqual([
      '01:05:00 slot_late late',
      '02:00:00 slot_missed down',
      '02:05:00 slot_late down',
      '03:00:00 slot_missed down',
      '03:05:00 slot_late down',
    ])
    expect(state).toMatchObject({ missedInRow: 2, slot: { dueMs: at('03:00:00'), isLate: true } })
  })

  test('are met by the run that starts next, also somewhat early', () => {
    const early = reported(defined(hourly), '00:59:00', { kind: 'start', runId: 'a' })
    expect(early.open[0]?.dueMs).toBe(at('01:00:00'))
    expect(early.slot?.dueMs).toBe(at('02:00:00'))
    const extra = reported(early, '01:20:00', { kind: 'start', runId: 'b' })
    expect(extra.open[1]?.dueMs).toBeUndefined()
    const { state } = pass(reported(extra, '01:21:00', { runId: 'b' }), '02:06:00')
    expect(state.status).toBe('late')
    const late = reported(state, '02:10:00', { kind: 'start', runId: 'c' })
    expect(late).toMatchObject({ status: 'running', slot: { dueMs: at('03:00:00') } })
    expect(late.open.at(-1)?.dueMs).toBe(at('02:00:00'))
  })

  test('that passed while nobody looked are told as found late, each once', () => {
    const judged = judgeTime(defined(hourly), at('04:30:00'), plans)
    expect(judged.changes.map(({ atMs, message, type }) => [type, atMs, message])).toEqual([
      ['slot_late', at('01:05:00'), 'Found late: nobody looked when it happened'],
      ['slot_missed', at('02:00:00'), 'Found late: nobody looked when it happened'],
      ['slot_late', at('02:05:00'), 'Found late: nobody looked when it happened'],
      ['slot_missed', at('03:00:00'), 'Found late: nobody looked when it happened'],
      ['slot_late', at('03:05:00'), 'Found late: nobody looked when it happened'],
      ['slot_missed', at('04:00:00'), 'Found late: nobody looked when it happened'],
      ['slot_late', at('04:05:00'), 'Found late: nobody looked when it happened'],
    ])
    expect(judgeTime(judged.state, at('04:30:00'), plans).changes).toEqual([])
  })

  test('of a long time are not told one by one without end', () => {
    const weeks = at('00:00:00') + 60 * 86_400_000
    const judged = judgeTime(defined({ schedule: ['*/5 * * * *'] }), weeks, plans)
    expect(judged.changes.length).toBeLessThan(500)
    expect(judged.changes.some(({ message }) => message?.includes('not told one by one'))).toBe(
      true,
    )
    expect(judged.state.slot?.dueMs).toBeGreaterThan(weeks - 300_000)
  })

  test('that were missed are met by runs that are reported later', () => {
    const { state } = pass(defined(hourly), '02:01:00')
    expect(state).toMatchObject({ status: 'down', missed: [at('01:00:00')] })
    const spooled = reported(state, '02:02:00', {
      runId: 'late',
      startMs: at('01:00:01'),
      timeMs: at('01:02:00'),
    })
    expect(spooled).toMatchObject({ missedInRow: 0, missed: [], status: 'up' })
    expect(spooled.past.at(-1)?.dueMs).toBe(at('01:00:00'))
    expect(spooled.slot?.dueMs).toBe(at('02:00:00'))
  })

  test('of an interval come after the last start', () => {
    const state = defined({ schedule: ['every 10m'], grace: '1m' })
    const started = reported(state, '00:34:00', { kind: 'start', runId: 'a' })
    expect(started.slot?.dueMs).toBe(at('00:44:00'))
    expect(pass(started, '00:46:00').told).toEqual(['00:45:00 slot_late late'])
  })

  test('are none while the job is paused', () => {
    const state = defined({ ...hourly, paused: true })
    expect(nextLookMs(state)).toBeUndefined()
    expect(judgeTime(state, at('09:00:00'), plans).changes).toEqual([])
  })
})

describe('runs', () => {
  test('have a deadline each, also when later runs go well', () => {
    const slow = reported(defined({ maxRunTime: '10m' }), '00:31:00', {
      kind: 'start',
      runId: 'slow',
    })
    const quick = reported(slow, '00:32:00', { kind: 'start', runId: 'quick' })
    const ended = reported(quick, '00:33:00', { runId: 'quick' })
    expect(ended.status).toBe('running')
    const { state, told } = pass(ended, '00:45:00')
    expect(told).toEqual(['00:41:00 run_overdue failing'])
    expect(reported(state, '00:46:00', { runId: 'slow' })).toMatchObject({ status: 'up', open: [] })
  })

  test('that miss their heartbeat are silent, and lost at last', () => {
    const started = reported(defined({ heartbeat: '1m' }), '00:31:00', {
      kind: 'start',
      runId: 'a',
    })
    const heard = reported(started, '00:31:30', { kind: 'note', runId: 'a' })
    const { state, told } = pass(heard, '00:45:00')
    expect(told).toEqual(['00:32:30 run_silent failing', '00:41:30 run_ended failing'])
    expect(state.past).toMatchObject([{ id: 'a', result: 'lost', flaws: ['end_missing'] }])
    const again = reported(pass(heard, '00:33:00').state, '00:33:30', { kind: 'note', runId: 'a' })
    expect(again.status).toBe('running')
  })

  test('without heartbeat and deadline are lost after a day', () => {
    const started = reported(defined({}), '00:31:00', { kind: 'start' })
    expect(nextLookMs(started)).toBe(at('00:31:00') + 86_400_000)
    const judged = judgeTime(started, at('00:31:00') + 86_400_000, plans)
    expect(judged.changes).toMatchObject([{ type: 'run_ended', result: 'lost' }])
  })

  test('that are too many at once give the oldest up', () => {
    let state = defined({})
    for (const runId of ['a', 'b', 'c', 'd']) {
      state = reported(state, '00:31:00', { kind: 'start', runId })
    }
    expect(state.open.map(({ id }) => id)).toEqual(['b', 'c', 'd'])
    expect(state.past).toMatchObject([{ id: 'a', result: 'lost' }])
  })

  test('that go wrong are trouble beyond the tolerance', () => {
    let state = defined({ tolerance: 2 })
    const statuses = ['failure', 'error', 'timeout', 'success'].map((result) => {
      state = reported(state, '00:31:00', { result: result as 'failure' })
      return state.status
    })
    expect(statuses).toEqual(['up', 'up', 'failing', 'up'])
  })
})
