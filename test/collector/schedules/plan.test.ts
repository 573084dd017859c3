// Goal: a job is due when its owner would say. Method: known calendars, also where clocks change.
import { createPlan } from '@wayward/collector/schedules/plan'
import { ScheduleError } from '@wayward/collector/schedules/schedule'
import { describe, expect, test } from 'vitest'

interface Given {
  readonly schedules: readonly string[]
  readonly timezone?: string
  readonly maintenance?: readonly string[]
}

function timesOf(from: string, count: number, given: Given | string): readonly string[] {
  const {
    maintenance = [],
    schedules,
    timezone = 'UTC',
  } = typeof given === 'string' ? { schedules: [given] } : given
  const plan = createPlan({ schedules, timezone, maintenance })
  const times: string[] = []
  let last: number | undefined = Date.parse(from)
  while (times.length < count) {
    last = plan.nextAfter(last)
    if (last === undefined) break
    times.push(new Date(last).toISOString().replace(':00.000Z', 'Z'))
  }
  return times
}

describe('cron', () => {
  test.each([
    ['*/20 * * * *', ['2026-02-01T00:20Z', '2026-02-01T00:40Z']],
    ['30 */15 2 * * MON-FRI', ['2026-02-02T02:00:30.000Z', '2026-02-02T02:15:30.000Z']],
    ['0 0 L * *', ['2026-02-28T00:00Z', '2026-03-31T00:00Z']],
    ['0 0 * * FRI#2', ['2026-02-13T00:00Z', '2026-03-13T00:00Z']],
    ['0 0 * * 5L', ['2026-02-27T00:00Z', '2026-03-27T00:00Z']],
    ['0 0 * JAN,MAR SUN', ['2026-03-01T00:00Z', '2026-03-08T00:00Z']],
    ['@daily', ['2026-02-02T00:00Z', '2026-02-03T00:00Z']],
    ['@hourly', ['2026-02-01T01:00Z', '2026-02-01T02:00Z']],
    ['0 0 29 2 *', ['2028-02-29T00:00Z', '2032-02-29T00:00Z']],
  ])('%s', (text, wanted) => {
    expect(timesOf('2026-02-01T00:00:00Z', 2, text)).toEqual(wanted)
  })
})

describe('intervals', () => {
  test.each([
    ['every 10m', '2026-02-01T00:10Z'],
    ['@every 1h30m', '2026-02-01T01:30Z'],
    ['every 2 hours', '2026-02-01T02:00Z'],
    ['every day', '2026-02-02T00:00Z'],
  ])('%s', (text, wanted) => {
    expect(timesOf('2026-02-01T00:00:00Z', 1, text)).toEqual([wanted])
  })
})

describe('OnCalendar', () => {
  test.each([
    ['daily', ['2026-02-02T00:00Z', '2026-02-03T00:00Z']],
    ['weekly', ['2026-02-02T00:00Z', '2026-02-09T00:00Z']],
    ['quarterly', ['2026-04-01T00:00Z', '2026-07-01T00:00Z']],
    ['Mon..Fri *-*-* 02:30', ['2026-02-02T02:30Z', '2026-02-03T02:30Z']],
    ['Sat,Sun *-*-* 10:00:00', ['2026-02-01T10:00Z', '2026-02-07T10:00Z']],
    ['Fri *-*-13', ['2026-02-13T00:00Z', '2026-03-13T00:00Z']],
    ['*-*-* 00/8:00', ['2026-02-01T08:00Z', '2026-02-01T16:00Z']],
    ['*-*~01 12:00', ['2026-02-28T12:00Z', '2026-03-31T12:00Z']],
    ['*-02..03-01 06:00 Europe/Berlin', ['2026-02-01T05:00Z', '2026-03-01T05:00Z']],
    ['2027-01-01 00:00:00', ['2027-01-01T00:00Z']],
    ['Fri..Mon 10:00', ['2026-02-01T10:00Z', '2026-02-02T10:00Z']],
  ])('%s', (text, wanted) => {
    expect(timesOf('2026-02-01T00:00:00Z', 2, text)).toEqual(wanted)
  })
})

describe('where clocks change', () => {
  const berlin = (text: string): Given => ({ schedules: [text], timezone: 'Europe/Berlin' })

  test('a time that does not exist is due when the clocks have gone forward', () => {
    // 02:00 becomes 03:00, which is 01:00Z.
    expect(timesOf('2026-03-28T12:00:00Z', 2, berlin('30 2 * * *'))).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ])
  })

  test('a time that is there twice is due once, and one that repeats each time', () => {
    // 03:00 becomes 02:00, which is 01:00Z.
    expect(timesOf('2026-10-24T12:00:00Z', 2, berlin('30 2 * * *'))).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ])
    expect(timesOf('2026-10-25T00:15:00Z', 4, berlin('*/30 * * * *'))).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-25T01:00Z',
      '2026-10-25T01:30Z',
      '2026-10-25T02:00Z',
    ])
  })

  test('an interval is the same time all the year', () => {
    expect(timesOf('2026-03-29T00:30:00Z', 2, berlin('every 1h'))).toEqual([
      '2026-03-29T01:30Z',
      '2026-03-29T02:30Z',
    ])
  })
})

describe('several together', () => {
  test('are due at the times of each', () => {
    const schedules = ['0 6 * * *', 'Mon *-*-* 07:00', '0 6 * * MON']
    expect(timesOf('2026-02-01T05:00:00Z', 3, { schedules })).toEqual([
      '2026-02-01T06:00Z',
      '2026-02-02T06:00Z',
      '2026-02-02T07:00Z',
    ])
  })

  test('are not due in maintenance', () => {
    const maintenance = ['0 2 * * SUN for 2h', '2026-02-01T05:00:00Z/2026-02-01T05:30:00Z']
    expect(timesOf('2026-02-01T01:00:00Z', 4, { schedules: ['0 * * * *'], maintenance })).toEqual([
      '2026-02-01T04:00Z',
      '2026-02-01T06:00Z',
      '2026-02-01T07:00Z',
      '2026-02-01T08:00Z',
    ])
  })
})

describe('what cannot be meant', () => {
  test.each([
    [{ schedules: ['61 * * * *'] }, 'schedule[0]', 'a cron expression'],
    [{ schedules: ['* * * * *', 'now and then'] }, 'schedule[1]', 'OnCalendar'],
    [{ schedules: ['every'] }, 'schedule[0]', 'every 10m'],
    [{ schedules: ['every 0s'] }, 'schedule[0]', 'every 10m'],
    [{ schedules: ['0 0 30 2 *'] }, 'schedule[0]', 'next years'],
    [{ schedules: ['2020-01-01 00:00:00'] }, 'schedule[0]', 'next years'],
    [{ schedules: ['* * * * * *'] }, 'schedule[0]', 'at least 5 s'],
    [{ schedules: ['every 1s'] }, 'schedule[0]', 'at least 5 s'],
    [{ schedules: ['@daily'], timezone: 'Mars/Olympus' }, 'timezone', 'Europe/Berlin'],
    [{ schedules: ['@daily'], maintenance: ['at night'] }, 'maintenance[0]', 'for 2h'],
    [{ schedules: ['Mon *-*-* 10:00 Mars/Olympus'] }, 'schedule[0]', 'time zone'],
  ] as const)('%j', (given: Given, field, wanted) => {
    let error: unknown
    try {
      timesOf('2026-02-01T00:00:00Z', 1, given)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ScheduleError)
    expect(error).toMatchObject({ field, wanted: expect.stringContaining(wanted) })
  })
})
