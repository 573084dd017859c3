// What the owner of a job asserts of its runs:
//
//   runTime p95 < 5 min of 20      metric.rows > 0      failureRate < 10 % of 20
//
// A statistic is of the last so many runs; without one the last run counts. It is judged when a run
// has ended, and not before there are five such runs, or as many as it asks for.
import { isBad, type EndedRun, type PastRun } from './job-state.ts'

/** An assertion that was read. */
export interface Assertion {
  /** Whether it holds; undefined where that cannot be said yet. */
  holds(past: readonly PastRun[], last: EndedRun): boolean | undefined
}

/** Most runs that a statistic may be of: as many as a state remembers. */
const countMax = 20
const countLeast = 5
/** What an assertion looks like, for people. */
export const assertionExample =
  '"runTime p95 < 5 min", "metric.rows > 0", "lateness < 30 s" or "failureRate < 10 % of 20"'
const pattern =
  /^(?<subject>runTime|lateness|failureRate|exitCode|metric\.[\w.-]{1,100})(?:\s+(?<statistic>p\d{1,2}|median|mean|min|max))?\s*(?<operator><=|>=|!=|<|>|=)\s*(?<value>-?\d{1,15}(?:\.\d{1,9})?)\s*(?<unit>ms|s|sec|min|m|h|d|%)?(?:\s+of\s+(?<count>\d{1,2}))?$/
const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  sec: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const durations: ReadonlySet<string> = new Set(['runTime', 'lateness'])

/** Reads an assertion; undefined where the text is none. */
export function readAssertion(text: string): Assertion | undefined {
  const parts = pattern.exec(text.trim())?.groups
  if (parts === undefined) return undefined
  const { operator = '', statistic, subject = '', unit } = parts
  const count = Number(parts['count'] ?? countMax)
  const isOfMany = statistic !== undefined || subject === 'failureRate'
  const isWrong =
    count < 1 ||
    count > countMax ||
    // Only times of runs and failures are remembered of more than the last run.
    (statistic !== undefined && !durations.has(subject)) ||
    (parts['count'] !== undefined && !isOfMany) ||
    durations.has(subject) !== (unit !== undefined && unit !== '%') ||
    (subject === 'failureRate') !== (unit === '%')
  if (isWrong) return undefined
  const wanted = Number(parts['value']) * (unit === '%' ? 0.01 : (unitMs[unit ?? ''] ?? 1))
  return {
    holds(past, last) {
      const few = past.slice(-count)
      if (isOfMany && few.length < Math.min(count, countLeast)) return undefined
      const seen = isOfMany
        ? statisticOf(few, { subject, statistic: statistic ?? 'mean' })
        : valueOf(subject, last)
      return seen === undefined ? undefined : compare(seen, operator, wanted)
    },
  }
}

/** The assertions that do not hold. */
export function brokenOf(
  assertions: readonly string[],
  past: readonly PastRun[],
  last: EndedRun,
): readonly string[] {
  return assertions.filter((text) => readAssertion(text)?.holds(past, last) === false)
}

function valueOf(subject: string, run: EndedRun): number | undefined {
  if (subject === 'exitCode') return run.exitCode
  if (subject.startsWith('metric.')) return run.metrics?.[subject.slice('metric.'.length)]
  return lengthOf(subject, run)
}

function lengthOf(subject: string, { dueMs, endMs, startMs }: PastRun): number | undefined {
  if (subject === 'runTime') return endMs - startMs
  return dueMs === undefined ? undefined : Math.max(0, startMs - dueMs)
}

function statisticOf(
  runs: readonly PastRun[],
  { statistic, subject }: { readonly statistic: string; readonly subject: string },
): number | undefined {
  const values = runs
    .map((run) => (subject === 'failureRate' ? Number(isBad(run.result)) : lengthOf(subject, run)))
    .filter((value) => value !== undefined)
    .toSorted((one, other) => one - other)
  if (values.length === 0) return undefined
  if (statistic === 'mean') return values.reduce((sum, value) => sum + value, 0) / values.length
  const fractions: Readonly<Record<string, number>> = { min: 0, median: 0.5, max: 1 }
  const fraction = fractions[statistic] ?? Number(statistic.slice(1)) / 100
  return (
    values[Math.min(values.length - 1, Math.ceil(fraction * values.length - 1e-9) - 1)] ?? values[0]
  )
}

function compare(seen: number, operator: string, wanted: number): boolean {
  switch (operator) {
    case '<':
      return seen < wanted
    case '<=':
      return seen <= wanted
    case '>':
      return seen > wanted
    case '>=':
      return seen >= wanted
    case '=':
      return seen === wanted
    default:
      return seen !== wanted
  }
}
