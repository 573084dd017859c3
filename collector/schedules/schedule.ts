// When a job is due.
//
// A schedule is a text of one of three kinds: a cron expression (five fields, or six with seconds;
// `@daily` and the like), an interval (`every 10m`), which runs from the last start, or an
// OnCalendar expression of systemd. A job may have several, and times at which none counts.

/** The times at which something is due. */
export interface Schedule {
  /**
   * The first time after that one; undefined where there is none within ten years. For an interval,
   * one interval later.
   */
  nextAfter(afterMs: number): number | undefined
  /** Whether it runs from the last start, and not by the calendar. */
  readonly isInterval: boolean
}

/** A text that is no schedule, or one that cannot be meant. */
export class ScheduleError extends Error {
  /** Which field of the definition. */
  readonly field: string
  readonly seen: string
  readonly wanted: string

  constructor(field: string, seen: string, wanted: string, options?: ErrorOptions) {
    super(`"${field}" is ${seen}; wanted is ${wanted}`, options)
    this.name = 'ScheduleError'
    this.field = field
    this.seen = seen
    this.wanted = wanted
  }
}
