import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'

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

const session = (name: string, more: object = {}): object => ({
  service: 'shop',
  session: name,
  host_name: 'box',
  first_at: '2026-11-21 06:00:00',
  last_at: '2026-11-21 07:00:00',
  spans: 900,
  logs: 90,
  ...more,
})

async function troubles(window = {}): Promise<readonly string[]> {
  const { rows } = await runAnalyzer(engine.reader, 'data-quality', window)
  return rows.map(
    (row) =>
      `${String(row['trouble'])} ${String(row['affected'])}/${String(row['of_all'])} ${String(row['detail'])}`,
  )
}

test('what processes dropped, by what they had to send', async () => {
  await engine.insertRows('wayward_sessions', [session('a', { dropped: 10 }), session('b')])
  expect(await troubles()).toEqual(['dropped 10/1990 '])
  expect(await troubles({ sessions: ['b'] })).toEqual([])
  const { findings } = await runAnalyzer(engine.reader, 'data-quality')
  expect(findings[0]?.summary).toBe(
    'shop dropped 10 spans and events, 0.503 % of what it had to send',
  )
})

test('what the collector refused, for all services together', async () => {
  const entry = {
    event: 'refused',
    reason: 'too_large',
    requests: 3,
    items: 0,
    first_at: '2026-11-21 06:10:00',
    last_at: '2026-11-21 06:20:00',
  }
  const repeated = { ...entry, event: 'repeated', reason: 'stored_before' }
  await engine.insertRows('wayward_ledger', [entry, { ...entry, items: 7 }, repeated])
  await engine.insertRows('wayward_sessions', [session('a')])
  expect(await troubles()).toEqual(['refused 10/0 refused too_large'])
  expect(await troubles({ service: 'shop' })).toEqual([])
})

test('clocks that were set, and clocks of the future', async () => {
  const later = new Date(Date.now() + 3_600_000).toISOString().slice(0, 19).replace('T', ' ')
  await engine.insertRows('wayward_sessions', [
    session('set', { clock_at: '2026-11-21 06:30:00', uptime_ns: 600_000_000_000 }),
    session('ahead', { last_at: later }),
    session('right'),
  ])
  expect(await troubles()).toEqual(['clock_ahead 1/3 ahead', 'clock_set 1/3 '])
})

test('processes that cannot be told apart', async () => {
  await engine.insertRows('wayward_sessions', [session('shop@box:'), session('shop@box:7')])
  expect(await troubles()).toEqual(['no_identity 1/2 '])
})

test('a window in which nobody reported has no answer', async () => {
  await engine.insertRows('wayward_sessions', [session('a')])
  const window = { to: 1_000_000_000n }
  expect(await runAnalyzer(engine.reader, 'data-quality', window)).toMatchObject({
    status: 'NA',
    absence: 'idle',
  })
  expect(await runAnalyzer(engine.reader, 'data-quality')).toMatchObject({ status: 'ok' })
})
