// Times and durations as people write them: in flags, in the YAML file, in addresses of the API.

/** A text that is no time or no duration; the message says why, as the end of a sentence. */
export class TimeTextError extends Error {
  override readonly name = 'TimeTextError'
}

const durationUnitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
  d: 86_400e3,
  w: 7 * 86_400e3,
}

/** What a duration looks like, for errors and help. */
export const durationWanted = 'a duration, such as 90s, 15m, 2h, 1h30m or 7d'

/** @returns the milliseconds of a duration such as 90s or 1h30m @throws TimeTextError */
export function parseDurationMs(text: string): number {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|w))+$/.test(text)) throw new TimeTextError('not a duration')
  let sum = 0
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d|w)/g)) {
    sum += Number(count) * (durationUnitsMs[unit ?? ''] ?? 0)
  }
  if (sum <= 0 || sum > 100 * 365 * 86_400e3) {
    throw new TimeTextError('not between 1ms and 100 years')
  }
  return sum
}

/** What a time looks like, for errors and help. */
export const timeWanted =
  'a time as in RFC 3339, such as 2026-11-21T06:00:00Z or 2026-11-21T07:00:00+01:00, or now'

/** @returns nanoseconds since 1970 of a time as in RFC 3339, or `now` @throws TimeTextError */
export function parseTimeNs(text: string): bigint | 'now' {
  if (text === 'now') return 'now'
  const match = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(
    text,
  )
  if (match === null) {
    const hasNoZone = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/.test(text)
    throw new TimeTextError(hasNoZone ? 'without seconds or a time zone (Z is UTC)' : 'not a time')
  }
  const [, day, time, fraction = '', zone = 'Z'] = match
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  // 2026-02-30 would silently become the 2nd of March; a month 13 is no date at all.
  const midnightMs = Date.parse(`${day}T00:00:00Z`)
  const isInCalendar =
    !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day ?? '?')
  if (Number.isNaN(ms) || !isInCalendar) throw new TimeTextError('not in the calendar')
  return BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** RFC 3339 in UTC with nanoseconds. */
export function formatTimeNs(ns: bigint): string {
  const ms = ns / 1_000_000n
  const fraction = String(((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n)
  return `${new Date(Number(ms)).toISOString().slice(0, 19)}.${fraction.padStart(9, '0')}Z`
}
