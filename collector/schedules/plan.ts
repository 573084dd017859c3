// All schedules of a job together, without the times at which nothing is expected.
import { createCalendarSchedule } from './on-calendar.ts'
import { createCronSchedule } from './cron.ts'
import { createIntervalSchedule } from './interval.ts'
import { type Schedule, ScheduleError } from './schedule.ts'

/** What a plan is made of. Durations are milliseconds. */
export interface PlanSettings {
  readonly schedules: readonly string[]
  readonly timezone: string
  /** `<from>/<to>`, two times of RFC 3339, or `<schedule> for <duration>`. */
  readonly maintenance: readonly string[]
}

/** Slots that are left out because of maintenance before a plan is given up. */
const leftOutMax = 10_000
/** A job that is due more often is followed by what it reports, and not by a schedule. */
const gapMsLeast = 5_000
const gapsLooked = 16
/** Without a field of seconds nothing is due twice within a minute. */
const minutesPattern = /^(?:@\w+|(?:\S+\s+){4}\S+)$/
const cronPattern = /^(?:@\w+|(?:[\d*?LW#/,+A-Za-z-]+\s+){4,6}[\d*?LW#/,+A-Za-z-]+)$/

/** Reads the schedules of a job. @throws ScheduleError */
export function createPlan({ maintenance, schedules, timezone }: PlanSettings): Schedule {
  checkTimezone(timezone)
  const parts = schedules.map((text, index) => {
    const field = `schedule[${index}]`
    return createSchedule(text, { field, timezone })
  })
  const windows = maintenance.map((text, index) =>
    createWindow(text, { field: `maintenance[${index}]`, timezone }),
  )
  for (const [index, part] of parts.entries()) {
    checkGaps(part, `schedule[${index}]`, schedules[index] ?? '')
  }
  const nextOfAll = (afterMs: number): number | undefined =>
    parts.reduce<number | undefined>((first, part) => {
      const next = part.nextAfter(afterMs)
      return next === undefined || (first !== undefined && first <= next) ? first : next
    }, undefined)
  return {
    isInterval: parts.some(({ isInterval }) => isInterval),
    nextAfter(afterMs) {
      let next = nextOfAll(afterMs)
      for (let left = 0; left < leftOutMax && next !== undefined; left++) {
        const atMs = next
        if (!windows.some((window) => window(atMs))) return next
        next = nextOfAll(next)
      }
      return undefined
    },
  }
}

interface PartOptions {
  readonly timezone: string
  readonly field: string
}

function createSchedule(text: string, options: PartOptions): Schedule {
  const interval = createIntervalSchedule(text)
  if (interval !== undefined) return interval
  return cronPattern.test(text.trim())
    ? createCronSchedule(text.trim(), options)
    : createCalendarSchedule(text, options)
}

/** @throws ScheduleError */
function checkTimezone(timezone: string): void {
  // Making a formatter costs more than all the rest, and most jobs have this one.
  if (timezone === 'UTC') return
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch (error) {
    const wanted = 'an IANA time zone such as Europe/Berlin'
    throw new ScheduleError('timezone', JSON.stringify(timezone), wanted, { cause: error })
  }
}

function checkGaps(schedule: Schedule, field: string, text: string): void {
  let last = firstOf(schedule, { field, text })
  if (last === undefined) {
    const wanted = 'one that is due within the next years'
    throw new ScheduleError(field, `${JSON.stringify(text)}, which is never due`, wanted)
  }
  const looks = schedule.isInterval || !minutesPattern.test(text.trim()) ? gapsLooked : 0
  for (let looked = 0; looked < looks; looked++) {
    const next = schedule.nextAfter(last)
    if (next === undefined) return
    if (next - last < gapMsLeast) {
      const seen = `${JSON.stringify(text)}, which is due after ${(next - last) / 1000} s again`
      throw new ScheduleError(field, seen, `at least ${gapMsLeast / 1000} s between two times`)
    }
    last = next
  }
}

/** A zone in the text itself is looked at when it is first asked. @throws ScheduleError */
function firstOf(
  schedule: Schedule,
  { field, text }: { readonly field: string; readonly text: string },
): number | undefined {
  try {
    return schedule.nextAfter(Date.now())
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Cron\w+: /, '') : String(error)
    const seen = `${JSON.stringify(text)} (${why.slice(0, 100)})`
    throw new ScheduleError(field, seen, 'one whose time zone exists', { cause: error })
  }
}

/** Whether a time lies in it. */
type Window = (atMs: number) => boolean

function createWindow(text: string, options: PartOptions): Window {
  const [fromText = '', toText = ''] = text.split('/').map((part) => part.trim())
  const fromMs = Date.parse(fromText)
  const toMs = Date.parse(toText)
  if (/^\d{4}-\d{2}-\d{2}T/.test(fromText) && toMs > fromMs) {
    return (atMs) => atMs >= fromMs && atMs < toMs
  }
  const recurring = /^(?<schedule>.+?)\s+for\s+(?<length>\S+)$/.exec(text)?.groups
  const lengthMs = createIntervalSchedule(`every ${recurring?.['length'] ?? ''}`)?.nextAfter(0)
  if (recurring === undefined || lengthMs === undefined) {
    const wanted = '"<time>/<time>" (RFC 3339), or "0 2 * * SUN for 2h"'
    throw new ScheduleError(options.field, JSON.stringify(text), wanted)
  }
  const schedule = createSchedule(recurring['schedule'] ?? '', options)
  return (atMs) => {
    // It has begun in the time that it takes, up to now.
    const begun = schedule.nextAfter(atMs - lengthMs)
    return begun !== undefined && begun <= atMs
  }
}
