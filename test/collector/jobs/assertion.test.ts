import { brokenOf, readAssertion } from '@wayward/collector/jobs/assertion'
import type { EndedRun } from '@wayward/collector/jobs/job-state'
import { describe, expect, test } from 'vitest'

function run(seconds: number, more: Partial<EndedRun> = {}): EndedRun {
  const startMs = 1_000_000
  const endMs = startMs + seconds * 1_000
  return { id: 'r', startMs, endMs, result: 'success', source: 'api', ...more }
}

const tens = Array.from({ length: 20 }, (_, index) => run(index + 1))

describe('readAssertion()', () => {
  test.each([
    ['runTime < 30 s', run(29), [], true],
    ['runTime < 30 s', run(30), [], false],
    ['runTime <= 0.5 min', run(30), [], true],
    ['runTime p95 < 19 s', run(1), tens, false],
    ['runTime p95 <= 19 s', run(1), tens, true],
    ['runTime median = 10 s of 20', run(1), tens, true],
    ['runTime median = 18 s of 5', run(1), tens, true],
    ['runTime max < 20 s', run(1), tens, false],
    ['runTime min >= 1 s', run(1), tens, true],
    ['runTime mean != 10.5 s', run(1), tens, false],
    ['lateness < 5 s', run(1, { dueMs: 990_000 }), [], false],
    ['exitCode = 0', run(1, { exitCode: 3 }), [], false],
    ['metric.rows > 0', run(1, { metrics: { rows: 0 } }), [], false],
    ['metric.rows.total >= 7', run(1, { metrics: { 'rows.total': 7 } }), [], true],
  ] as const)('%s', (text, last, past, wanted) => {
    expect(readAssertion(text)?.holds([...past], last)).toBe(wanted)
  })

  test('a rate is of the last runs', () => {
    const past = [...tens.slice(0, 18), run(1, { result: 'failure' }), run(1, { result: 'lost' })]
    expect(readAssertion('failureRate <= 10 % of 20')?.holds(past, run(1))).toBe(true)
    expect(readAssertion('failureRate < 10 % of 20')?.holds(past, run(1))).toBe(false)
    expect(readAssertion('failureRate < 10 % of 10')?.holds(past, run(1))).toBe(false)
  })

  test('what cannot be said yet is not broken', () => {
    expect(readAssertion('metric.rows > 0')?.holds([], run(1))).toBeUndefined()
    expect(readAssertion('lateness < 5 s')?.holds([], run(1))).toBeUndefined()
    expect(readAssertion('runTime p95 < 1 ms')?.holds(tens.slice(0, 4), run(1))).toBeUndefined()
    expect(brokenOf(['metric.rows > 0', 'runTime < 1 s'], [], run(2))).toEqual(['runTime < 1 s'])
  })

  test.each([
    'runTime',
    'runTime < 5',
    'runTime < 5 %',
    'failureRate < 10',
    'metric.rows p95 > 0',
    'metric.rows > 0 s',
    'exitCode = 0 of 5',
    'runTime p95 < 5 s of 21',
    'rows > 0',
    'runTime < 5 s; DROP TABLE x',
  ])('%s is none', (text) => {
    expect(readAssertion(text)).toBeUndefined()
  })
})
