// Goal: what several values are made of is what the slow and obvious way gives. Method: seeded
// random values, beside a second implementation that keeps all of them.
import { createStats, movingAverage, percentiles, timeWindow } from '@wayward/mmstats'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const path = mkdtempSync(join(tmpdir(), 'mmstats-fields-'))
afterAll(() => {
  rmSync(path, { recursive: true, force: true })
})

/** Numbers from 0 to 1, the same at each run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
}

const seeds = Array.from({ length: 20 }, (_, index) => index + 1)

/** The value at p·(n + 1) of sorted values, as the original planned. */
function slowPercentile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const place = (rank / 100) * (sorted.length + 1)
  const below = Math.min(Math.max(Math.floor(place), 1), sorted.length)
  const low = sorted[below - 1] ?? 0
  const high = sorted[below] ?? low
  return place <= 1 ? (sorted[0] ?? 0) : low + (place - below) * (high - low)
}

describe('percentiles()', () => {
  test.each(seeds)('are those of the last values (seed %i)', (seed) => {
    const random = seeded(seed)
    const size = 1 + Math.floor(random() * 40)
    const field = percentiles({ size, ranks: [1, 50, 99.9] })
    const stats = createStats({ field }, { path })
    const all: number[] = []
    for (let count = 0; count < 200; count++) {
      // Few different values, so that many are equal, and negative ones.
      const value = Math.floor(random() * 12) - 4
      field.add(value)
      all.push(value)
      for (const rank of [1, 50, 99.9]) {
        expect(field.at(rank)).toBeCloseTo(slowPercentile(all.slice(-size), rank), 9)
      }
    }
    stats.remove()
  })

  test('leave out what is no number, and count it', () => {
    const field = percentiles({ size: 3 })
    for (const value of [1, Number.NaN, 2, 3, Number.NaN, Infinity, 4]) field.add(value)
    expect(field.at(50)).toBe(4)
    expect(() => percentiles({ size: 0 })).toThrow(/Cannot keep 0 values; wanted 1 to 100000/)
    expect(() => percentiles({ ranks: [100] })).toThrow(/percentile 100; wanted one between/)
  })
})

describe('timeWindow()', () => {
  test.each(seeds)('has the values of the last seconds (seed %i)', (seed) => {
    const random = seeded(seed)
    let now = -50 + random() * 100
    const seconds = 1 + Math.floor(random() * 10)
    const field = timeWindow({ seconds, clock: () => now })
    const all: { readonly second: number; readonly value: number }[] = []
    for (let turn = 0; turn < 200; turn++) {
      now += random() < 0.1 ? random() * 15 : random()
      const value = Math.floor(random() * 100) - 50
      field.add(value)
      all.push({ second: Math.floor(now), value })
      const live = all.filter(({ second }) => second > Math.floor(now) - seconds)
      const sum = live.reduce((total, one) => total + one.value, 0)
      expect([field.count, field.sum]).toEqual([live.length, sum])
      expect(field.mean).toBeCloseTo(sum / live.length, 9)
    }
    now += 1000
    field.refresh()
    expect([field.count, field.mean]).toEqual([0, 0])
  })

  test('takes a clock that is set back for one that stands still', () => {
    let now = 100
    const field = timeWindow({ seconds: 5, clock: () => now })
    field.add(1)
    now = 50
    field.add(2)
    expect([field.count, field.sum]).toEqual([2, 3])
  })
})

describe('movingAverage()', () => {
  test.each(seeds)('is the mean of the last values, also beside huge ones (seed %i)', (seed) => {
    const random = seeded(seed)
    const size = 1 + Math.floor(random() * 30)
    const field = movingAverage({ size })
    const all: number[] = []
    for (let turn = 0; turn < 300; turn++) {
      const value = random() < 0.05 ? random() * 1e20 : random()
      field.add(value)
      all.push(value)
      const last = all.slice(-size)
      // Small values first: their sum is not lost in the large one.
      const sum = last.toSorted((a, b) => a - b).reduce((total, one) => total + one, 0)
      const mean = sum / last.length
      expect(Math.abs(field.value - mean)).toBeLessThanOrEqual(Math.abs(mean) * 1e-12)
    }
  })

  test('comes back from what is no number once that has left', () => {
    const field = movingAverage({ size: 3 })
    for (const value of [1, Number.NaN, 2, 3, 4]) field.add(value)
    expect(field.value).toBe(3)
    for (const value of [Infinity, 5, 6, 7]) field.add(value)
    expect(field.value).toBe(6)
  })
})
