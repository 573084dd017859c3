// Goal: every acknowledged span, log and point is stored exactly once, whatever is killed when.
// Method: the short form of `npm run test:crash`, which has all scenarios and at least 100 kills; a
// failing seed is printed and can be replayed with `npm run test:crash -- --seed <seed>`.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LoadReport } from './load.ts'
import { sayResult } from './report.ts'
import type { RunResult, Scenario } from './run.ts'
import { lyingServer } from './scenarios/bad-server.ts'
import { killsScenario } from './scenarios/kills.ts'
import { canFindEngine } from './supervisor.ts'
import { judge, type StoredItems } from './verdict.ts'

const kills = 6
const seeds = 1_000_000
const runMsMax = 120_000

if (!canFindEngine()) console.log('Skipped: no /proc tells which process is the engine')

async function runShort(scenario: Scenario, seed: number): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'wayward-crash-test-'))
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  const result = await scenario.run({
    seed,
    dataDir,
    logPath: join(folder, 'service.log'),
    loadProcesses: 1,
    clientsPerProcess: 10,
    pauseMsMax: 100,
    isShort: true,
    say: () => undefined,
  })
  rmSync(folder, { recursive: true, force: true })
  return result
}

describe.skipIf(!canFindEngine())('under load', () => {
  test(
    `after ${kills} kills everything acknowledged is stored exactly once`,
    async () => {
      const seed = Math.floor(Math.random() * seeds)
      const result = await runShort(killsScenario(kills), seed)
      expect(result.verdict.acknowledged).toBeGreaterThan(0)
      const { lines, isGood } = sayResult(result)
      expect(isGood, [`seed ${seed}`, ...lines].join('\n')).toBe(true)
    },
    runMsMax,
  )

  test(
    'a store that lies is noticed: it loses inserts and does others twice',
    async () => {
      const { verdict } = await runShort(lyingServer, 1)
      const kinds = new Set(verdict.faults.map(({ kind }) => kind))
      expect(kinds).toEqual(new Set(['lost', 'doubled']))
    },
    runMsMax,
  )
})

describe('judge()', () => {
  const report = (status: 'acknowledged' | 'unacknowledged' | 'refused'): LoadReport => ({
    client: 'test',
    request: { number: 7, signal: 'logs', firstItem: 11, items: 3, isLockHolds: false },
    result: { status, attempts: [] },
  })
  const whole: StoredItems = { request: 7, rows: 3, items: 3, first: 11, last: 13, mixed: 0 }
  const kindsOf = (reports: LoadReport[], stored: readonly StoredItems[]): string[] =>
    judge(reports, new Map([['otel_logs', stored]])).faults.map(({ kind }) => kind)

  test('finds nothing wrong with exactly once, and with nothing or all of an unacknowledged request', () => {
    expect(kindsOf([report('acknowledged')], [whole])).toEqual([])
    expect(kindsOf([report('unacknowledged')], [whole])).toEqual([])
    expect(kindsOf([report('unacknowledged')], [])).toEqual([])
  })

  test('finds what is lost, doubled, mixed up, of no request, or refused for good', () => {
    expect(kindsOf([report('acknowledged')], [])).toEqual(['lost'])
    expect(kindsOf([report('acknowledged')], [{ ...whole, rows: 2, items: 2 }])).toEqual(['lost'])
    expect(kindsOf([report('unacknowledged')], [{ ...whole, rows: 4 }])).toEqual(['doubled'])
    expect(kindsOf([report('acknowledged')], [{ ...whole, mixed: 1 }])).toEqual(['mixed'])
    expect(kindsOf([report('acknowledged')], [{ ...whole, last: 14 }])).toEqual(['foreign'])
    expect(kindsOf([], [whole])).toEqual(['foreign'])
    expect(kindsOf([report('refused')], [])).toEqual(['refused'])
  })
})
