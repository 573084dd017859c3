// Goal: the summary says what was sent. Method: random messages, counted and timed once more by
// plain loops over them.
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'
import { type RecordedMessage, toMessageRows } from '../../../harness/messages.ts'
import { createDice } from '../../../harness/simulator/dice.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})
beforeEach(async () => {
  await engine.truncateTables()
})
afterAll(async () => {
  await engine.shutdown()
})

async function store(messages: readonly RecordedMessage[]): Promise<void> {
  for (const [table, rows] of Object.entries(toMessageRows(messages))) {
    await engine.insertRows(table, rows)
  }
}

type Row = Readonly<Record<string, unknown>>

async function summary(window = {}): Promise<ReadonlyMap<string, Row>> {
  const { rows } = await runAnalyzer(engine.reader, 'metlog-summary', window)
  return new Map(
    rows.map((row) => [
      `${String(row['service'])} ${String(row['what'])} ${String(row['name'])}`,
      row,
    ]),
  )
}

const loggers = ['shop', 'pay', "o'neill"]
const rates = [1, 0.5, 0.1]

function draw(seed: number): readonly RecordedMessage[] {
  const dice = createDice(seed)
  const one = <T>(of: readonly T[]): T => of[dice.below(of.length)] as T
  return Array.from({ length: 3_000 }, (): RecordedMessage => {
    const type = one(['counter', 'timer', 'gauge', 'login', 'oldstyle', 'metlog.drops'])
    const at = dice.below(3_600_000)
    const logger = one(loggers)
    if (type === 'counter') {
      const fields = { name: one(['hits', 'orders']), rate: one(rates), tag: one(['a', 'b']) }
      return { type, at, logger, payload: String(dice.below(5)), fields }
    }
    if (type === 'timer') {
      const payload = String(Math.round(10 ** (dice.below(4_000) / 1_000)))
      return { type, at, logger, payload, fields: { name: one(['db', 'web']) } }
    }
    if (type === 'gauge') {
      return { type, at, logger, payload: String(dice.below(100)), fields: { name: 'load' } }
    }
    if (type === 'metlog.drops') {
      return { type, at, logger, severity: 4, payload: String(1 + dice.below(9)), fields: {} }
    }
    return { type, at, logger, severity: dice.below(8), payload: 'a text' }
  })
}

function sum(values: readonly number[]): number {
  return values.reduce((one, other) => one + other, 0)
}

test.each([1, 2, 3])('metlog-summary counts what was sent (seed %i)', async (seed) => {
  const messages = draw(seed)
  await store(messages)
  const rows = await summary()
  let checked = 0
  for (const logger of loggers) {
    const own = messages.filter((one) => one.logger === logger)
    const times = own.map(({ at }) => at)
    const seconds = (Math.max(...times) - Math.min(...times)) / 1_000
    const check = (key: string, wanted: Row & { readonly items: number }): void => {
      const row = rows.get(`${logger} ${key}`)
      expect(row, key).toMatchObject({ ...wanted, items: expect.closeTo(wanted.items, 6) })
      expect(row?.['rate'], key).toBeCloseTo(wanted.items / seconds, 6)
      checked++
    }
    for (const name of ['hits', 'orders']) {
      const counts = own.filter(
        ({ fields, type }) => type === 'counter' && fields?.['name'] === name,
      )
      const items = sum(counts.map((one) => Number(one.payload) / Number(one.fields?.['rate'])))
      check(`counter ${name}`, { items, errors: 0, severity: 0 })
    }
    for (const name of ['db', 'web']) {
      const timed = own
        .filter(({ fields, type }) => type === 'timer' && fields?.['name'] === name)
        .map(({ payload }) => Number(payload))
        .toSorted((a, b) => a - b)
      const mean = Math.round((1e6 * sum(timed)) / timed.length)
      check(`timer ${name}`, {
        items: timed.length,
        mean_ns: mean,
        max_ns: 1e6 * Math.max(...timed),
      })
      const row = rows.get(`${logger} timer ${name}`)
      for (const [q, column] of [
        [0.5, 'p50_ns'],
        [0.95, 'p95_ns'],
        [0.99, 'p99_ns'],
      ] as const) {
        // Buckets are at most a quarter wide above 4 ms, and a millisecond below.
        const exact = timed[Math.ceil(q * timed.length) - 1] ?? Number.NaN
        const off = Math.abs(Number(row?.[column]) / 1e6 - exact)
        expect(off, `${column} of ${name}: ${exact}`).toBeLessThanOrEqual(Math.max(1, exact * 0.34))
      }
    }
    for (const [type, name] of [
      ['login', 'login'],
      ['oldstyle', 'text'],
    ] as const) {
      const said = own.filter((one) => one.type === type)
      const errors = said.filter(({ severity = 6 }) => severity <= 3).length
      const share = expect.closeTo(errors / said.length, 9)
      check(`messages ${name}`, { items: said.length, errors, errors_fraction: share })
    }
    const drops = own.filter(({ type }) => type === 'metlog.drops')
    check('drops ', { items: sum(drops.map(({ payload }) => Number(payload))), errors: 0 })
    const gauges = own.filter(({ type }) => type === 'gauge').toSorted((a, b) => a.at - b.at)
    check('gauge load', { items: gauges.length, last_value: Number(gauges.at(-1)?.payload) })
  }
  expect(rows.size).toBe(checked)
})

test('metlog-summary takes a service and a session, and leaves out what is not of messages', async () => {
  await store([
    { type: 'login', at: 0 },
    { type: 'login', at: 0, logger: 'pay' },
  ])
  const other = { Timestamp: '2026-11-21 06:00:00', ServiceName: 'shop', EventName: 'other' }
  await engine.insertRows('otel_logs', [other])
  expect([...(await summary()).keys()]).toEqual(['pay messages login', 'shop messages login'])
  expect([...(await summary({ service: 'pay' })).keys()]).toEqual(['pay messages login'])
  expect((await summary({ sessions: ['shop@box:42'] })).size).toBe(1)
  expect((await summary({ sessions: ['shop@box:43'] })).size).toBe(0)
})

test('metlog-summary says NA where there were no messages, and why', async () => {
  const ask = async (window = {}) =>
    (await runAnalyzer(engine.reader, 'metlog-summary', window)).absence
  expect(await ask()).toBe('nothing_reported')
  const row = { Timestamp: '2026-11-21 06:00:00', ServiceName: 'shop', EventName: 'other' }
  await engine.insertRows('otel_logs', [row])
  expect(await ask()).toBe('never_instrumented')
  await store([{ type: 'counter', at: 0, payload: '1', fields: { name: 'hits' } }])
  expect(await ask({ to: 1_000n })).toBe('idle')
  expect(await ask()).toBeUndefined()
})
