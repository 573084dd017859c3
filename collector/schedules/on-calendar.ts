// OnCalendar expressions of systemd (systemd.time(7)):
//
//   [weekdays] [year-]month-day [hours:minutes[:seconds]] [zone]
//
// Each part is *, a number, a list (,), a range (..) or has steps (/). They are written as a cron
// expression of seven fields, in which a day must fit both its date and its weekday.
import { createCronSchedule } from './cron.ts'
import { type Schedule, ScheduleError } from './schedule.ts'

const shorthands: Readonly<Record<string, string>> = {
  minutely: '*-*-* *:*:00',
  hourly: '*-*-* *:00:00',
  daily: '*-*-* 00:00:00',
  weekly: 'Mon *-*-* 00:00:00',
  monthly: '*-*-01 00:00:00',
  quarterly: '*-01,04,07,10-01 00:00:00',
  semiannually: '*-01,07-01 00:00:00',
  'semi-annually': '*-01,07-01 00:00:00',
  yearly: '*-01-01 00:00:00',
  annually: '*-01-01 00:00:00',
}
/** The last year that croner knows. */
const yearMax = 9999
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const datePattern = /^(?:(?<year>[\d*,./]+)-)?(?<month>[\d*,./]+)(?<turn>[-~])(?<day>[\d*,./]+)$/
const timePattern = /^(?<hour>[\d*,./]+):(?<minute>[\d*,./]+)(?::(?<second>[\d*,./]+))?$/
const zonePattern = /^(?:UTC|[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)+)$/
const wanted =
  'a cron expression ("30 2 * * *"), "every 10m", or OnCalendar ("Mon..Fri *-*-* 02:30")'

interface CalendarOptions {
  readonly timezone: string
  readonly field: string
}

/** Reads an OnCalendar expression. @throws ScheduleError */
export function createCalendarSchedule(
  text: string,
  { field, timezone }: CalendarOptions,
): Schedule {
  const words = text.trim().split(/\s+/)
  const last = words.at(-1) ?? ''
  const hasZone = words.length > 1 && zonePattern.test(last)
  const zone = hasZone ? last : timezone
  const plain = (hasZone ? words.slice(0, -1) : words).join(' ')
  const fields = toCron(shorthands[plain.toLowerCase()] ?? plain)
  if (fields === undefined) throw new ScheduleError(field, JSON.stringify(text), wanted)
  return createCronSchedule(fields, { field, timezone: zone, isDayAndWeekday: true })
}

function toCron(text: string): string | undefined {
  const words = text.split(' ')
  const days = /^[a-z]/i.test(words[0] ?? '') ? toWeekdays(words.shift() ?? '') : '*'
  const dateWord = datePattern.test(words[0] ?? '') ? words.shift() : '*-*-*'
  const timeWord = words.shift() ?? '00:00:00'
  if (words.length > 0 || days === undefined) return undefined
  const date = datePattern.exec(dateWord ?? '')?.groups
  const time = timePattern.exec(timeWord)?.groups
  if (date === undefined || time === undefined) return undefined
  const day = date['turn'] === '~' ? toLastDay(date['day'] ?? '') : toField(date['day'], 31)
  if (day === undefined) return undefined
  return [
    toField(time['second'] ?? '0', 59),
    toField(time['minute'], 59),
    toField(time['hour'], 23),
    day,
    toField(date['month'], 12),
    days,
    toField(date['year'] ?? '*', yearMax),
  ].join(' ')
}

/** `2..10/2` is `2-10/2`, `2/2` goes to the end, and fractions of a second fall away. */
function toField(part: string | undefined, max: number): string {
  return (part ?? '*')
    .replaceAll('..', '-')
    .replace(/\.\d+/g, '')
    .replace(/\b0+(?=\d)/g, '')
    .replace(/(?<=^|,)(\d+)\/(\d+)/g, `$1-${max}/$2`)
}

/** `~1` is the last day of the month; days further from its end croner does not know. */
function toLastDay(part: string): string | undefined {
  return /^0?1$/.test(part) ? 'L' : undefined
}

function toWeekdays(part: string): string | undefined {
  const days = part.split(',').map((range) => {
    const ends = range.split(/\.\.|-/).map((day) => weekdays.indexOf(day.slice(0, 3).toLowerCase()))
    if (ends.length > 2 || ends.some((end) => end < 0)) return undefined
    const [from = 0, to = from] = ends
    // Fri..Mon goes over the end of the week.
    const length = ((to - from + 7) % 7) + 1
    return Array.from({ length }, (_, index) => (from + index) % 7).join(',')
  })
  return days.includes(undefined) ? undefined : days.join(',')
}
