/** What is expected of a job, as its owner wrote it. Durations are texts such as `5m`. */
export interface JobDefinition {
  /** When it is due: cron, `@daily`, `every 10m` or OnCalendar expressions. @default never */
  readonly schedule?: readonly string[]
  /** IANA time zone of the schedule. @default UTC */
  readonly timezone?: string
  /** How long after its due time a start is still in time. @default 60s */
  readonly grace?: string
  /** Longest time that a run may take. */
  readonly maxRunTime?: string
  /** Longest time between two signs of life of a run. */
  readonly heartbeat?: string
  /** How many bad runs in a row are no trouble yet. @default 0 */
  readonly tolerance?: number
  /** Times at which it is not due: `<from>/<to>`, or `<schedule> for <duration>`. */
  readonly maintenance?: readonly string[]
  /** What must hold of its runs: `runTime p95 < 5 min`, `metric.rows > 0`. */
  readonly assertions?: readonly string[]
  readonly tags?: readonly string[]
  /** Nothing is expected of it now. */
  readonly paused?: boolean
  /** An id by which it is also known, as the UUID of a check. */
  readonly id?: string
}

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** What a duration looks like: `90s`, `5m`, `1h30m`; none is zero. */
export const durationPattern = '^(?=.*[1-9])(\\d+(\\.\\d+)?(ms|s|m|h|d|w))+$'

/** @returns milliseconds; undefined where the text is no duration */
export function readDuration(text: string): number | undefined {
  if (!new RegExp(durationPattern).test(text)) return undefined
  let sum = 0
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    sum += Number(count) * (unitMs[unit] ?? 0)
  }
  return sum
}

/** The duration in milliseconds, where there is one. */
export function durationMs(text: string | undefined): number | undefined {
  return text === undefined ? undefined : readDuration(text)
}
