import { createDrainRate } from '@wayward/collector/drain-rate'
import { describe, expect, test } from 'vitest'

describe('createDrainRate()', () => {
  test('measures over the last seconds and says how long bytes take', () => {
    let nowMs = 1_000
    const rate = createDrainRate(() => nowMs)
    for (let second = 0; second < 5; second++) {
      rate.add(1_000_000)
      nowMs += 1_000
    }
    expect(rate.bytesPerMs).toBeCloseTo(1_000, 0)
    expect(rate.waitMs(2_000_000)).toBe(2_000)
  })

  test('forgets what was long ago, and then waits longest', () => {
    let nowMs = 0
    const rate = createDrainRate(() => nowMs)
    expect(rate.waitMs(1)).toBe(30_000)
    rate.add(5_000_000)
    nowMs = 3_000
    expect(rate.bytesPerMs).toBeGreaterThan(0)
    nowMs = 20_000
    expect(rate.bytesPerMs).toBe(0)
    expect(rate.waitMs(1)).toBe(30_000)
    rate.add(9_000)
    expect(rate.bytesPerMs).toBeCloseTo(1, 1)
  })

  test('keeps to sensible bounds', () => {
    let nowMs = 0
    const rate = createDrainRate(() => nowMs)
    rate.add(1_000_000)
    nowMs = 1_000
    expect(rate.waitMs(1)).toBe(200)
    expect(rate.waitMs(1e12)).toBe(30_000)
  })
})
