// Goal: the analyzers answer the same, within 2 %, of what is thinned and of what is told one by
// one. Method: one program at given times, run both ways into one service.
import { fileURLToPath } from 'node:url'
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startTestService, type TestService, whenDrained } from '../collector/test-service.ts'
import { run } from '../sdk/program.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const rate = 5000
const seconds = 10
const operations = rate * seconds
/** Steps of two holds and a wait; all others have three holds and an item. */
const contending = operations / 1000
const tiny = 1e-9
/** When the operations are said to begin. */
const startNs = BigInt(Date.now() - 60_000) * 1_000_000n
let service: TestService
let counts: Readonly<Record<'whole' | 'thinned', Counts>>

interface Counts {
  readonly dropped: number
  readonly recorded: number
  readonly thinned: number
}

beforeAll(async () => {
  service = await startTestService()
  const report = async (name: string, detail: string): Promise<Counts> => {
    const program = fileURLToPath(new URL('../sdk/programs/thinned-app.mjs', import.meta.url))
    const { stdout, stderr } = await run([program], {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${service.addresses.otlpGrpc}`,
      OTEL_SERVICE_NAME: name,
      OTEL_BSP_MAX_QUEUE_SIZE: '1000000',
      WAYWARD_DETAIL: detail,
      TEST_RATE: String(rate),
      TEST_START_NS: String(startNs),
    })
    expect(stderr).toBe('')
    return JSON.parse(stdout) as Counts
  }
  counts = { whole: await report('whole', '*=all'), thinned: await report('thinned', '') }
  await whenDrained(service.addresses.api)
})

afterAll(() => service.shutdown())

async function rowsOf(analyzer: string, name: string): Promise<Record<string, number>[]> {
  // What is told at the real time, as orders of locks, would count as observed, too.
  const window = { from: startNs, to: startNs + BigInt(seconds) * 1_000_000_000n }
  const { rows } = await runAnalyzer(service.engine.reader, analyzer, { service: name, ...window })
  return rows as unknown as Record<string, number>[]
}

test('what is told and what others stand for adds up', () => {
  const all = (operations - contending) * 4 + contending * 3
  expect(counts.whole).toEqual({ dropped: 0, recorded: all, thinned: 0 })
  expect(counts.thinned.dropped).toBe(0)
  expect(counts.thinned.recorded + counts.thinned.thinned).toBe(all)
  expect(counts.thinned.recorded).toBeLessThan(all / 4)
})

describe('within 2 %', () => {
  test.each([
    [
      'lock-contention',
      'lock_name',
      [
        'requests',
        'holds',
        'contended',
        'hold_avg_ns',
        'hold_sum_ns',
        'utilisation',
        'wait_sum_ns',
        'waited_ns',
      ],
    ],
    ['lock-graph', 'asked', ['times', 'hold_ns']],
    ['pool-wait', 'pool', ['requests', 'checkouts', 'hold_p95_ns']],
    [
      'queue-delay',
      'queue_name',
      [
        'arrived',
        'items',
        'arrival_rate',
        'wait_sum_ns',
        'processing_sum_ns',
        'utilisation',
        'load',
        'length_mean',
        'wait_share',
        'wait_p50_ns',
        'processing_p95_ns',
      ],
    ],
  ])('%s', async (analyzer, key, columns) => {
    const [whole, thinned] = await Promise.all([
      rowsOf(analyzer, 'whole'),
      rowsOf(analyzer, 'thinned'),
    ])
    const names = (rows: typeof whole) => new Set(rows.map((row) => row[key]))
    expect(whole.length).toBeGreaterThan(0)
    expect(names(thinned)).toEqual(names(whole))
    for (const row of whole) {
      const other = thinned.find((one) => one[key] === row[key])
      for (const column of columns) {
        // What is none is none in both.
        const ratio = (Number(other?.[column]) + tiny) / (Number(row[column]) + tiny)
        expect(ratio, `${row[key]} ${column}`).toBeGreaterThan(0.98)
        expect(ratio, `${row[key]} ${column}`).toBeLessThan(1.02)
      }
    }
  })
})

test('what waited and what made it wait is all there', async () => {
  const [whole, thinned] = await Promise.all([
    rowsOf('blocked-by', 'whole'),
    rowsOf('blocked-by', 'thinned'),
  ])
  expect(whole.map(({ blocks }) => Number(blocks))).toEqual([contending])
  const { lock_name, blocked_ns, known_share, blocks, victims, longest_ns, hold_ns } =
    whole[0] ?? {}
  expect(thinned).toMatchObject([
    { lock_name, blocked_ns, known_share, blocks, victims, longest_ns, hold_ns },
  ])
})
