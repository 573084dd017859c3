import { systemTime } from '@wayward/base'
import { createDrainRate } from '@wayward/collector/pipeline/drain-rate'
import { describe, expect, test } from 'vitest'

describe('createDrainRate()', () => {
  test('measures over the last seconds and says how long bytes take', () => {
    let nowMs = 1_000
    const rate = createDrainRate({ monotonicMs: () => nowMs }, () => 0)
    for (let second = 0; second < 5; second++) {
      rate.add(1_000_000)
      nowMs += 1_000
    }
    expect(rate.bytesPerMs).toBeCloseTo(1_000, 0)
    expect(rate.retryAfterMs(2_000_000)).toBe(2_000)
  })

  test('forgets what was long ago', () => {
    let nowMs = 0
    const rate = createDrainRate({ monotonicMs: () => nowMs })
    rate.add(5_000_000)
    nowMs = 3_000
    expect(rate.bytesPerMs).toBeGreaterThan(0)
    nowMs = 20_000
    expect(rate.bytesPerMs).toBe(0)
    rate.add(9_000)
    expect(rate.bytesPerMs).toBeCloseTo(1, 1)
  })

  test('hints at more the longer nothing was confirmed, and never at more than 3 s', () => {
    let nowMs = 0
    const rate = createDrainRate({ monotonicMs: () => nowMs }, () => 0)
    rate.add(1_000_000)
    const hints = [0, 1_000, 2_000, 4_000, 8_000, 20_000, 600_000].map((sinceMs) => {
      nowMs = sinceMs
      return rate.retryAfterMs(1)
    })
    expect(hints).toEqual([1_000, 1_333, 1_667, 2_333, 3_000, 3_000, 3_000])
    rate.add(1_000_000)
    expect(rate.retryAfterMs(1)).toBe(1_000)
    expect(rate.retryAfterMs(1e12)).toBe(3_000)
  })

  test.each([
    ['five pauses (Python, Node)', 5],
    ['four pauses (Java)', 4],
  ])('leads an exporter with 10 s and %s on for long', (_name, pauses) => {
    for (let seed = 0; seed < 200; seed++) {
      for (const stalledMs of [0, 2_000, 5_000, 15_000, 60_000]) {
        let nowMs = 0
        const rate = createDrainRate({ monotonicMs: () => nowMs })
        nowMs = stalledMs
        let lastTryMs = 0
        for (let pause = 0; pause < pauses; pause++) {
          const hintMs = rate.retryAfterMs(1)
          if (nowMs - stalledMs + hintMs > 10_000) break
          nowMs += hintMs
          lastTryMs = nowMs - stalledMs
        }
        expect(lastTryMs).toBeGreaterThan(pauses === 5 ? 6_900 : 5_300)
      }
    }
  })

  test('spreads those who were refused together', () => {
    const rate = createDrainRate(systemTime)
    const hints = Array.from({ length: 200 }, () => rate.retryAfterMs(1e12))
    expect(new Set(hints).size).toBeGreaterThan(50)
  })
})
