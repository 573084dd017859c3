// Cron expressions, by croner. Where clocks go forward, a time that does not exist is due when they
// have (02:30 at 03:00); where they go back, a fixed time is due once, at its first, and one that
// repeats (`*/30`) each time.
import { Cron } from 'croner'
import { type Schedule, ScheduleError } from './schedule.ts'

/** What croner calls the options that we set. */
interface CronOptions {
  readonly timezone: string
  readonly field: string
  /** Whether a day must be of both the given days of the month and of the week. @default either */
  readonly isDayAndWeekday?: boolean
}

const nicknames: Readonly<Record<string, string>> = {
  '@midnight': '0 0 * * *',
  '@annually': '0 0 1 1 *',
  '@minutely': '* * * * *',
}

/** Reads a cron expression. @throws ScheduleError */
export function createCronSchedule(
  text: string,
  { field, isDayAndWeekday = false, timezone }: CronOptions,
): Schedule {
  const pattern = nicknames[text.toLowerCase()] ?? text
  let cron: Cron
  try {
    cron = new Cron(pattern, { paused: true, timezone, domAndDow: isDayAndWeekday })
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^Cron\w+: /, '') : String(error)
    const wanted = 'a cron expression such as "30 2 * * MON-FRI" or "@daily"'
    throw new ScheduleError(field, `${JSON.stringify(text)} (${why})`, wanted, { cause: error })
  }
  return {
    isInterval: false,
    nextAfter: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
  }
}
