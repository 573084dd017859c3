import { expect, test } from 'vitest'
import { objectionTo } from '@wayward/clickhouse/engine/statement-judge'

const objection = (formatted: string): string | undefined =>
  objectionTo(formatted, new Map(), false)?.what

test('a clause of settings holds up to the end of its brackets, and for none around them', () => {
  expect(objection('SELECT a = 1, b = 2 FROM t')).toBeUndefined()
  expect(objection('SELECT 1 SETTINGS extremes = 1, readonly = 0')).toBe('readonly')
  expect(objection('SELECT (SELECT 1 SETTINGS extremes = 1), readonly = 0')).toBeUndefined()
  expect(objection('SELECT (SELECT 1 SETTINGS extremes = f(1, readonly = 0))')).toBeUndefined()
  expect(objection('SELECT (SELECT 1 SETTINGS extremes = f(1), a.b = 0)')).toBe('a.b')
  expect(objection('SELECT 1 SETTINGS extremes = 1, `readonly` = 0')).toBe('readonly')
})

test('many clauses are read once', () => {
  const start = performance.now()
  expect(objection(`SELECT settings${', settings'.repeat(150_000)} FROM t`)).toBeUndefined()
  // Read from each of them to the end it was a minute; the machine may be busy.
  expect(performance.now() - start).toBeLessThan(20_000)
}, 120_000)
