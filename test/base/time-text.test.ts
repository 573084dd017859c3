// Goal: times and durations are read as people write them, and what is none is refused in words.
import { formatTimeNs, parseDurationMs, parseTimeNs, TimeTextError } from '@wayward/base'
import { expect, test } from 'vitest'

test('formatTimeNs() keeps nanoseconds, and parseTimeNs() reads them again', () => {
  const ns = 1_795_240_800_123_456_789n
  expect(formatTimeNs(ns)).toBe('2026-11-21T06:00:00.123456789Z')
  expect(parseTimeNs(formatTimeNs(ns))).toBe(ns)
  expect(parseTimeNs('2026-11-21T07:00:00+01:00')).toBe(1_795_240_800_000_000_000n)
  expect(parseTimeNs('now')).toBe('now')
})

test('parseDurationMs() adds its parts', () => {
  expect(parseDurationMs('1h30m')).toBe(5_400_000)
  expect(parseDurationMs('250ms')).toBe(250)
  expect(parseDurationMs('1.5s')).toBe(1500)
})

test.each([
  [() => parseTimeNs('2026-02-30T00:00:00Z'), 'not in the calendar'],
  [() => parseTimeNs('2026-13-01T00:00:00Z'), 'not in the calendar'],
  [() => parseTimeNs('2026-01-32T00:00:00Z'), 'not in the calendar'],
  [() => parseTimeNs('2026-01-01T25:00:00Z'), 'not in the calendar'],
  [() => parseTimeNs('2026-11-21T06:00'), 'without seconds or a time zone'],
  [() => parseTimeNs('yesterday'), 'not a time'],
  [() => parseDurationMs('soon'), 'not a duration'],
  [() => parseDurationMs('0s'), 'not between 1ms and 100 years'],
])('%s is refused', (parse, why) => {
  expect(parse).toThrow(TimeTextError)
  expect(parse).toThrow(why)
})
