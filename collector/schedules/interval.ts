// Intervals: `every 10m`, `@every 1h30m`, `every 2 hours`.
import type { Schedule } from './schedule.ts'

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  millisecond: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  w: 604_800_000,
  week: 604_800_000,
  month: 30 * 86_400_000,
  year: 365 * 86_400_000,
}
const intervalPattern = /^@?every\s+(?<rest>.+)$/i
const partPattern = /\s*(?<count>\d+(?:\.\d+)?)?\s*(?<unit>[a-z]+)/gy

/** An interval; undefined where the text is none. */
export function createIntervalSchedule(text: string): Schedule | undefined {
  const intervalMs = readInterval(text)
  return intervalMs === undefined
    ? undefined
    : { isInterval: true, nextAfter: (afterMs) => afterMs + intervalMs }
}

function readInterval(text: string): number | undefined {
  const rest = intervalPattern.exec(text.trim())?.groups?.['rest']?.toLowerCase()
  if (rest === undefined) return undefined
  let sum = 0
  let end = 0
  for (const part of rest.matchAll(partPattern)) {
    const { count = '1', unit = '' } = part.groups ?? {}
    const length = unitMs[unit] ?? unitMs[unit.replace(/s$/, '')]
    if (length === undefined) return undefined
    sum += Number(count) * length
    end = part.index + part[0].length
  }
  return end === rest.length && sum > 0 ? sum : undefined
}
