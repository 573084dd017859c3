// Goal: a reader that stays open follows its file, whatever happens to that. Method: files that
// grow, shrink, vanish and come back, and a thread that writes without a rest.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  counter,
  createStats,
  double,
  openStatsReader,
  type readStats,
  readStatsFile,
  record,
  reservoir,
  array,
  decayingReservoir,
  percentiles,
  timeWindow,
} from '@wayward/mmstats'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mmstats-read-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function valuesOf({ stats }: ReturnType<typeof readStats>): Record<string, unknown> {
  return Object.fromEntries(stats.map(({ label, value }) => [label, value]))
}

describe('openStatsReader()', () => {
  test('follows a file that changes, grows, is replaced, is cut, is removed and comes back', () => {
    const settings = { path: folder, filename: 'f', defaults: false } as const
    const first = createStats({ a: counter() }, { ...settings, extraSpace: 50 })
    const reader = openStatsReader(first.filename)
    expect(valuesOf(reader.read())).toEqual({ a: 0n })
    first.a.increment()
    expect(valuesOf(reader.read())).toEqual({ a: 1n })
    first.add('b', counter())
    expect(valuesOf(reader.read())).toEqual({ a: 1n, b: 0n })
    createStats({ a: double() }, settings).a.value = 0.5
    expect(valuesOf(reader.read())).toEqual({ a: 0.5 })
    const { filename } = first
    first.remove()
    expect(() => reader.read()).toThrow(/Cannot read the stats file .*ENOENT/)
    writeFileSync(filename, Uint8Array.of(1, 1, 0, 0x61, 1, 0, 0x3f, 255, 1))
    expect(valuesOf(reader.read())).toEqual({ a: true })
    truncateSync(filename, 6)
    expect(reader.read()).toMatchObject({
      stats: [],
      problem: expect.stringContaining('cut at byte 4'),
    })
    truncateSync(filename, 0)
    expect(reader.read().problem).toMatch(/file is empty/)
    reader.close()
  })

  test('takes the fields of a record as they were at one moment', () => {
    const pair = record({ one: double(), two: double() })
    const stats = createStats({ pair }, { path: folder })
    pair.update(({ one, two }) => {
      one.value = 3
      two.value = 4
      expect(valuesOf(readStatsFile(stats.filename))['pair.sequence']).toBe(1)
    })
    expect(valuesOf(readStatsFile(stats.filename))).toMatchObject({
      'pair.sequence': 2,
      'pair.one': 3,
      'pair.two': 4,
    })
  })
})

describe('fields of several values', () => {
  test('show percentiles, and what the last seconds had', () => {
    let now = 100
    const fields = {
      size: percentiles({ label: 'bytes', size: 100, ranks: [50, 99.9] }),
      last: timeWindow({ seconds: 60, clock: () => now }),
    }
    const stats = createStats({ sizes: fields.size, last: fields.last }, { path: folder })
    for (let value = 1; value <= 99; value++) fields.size.add(value)
    fields.last.add(4)
    now = 130
    fields.last.add(8)
    const read = (): Record<string, unknown> => valuesOf(readStatsFile(stats.filename))
    expect(read()).toMatchObject({
      'bytes.p50': 50,
      'bytes.p999': 99,
      'bytes.count': 99n,
      'bytes.min': 1,
      'bytes.max': 99,
      'last.count': 2,
      'last.mean': 6,
      'last.max': 8,
    })
    now = 165
    fields.last.refresh()
    expect(read()).toMatchObject({ 'last.count': 1, 'last.sum': 8, 'last.min': 8 })
    now = 1000
    fields.last.refresh()
    expect(read()).toMatchObject({ 'last.count': 0, 'last.mean': 0 })
  })

  test('keep arrays and samples in version 2', () => {
    let seconds = 0
    let seed = 1
    const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
    const fields = {
      last: array({ size: 2 }),
      sample: reservoir({ size: 50, random }),
      recent: decayingReservoir({ size: 50, random, alpha: 1, clock: () => seconds }),
    }
    const stats = createStats(fields, { path: folder, version: 2 })
    for (let value = 0; value < 1000; value++) {
      seconds = value
      for (const field of [stats.last, stats.sample, stats.recent]) field.add(value)
    }
    const values = valuesOf(readStatsFile(stats.filename))
    const mean = (list: unknown): number =>
      (list as number[]).reduce((sum, value) => sum + value, 0) / (list as number[]).length
    expect(values['last']).toEqual([998, 999])
    expect(values['sample']).toHaveLength(50)
    expect(Math.abs(mean(values['sample']) - 500)).toBeLessThan(150)
    expect(mean(values['recent'])).toBeGreaterThan(900)
    expect(() => createStats({ last: array() }, { path: folder })).toThrow(/version: 2/)
  })
})
