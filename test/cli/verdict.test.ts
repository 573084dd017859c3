import { describe, expect, test } from 'vitest'
import { judge, type Outcome } from 'wayward/verdict'

type Values = Parameters<typeof judge>[1]
const nothing: Outcome = { severities: [], isNotAvailable: false }
const unanswered: Outcome = { severities: [], isNotAvailable: true }

const codeOf = (values: Partial<Values>, outcome: Outcome, env: Record<string, string> = {}) =>
  judge({ env }, { failOn: undefined, na: undefined, ...values }, outcome).exitCode

describe('judge()', () => {
  test('findings count from --fail-on on', () => {
    const found: Outcome = { severities: [20, 70], isNotAvailable: false }
    expect(codeOf({ failOn: 70 }, found)).toBe(1)
    expect(codeOf({ failOn: 71 }, found)).toBe(0)
    expect(codeOf({}, found)).toBe(0)
    expect(codeOf({ failOn: 0 }, nothing)).toBe(0)
  })

  test('no answer fails in CI, where --fail-on is asked for', () => {
    expect(codeOf({ failOn: 70 }, unanswered, { CI: 'true' })).toBe(1)
    expect(codeOf({}, unanswered, { CI: 'true' })).toBe(0)
    for (const env of [{}, { CI: '' }, { CI: 'false' }, { CI: '0' }]) {
      expect(codeOf({ failOn: 70 }, unanswered, env)).toBe(0)
    }
    expect(judge({ env: { CI: '1' } }, { failOn: 1, na: undefined }, unanswered).note).toMatch(
      /--na pass/,
    )
  })

  test('--na decides, wherever', () => {
    expect(codeOf({ failOn: 70, na: 'pass' }, unanswered, { CI: 'true' })).toBe(0)
    expect(codeOf({ na: 'fail' }, unanswered)).toBe(1)
  })

  test('a question that failed is never passed over', () => {
    expect(codeOf({}, { ...nothing, hasFailed: true })).toBe(3)
    expect(codeOf({ failOn: 10 }, { ...nothing, severities: [10], hasFailed: true })).toBe(1)
  })
})
