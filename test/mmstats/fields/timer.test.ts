// Goal: laps without an object for each say the same as those with one.
import { createStats, timer } from '@wayward/mmstats'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let path: string
let now = 0
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'mmstats-timer-'))
  now = 1_000_000_000.5
})
afterEach(() => rmSync(path, { recursive: true, force: true }))

function timed() {
  return createStats({ lap: timer({ clock: () => now, size: 1 }) }, { path }).lap
}

test('a lap is as long as one with an object, to the bit', () => {
  const lap = timed()
  const begun = lap.begin()
  const started = lap.start()
  now += 0.1
  lap.end(begun)
  const { value } = lap
  expect(started.stop()).toBe(value)
  expect(lap.value).toBe(started.elapsed)
})

test('laps overlap, end in any order, and begin again in the places of others', () => {
  const lap = timed()
  const seconds: number[] = []
  for (let round = 0; round < 3; round++) {
    const laps = Array.from({ length: 100 }, () => {
      now += 1
      return lap.begin()
    })
    expect(new Set(laps).size).toBe(100)
    const odd = laps.filter((_, index) => index % 2 === 1)
    const even = laps.filter((_, index) => index % 2 === 0)
    for (const begun of [...odd, ...even]) {
      lap.end(begun)
      seconds.push(lap.value)
    }
  }
  const round = [
    ...Array.from({ length: 50 }, (_, i) => 98 - 2 * i),
    ...Array.from({ length: 50 }, (_, i) => 99 - 2 * i),
  ]
  expect(seconds).toEqual([...round, ...round, ...round])
})

test('the latest lap is told while it runs and afterwards', () => {
  const lap = timed()
  expect(lap.last).toBe(0)
  const begun = lap.begin()
  now += 2
  expect(lap.last).toBe(2)
  now += 1
  lap.end(begun)
  now += 5
  expect(lap.last).toBe(3)
  expect(() => lap.stop()).toThrow('Cannot stop a timer that was not started')
})

test('a lap ends once, and what is none does not end', () => {
  const lap = timed()
  const begun = lap.begin()
  lap.end(begun)
  for (const wrong of [begun, lap.begin() + 1, -1, 0, 0.5, Number.NaN, 2 ** 40]) {
    expect(() => lap.end(wrong)).toThrow(`Cannot end lap ${wrong}: it is not under way`)
  }
  // Its place was used again since, many times.
  for (let times = 0; times < 20_000; times++) lap.end(lap.begin())
  expect(() => lap.end(begun)).toThrow(RangeError)
})

test('more laps than can be followed are refused, and the others go on', () => {
  const lap = timed()
  const laps = Array.from({ length: 65_536 }, () => lap.begin())
  expect(() => lap.begin()).toThrow('Cannot begin a lap: 65536 are under way')
  now += 1
  for (const begun of laps) {
    lap.end(begun)
    expect(lap.value).toBe(1)
  }
  lap.end(lap.begin())
  expect(lap.value).toBe(0)
})

test('the clock of its own does not jump, and has nanoseconds', () => {
  const { lap } = createStats({ lap: timer() }, { path })
  const before = performance.now()
  const begun = lap.begin()
  const within = performance.now()
  while (performance.now() < within + 5);
  const insideMs = performance.now() - within
  lap.end(begun)
  const outsideMs = performance.now() - before
  expect(lap.value * 1000).toBeGreaterThanOrEqual(insideMs - 0.001)
  expect(lap.value * 1000).toBeLessThanOrEqual(outsideMs + 0.001)
})
