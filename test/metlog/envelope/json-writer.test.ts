// Goal: the quick writer says what `JSON.stringify` says, or leaves it to it. Method: random
// messages, also with what a filter may put into them.
import type { MetlogMessage } from '@wayward/metlog'
import { createJsonWriter } from '@wayward/metlog/envelope/json-writer'
import { expect, test } from 'vitest'
import { createDice } from '../../harness/simulator/dice.ts'

const texts = [
  '',
  'hits',
  'a "quote"',
  'back\\slash',
  'line\nend',
  'é',
  '😀',
  '\ud800',
  '\u0000',
  '\u007f',
  'x'.repeat(300),
]
const values: readonly unknown[] = [
  ...texts,
  0,
  -0,
  1.5,
  1e21,
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  true,
  false,
  null,
  undefined,
  () => 1,
  Symbol('s'),
  [1, 'two', undefined],
  { deep: { er: [null] } },
  new Date(0),
  { toJSON: () => 'own' },
]

test('writes what JSON.stringify writes, in the same order', () => {
  const write = createJsonWriter()
  const dice = createDice(5)
  const one = <T>(of: readonly T[]): T => of[dice.below(of.length)] as T
  let quick = 0
  for (let round = 0; round < 20_000; round++) {
    const fields = Object.fromEntries(
      Array.from({ length: dice.below(5) }, () => [one(texts), one(values)]),
    )
    const message: MetlogMessage = {
      env_version: '0.8',
      timestamp: `2026-11-21T01:13:29.${dice.below(1_000_000)}Z`,
      type: one(texts),
      logger: one(texts),
      severity: dice.below(8),
      payload: one([...texts, 7, Number.NaN]),
      fields,
      metlog_pid: dice.below(100_000),
      metlog_hostname: one(texts),
    }
    if (dice.below(4) === 0) message.uuid = one(texts)
    const text = write(message)
    if (text === undefined) continue
    quick++
    expect(text).toBe(JSON.stringify(message))
  }
  expect(quick).toBe(20_000)
})

test('writes counters, whose fields it keeps, as all others', () => {
  const write = createJsonWriter()
  const dice = createDice(6)
  for (let round = 0; round < 3_000; round++) {
    const name = texts[dice.below(texts.length)]
    const rate = [1, 0.5, '1'][dice.below(3)]
    const fields = dice.below(2) === 0 ? { name, rate } : { rate, name }
    const message = { ...base, type: 'counter', severity: dice.below(2), metlog_pid: dice.below(2) }
    expect(write({ ...message, fields })).toBe(JSON.stringify({ ...message, fields }))
  }
})

test('leaves to JSON.stringify what is unusual', () => {
  const write = createJsonWriter()
  const message: MetlogMessage = {
    env_version: '0.8',
    timestamp: '',
    type: 'a',
    logger: '',
    severity: 6,
    payload: '',
    fields: {},
    metlog_pid: 1,
    metlog_hostname: '',
  }
  expect(write(message)).toBe(JSON.stringify(message))
  const unusual: readonly object[] = [
    { extra: 1 },
    { type: 7 },
    { severity: '6' },
    { severity: Number.NaN },
    { payload: undefined },
    { fields: null },
    { fields: ['a'] },
    { fields: { toJSON: () => ({}) } },
    { timestamp: undefined },
  ]
  for (const more of unusual) {
    const other = { ...message, ...more }
    expect(write(other), JSON.stringify(more)).toBeUndefined()
  }
  // A bigint among the fields throws as there; whoever asks writes it in the slow way.
  expect(() => write({ ...message, fields: { big: 1n } })).toThrow(TypeError)
})

test('keeps no more texts than it may', () => {
  const write = createJsonWriter()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < 200_000; index++) {
    const fields = { [`key ${index}`]: `value ${index}` }
    const message = { ...base, type: `type ${index}`, fields }
    expect(write(message)?.length).toBeGreaterThan(10)
  }
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 2 ** 20)
})

const base: MetlogMessage = {
  env_version: '0.8',
  timestamp: '2026-11-21T01:13:29.548314Z',
  type: 'a',
  logger: 'shop',
  severity: 6,
  payload: '',
  fields: {},
  metlog_pid: 1,
  metlog_hostname: 'h',
}
