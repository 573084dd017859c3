import { formatBytes, formatDuration, formatNumber, formatShare } from 'wayward/output/quantity'
import { expect, test } from 'vitest'

test.each([
  [0, '0 ns'],
  [850, '850 ns'],
  [999.9, '1.00 µs'],
  [1500, '1.50 µs'],
  [350_000, '350 µs'],
  [999_600, '1.00 ms'],
  [12_345_678, '12.3 ms'],
  [1_240_000_000, '1.24 s'],
  [119e9, '119 s'],
  [125e9, '2 min 5 s'],
  [12_000e9, '3 h 20 min'],
  [86_400e9, '1 d'],
  [-1_500_000, '-1.50 ms'],
  [Number.NaN, '–'],
])('formatDuration(%d) is %s', (ns, text) => expect(formatDuration(ns)).toBe(text))

test.each([
  [512, '512 B'],
  [2048, '2.00 KiB'],
  [12.5 * 2 ** 20, '12.5 MiB'],
])('formatBytes(%d) is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  [1_234_567, '1,234,567'],
  [0.123456, '0.123'],
  [12_345.67, '12,346'],
])('formatNumber(%d) is %s', (value, text) => expect(formatNumber(value)).toBe(text))

test.each([
  [0, '0 %'],
  [0.034, '3.4 %'],
  [0.345, '35 %'],
  [1, '100 %'],
])('formatShare(%d) is %s', (share, text) => expect(formatShare(share)).toBe(text))
