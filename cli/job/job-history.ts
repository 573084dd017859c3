// What the runs of a job were like: bars, peaks and lows, and how weeks compare.

/** A run that has ended, as the API gives it. */
export interface ShownRun {
  readonly id: string
  readonly status: string
  readonly startedAt: string
  readonly endedAt: string
  readonly runTimeMs: number
  readonly latenessMs: number | null
  readonly exitCode?: number
  readonly message?: string
  readonly output?: string
}

/** Numbers of some runs. */
export interface RunSummary {
  readonly runs: number
  readonly failed: number
  readonly lowMs: number
  readonly medianMs: number
  readonly highMs: number
}

const bars = '▁▂▃▄▅▆▇█'
const failedStatuses: ReadonlySet<string> = new Set(['failure', 'error', 'timeout', 'lost'])
const weekMs = 7 * 86_400_000
const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

export function isFailed({ status }: ShownRun): boolean {
  return failedStatuses.has(status)
}

/** A bar for each run, oldest first, as high as it was long; × where it failed. */
export function barsOf(runs: readonly ShownRun[]): string {
  const longestMs = Math.max(1, ...runs.map(({ runTimeMs }) => runTimeMs))
  return runs
    .map((run) => {
      if (isFailed(run)) return '×'
      const level = Math.round((run.runTimeMs / longestMs) * (bars.length - 1))
      return bars[level] ?? ''
    })
    .join('')
}

/** The numbers of runs; skipped ones are none. */
export function summarize(runs: readonly ShownRun[]): RunSummary {
  const made = runs.filter(({ status }) => status !== 'skip')
  const lengths = made.map(({ runTimeMs }) => runTimeMs).toSorted((one, other) => one - other)
  return {
    runs: made.length,
    failed: made.filter(isFailed).length,
    lowMs: lengths[0] ?? 0,
    medianMs: lengths[Math.floor((lengths.length - 1) / 2)] ?? 0,
    highMs: lengths.at(-1) ?? 0,
  }
}

/** A stretch of the day or the week, with its runs. */
export interface RunGroup extends RunSummary {
  readonly label: string
}

/** Runs by hour of the day (UTC), without hours that have none. */
export function byHour(runs: readonly ShownRun[]): readonly RunGroup[] {
  return grouped(
    runs,
    24,
    (at) => at.getUTCHours(),
    (hour) => `${String(hour).padStart(2, '0')}:00`,
  )
}

/** Runs by day of the week (UTC). */
export function byWeekday(runs: readonly ShownRun[]): readonly RunGroup[] {
  return grouped(
    runs,
    7,
    (at) => at.getUTCDay(),
    (day) => weekdays[day] ?? '',
  )
}

function grouped(
  runs: readonly ShownRun[],
  count: number,
  groupOf: (at: Date) => number,
  labelOf: (group: number) => string,
): readonly RunGroup[] {
  return Array.from({ length: count }, (_, group) => ({
    label: labelOf(group),
    ...summarize(runs.filter(({ startedAt }) => groupOf(new Date(startedAt)) === group)),
  })).filter((group) => group.runs > 0)
}

/** The last weeks up to now, the newest first; weeks without runs at the end are left out. */
export function byWeek(
  runs: readonly ShownRun[],
  nowMs: number,
  count: number,
): readonly RunGroup[] {
  const weeks = Array.from({ length: count }, (_, week) => {
    const tillMs = nowMs - week * weekMs
    const own = runs.filter(({ startedAt }) => {
      const atMs = Date.parse(startedAt)
      return atMs <= tillMs && atMs > tillMs - weekMs
    })
    return { label: week === 0 ? 'last 7 days' : `${week} before`, ...summarize(own) }
  })
  const last = weeks.findLastIndex((week) => week.runs > 0)
  return weeks.slice(0, last + 1)
}

/** How long a run usually takes, and from when on it is slow. */
export interface RunBand {
  readonly medianMs: number
  readonly slowMs: number
  /** Of how many runs. */
  readonly runs: number
  /** Whether they are of the same weekday and hour. */
  readonly isOfHour: boolean
}

/** As the analyzer job-delay has them: so many runs count, and fewer than five say nothing. */
const bandRunsMax = 30
const bandRunsLeast = 5
const slowShare = 0.9
const slowFactor = 1.5

/**
 * The band of a run that begins at a time: of the last 30 good runs before it, of its weekday and
 * hour (UTC) where five such are known, else of any. Above half as much again as nine of ten of
 * them a run is slow.
 *
 * @returns undefined where fewer than five are known
 */
export function bandOf(runs: readonly ShownRun[], atMs: number): RunBand | undefined {
  const begins = new Date(atMs)
  const good = runs.filter(
    ({ startedAt, status }) => status === 'success' && Date.parse(startedAt) < atMs,
  )
  const alike = good.filter(({ startedAt }) => {
    const began = new Date(startedAt)
    return began.getUTCDay() === begins.getUTCDay() && began.getUTCHours() === begins.getUTCHours()
  })
  const isOfHour = alike.length >= bandRunsLeast
  const lengths = (isOfHour ? alike : good)
    .slice(-bandRunsMax)
    .map(({ runTimeMs }) => runTimeMs)
    .toSorted((one, other) => one - other)
  if (lengths.length < bandRunsLeast) return undefined
  // As ClickHouse's quantileExact takes them.
  const at = (share: number): number => lengths[Math.floor(share * lengths.length)] ?? 0
  return {
    medianMs: at(0.5),
    slowMs: slowFactor * at(slowShare),
    runs: lengths.length,
    isOfHour,
  }
}
