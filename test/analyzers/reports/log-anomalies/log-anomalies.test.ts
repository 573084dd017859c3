// Goal: what was planted is found where it was planted, and nothing else. Method: random days of
// services with quiet nights, by chance as events come, with and without a burst or a silence.
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'
import { createDice } from '../../../harness/simulator/dice.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})
afterAll(async () => {
  await engine.shutdown()
})

const startS = Date.UTC(2026, 10, 2) / 1_000

/** A number of events as chance has it (Knuth). */
function poisson(mean: number, random: () => number): number {
  const end = Math.exp(-Math.min(mean, 500))
  let count = -1
  for (let product = 1; product > end; product *= random()) count++
  return count
}

interface World {
  readonly seed: number
  readonly buckets: number
  readonly bucketS: number
  readonly rateOf: (bucket: number) => number
  readonly severity?: number
}

/** Stores a world as the only thing there is. */
async function store({ bucketS, buckets, rateOf, seed, severity = 9 }: World): Promise<void> {
  const dice = createDice(seed)
  const random = (): number => (dice.below(1_000_000) + 1) / 1_000_001
  const rows: object[] = []
  for (let bucket = 0; bucket < buckets; bucket++) {
    const count = poisson(rateOf(bucket), random)
    for (let index = 0; index < count; index++) {
      const second = startS + bucket * bucketS + dice.below(bucketS)
      rows.push({
        Timestamp: `${second}.000000000`,
        ServiceName: 'shop',
        EventName: 'login',
        SeverityNumber: severity,
      })
    }
  }
  await engine.truncateTables()
  await engine.insertRows('otel_logs', rows)
}

async function found(): Promise<readonly string[]> {
  const { rows } = await runAnalyzer(engine.reader, 'log-anomalies')
  return rows.map((row) => {
    const at = Date.parse(`${String(row['began_at']).slice(0, 19).replace(' ', 'T')}Z`) / 1_000
    const bucket = (at - startS) / (Number(row['bucket_ns']) / 1e9)
    return `${String(row['kind'])} of ${String(row['level'])} by ${String(row['season'])} at ${bucket} for ${Number(row['lasted_ns']) / Number(row['bucket_ns'])}`
  })
}

const daily = (hour: number): number => (hour % 24 >= 8 && hour % 24 < 20 ? 60 : 8)
const weekly = (hour: number): number => (Math.floor(hour / 24) % 7 >= 5 ? 3 : daily(hour))

test.each([1, 2, 3])('nothing is found in usual days (seed %i)', async (seed) => {
  await store({ seed, buckets: 24 * 7, bucketS: 3_600, rateOf: daily })
  expect(await found()).toEqual([])
})

test.each([1, 2])('a burst and a silence of days are found (seed %i)', async (seed) => {
  const burst = 50 + createDice(seed).below(20)
  // In the middle of a day, whatever the seed.
  const silence = 24 * 5 + 10 + createDice(seed + 100).below(5)
  const rateOf = (hour: number): number =>
    hour === burst ? daily(hour) + 200 : hour === silence || hour === silence + 1 ? 0 : daily(hour)
  await store({ seed, buckets: 24 * 7, bucketS: 3_600, rateOf })
  expect([...(await found())].toSorted()).toEqual([
    `burst of others by day at ${burst} for 1`,
    `silence of others by day at ${silence} for 2`,
  ])
})

test('weeks with quiet ends are no anomalies, and a busy Sunday is', async () => {
  const sunday = 24 * 20 + 12
  const buckets = 24 * 28
  await store({ seed: 7, buckets, bucketS: 3_600, rateOf: weekly })
  expect(await found()).toEqual([])
  const rateOf = (hour: number): number => (hour === sunday ? 60 : weekly(hour))
  await store({ seed: 7, buckets, bucketS: 3_600, rateOf })
  expect(await found()).toEqual([`burst of others by week at ${sunday} for 1`])
})

test('errors are more severe, and a day that grows is a trend', async () => {
  const rateOf = (hour: number): number => (hour === 80 ? 300 : 2)
  await store({ seed: 9, buckets: 24 * 6, bucketS: 3_600, rateOf, severity: 17 })
  const { findings } = await runAnalyzer(engine.reader, 'log-anomalies')
  expect(findings).toHaveLength(1)
  expect(findings[0]?.severity).toBeGreaterThan(39)
  expect(findings[0]?.summary).toContain('errors of type "login"')
  const growing = (hour: number): number => daily(hour) * (1 + hour / 300)
  await store({ seed: 9, buckets: 24 * 14, bucketS: 3_600, rateOf: growing })
  expect(await found()).toEqual([])
})

test('hours and minutes are looked at where that is all there is', async () => {
  const rateOf = (minute: number): number => (minute >= 90 && minute < 95 ? 150 : 20)
  await store({ seed: 3, buckets: 180, bucketS: 60, rateOf })
  expect(await found()).toEqual(['burst of others by level at 90 for 5'])
  await store({ seed: 3, buckets: 100, bucketS: 300, rateOf })
  expect(await found()).toEqual(['burst of others by level at 90 for 5'])
})

test('what comes every hour is a habit', async () => {
  const rateOf = (minute: number): number => (minute % 30 === 0 ? 100 : 2)
  await store({ seed: 4, buckets: 300, bucketS: 60, rateOf })
  expect(await found()).toEqual([])
  const once = (minute: number): number => (minute === 150 ? 1_000 / 2 : rateOf(minute))
  await store({ seed: 4, buckets: 300, bucketS: 60, rateOf: once })
  expect(await found()).toEqual(['burst of others by level at 150 for 1'])
})

test('too little is said nothing of, and one record breaks nothing', async () => {
  for (const buckets of [1, 2, 15]) {
    await store({ seed: 5, buckets, bucketS: 60, rateOf: (at) => (at === 7 ? 400 : 5) })
    expect(await found()).toEqual([])
  }
  const row = { Timestamp: '2026-11-02 06:00:00', ServiceName: 'shop', EventName: 'x' }
  await engine.truncateTables()
  await engine.insertRows('otel_logs', [row])
  expect(await found()).toEqual([])
  await engine.insertRows('otel_logs', [{ ...row, Timestamp: '1971-01-01 00:00:00' }])
  expect(await found()).toEqual([])
})
