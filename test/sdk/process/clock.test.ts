// Goal: what happens to times when the wall clock is set, or the computer sleeps: the monotonic
// clock stands still meanwhile. Method: a wall clock that is moved.
import { createClock, measureClockOffset, toRfc3339 } from '@wayward/sdk/process/clock'
import { afterEach, expect, test, vi } from 'vitest'
import {
  ATTR_WAYWARD_CLOCK_SHIFT,
  ATTR_WAYWARD_SESSION_UPTIME,
  EVENT_WAYWARD_CLOCK_STEP,
} from '@wayward/semconv'
import { createRecording, sleep } from '../recording.ts'

afterEach(() => vi.restoreAllMocks())

const hourMs = 3_600_000

function moveWallClock(ms: number): void {
  const real = Date.now
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms)
}

const seconds = ([whole, ns]: readonly [number, number]) => whole + ns / 1e9

test('the clock agrees with the wall clock', () => {
  const { offsetNs, uncertaintyNs } = measureClockOffset()
  const clock = createClock(offsetNs, uncertaintyNs)
  expect(Math.abs(seconds(clock.now()) * 1000 - Date.now())).toBeLessThan(5)
  expect(toRfc3339(clock.now()).slice(0, 16)).toBe(new Date().toISOString().slice(0, 16))
})

test.each([8 * hourMs, -8 * hourMs, 1234, -1234])('follows a step of %d ms', (stepMs) => {
  const { offsetNs, uncertaintyNs } = measureClockOffset()
  const clock = createClock(offsetNs, uncertaintyNs)
  const before = clock.anchorMs
  clock.follow()
  expect(clock.anchorMs).toBe(0)
  moveWallClock(stepMs)
  clock.follow()
  expect(Math.abs(seconds(clock.now()) * 1000 - Date.now())).toBeLessThan(5)
  expect(Math.abs(seconds(clock.now(before)) * 1000 + stepMs - Date.now())).toBeLessThan(5)
  expect(clock.now()[1]).toBeLessThan(1e9)
  expect(clock.now()[1]).toBeGreaterThanOrEqual(0)
})

test('what is open over a step keeps its true duration, what comes later has the new time', async () => {
  const recording = createRecording({ intervalMs: 5, thresholdMs: hourMs })
  const { reporter } = recording
  const hold = reporter.lock({ name: 'x' }).request().granted()
  const zone = reporter.startZone('z')
  const item = reporter.queue({ name: 'q' }).enqueued()
  moveWallClock(8 * hourMs)
  await sleep(20)
  hold.released()
  zone.end()
  item.dequeued().done()
  reporter.zone('later', () => undefined)
  const spans = recording.spans()
  expect(spans).toHaveLength(4)
  for (const span of spans) expect(seconds(span.duration)).toBeLessThan(1)
  const later = spans.at(-1)?.startTime ?? [0, 0]
  expect(Math.abs(seconds(later) * 1000 - Date.now())).toBeLessThan(60_000)
  expect(recording.events().map((event) => event.eventName)).toEqual([EVENT_WAYWARD_CLOCK_STEP])
  vi.restoreAllMocks()
  await sleep(20)
  reporter.shutdown()
})

test('a step of the wall clock is reported, with the age of the session, and again at the end', async () => {
  const recording = createRecording({ intervalMs: 5, thresholdMs: hourMs })
  moveWallClock(-hourMs)
  await sleep(30)
  recording.reporter.shutdown()
  const events = recording.events()
  expect(events.map((event) => event.eventName)).toEqual([
    EVENT_WAYWARD_CLOCK_STEP,
    EVENT_WAYWARD_CLOCK_STEP,
  ])
  const [first, last] = events.map(({ attributes }) => attributes)
  expect(Number(first?.[ATTR_WAYWARD_CLOCK_SHIFT]) / 1e6 + hourMs).toBeCloseTo(0, -2)
  expect(Number(last?.[ATTR_WAYWARD_SESSION_UPTIME])).toBeGreaterThan(
    Number(first?.[ATTR_WAYWARD_SESSION_UPTIME]),
  )
  expect(Math.abs(seconds(events.at(-1)?.hrTime ?? [0, 0]) * 1000 - Date.now())).toBeLessThan(
    60_000,
  )
})
