import { runAnalyzer } from '@wayward/analyzers'
import { readOptionalModules, readQuestion } from '@wayward/analyzers/sql-modules'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterEach(async () => {
  await engine.truncateTables()
})

afterAll(async () => {
  await engine.shutdown()
})

const hold = {
  service: 'shop',
  session: 's',
  lock_name: 'cart',
  lock_id: 'c1',
  lock_type: 'mutex',
  lock_mode: 'exclusive',
  granted_at: '2026-11-21 06:00:00.000000000',
  hold_ns: 1_000_000_000,
  depth: 1,
  task_id: 't1',
  sequence: 7,
  trace_id: 'a',
  span_id: 'b',
}
const open = {
  service: 'shop',
  session: 's',
  kind: 'lock_hold',
  sequence: 8,
  started_at: '2026-11-21 06:00:02.000000000',
  seen_at: '2026-11-21 06:00:12.000000000',
  name: 'cart',
  subject_id: 'c1',
  lock_type: 'mutex',
  lock_mode: 'exclusive',
  task_id: 't2',
}

const lockContention = new URL(
  '../../analyzers/locks/lock-contention/lock-contention.sql',
  import.meta.url,
)

test('a question is asked without what finds nothing and what selects all', async () => {
  await engine.insertRows('wayward_lock_holds', [hold])
  const { sql, rows } = await runAnalyzer(engine.reader, 'lock-contention')
  expect(rows).toMatchObject([{ lock_name: 'cart', holds: 1, still_held: 0 }])
  for (const part of ['repeated_holds', 'repeated_waits', 'open_locks', 'AND ({service:String}']) {
    expect(sql).not.toContain(part)
  }
})

test('a question is asked with what was stored twice', async () => {
  await engine.insertRows('wayward_lock_holds', [hold, hold])
  const { sql, rows } = await runAnalyzer(engine.reader, 'lock-contention', { service: 'shop' })
  expect(rows).toMatchObject([{ lock_name: 'cart', holds: 1 }])
  expect(sql).toContain('IN repeated_holds')
  expect(sql).toContain('AND ({service:String}')
  expect(sql).not.toContain('repeated_waits')
})

test('a question is asked with what is open in the window, and only then', async () => {
  await engine.insertRows('wayward_open_operations', [open])
  const { sql, rows } = await runAnalyzer(engine.reader, 'lock-contention')
  expect(rows).toMatchObject([{ lock_name: 'cart', still_held: 1 }])
  expect(sql).toContain('FROM open_locks')
  const before = Date.UTC(2026, 10, 21, 6, 0, 1)
  const earlier = await runAnalyzer(engine.reader, 'lock-contention', {
    to: BigInt(before) * 1_000_000n,
  })
  expect(earlier.status).toBe('NA')
  expect(earlier.sql).not.toContain('open_locks')
  await engine.insertRows('wayward_open_operations', [
    {
      ...open,
      seen_at: '2026-11-21 06:00:13.000000000',
      ended_at: '2026-11-21 06:00:13.000000000',
    },
  ])
  const later = await runAnalyzer(engine.reader, 'lock-contention')
  expect(later.sql).not.toContain('open_locks')
})

test('readOptionalModules() names what a question may be asked without', async () => {
  const names = await readOptionalModules(lockContention)
  expect(names.toSorted()).toEqual([
    'open_locks',
    'repeated_holds',
    'repeated_waits',
    'thinned_holds',
  ])
})

test('readQuestion() leaves no mark of optional parts behind', async () => {
  const { sql } = await readQuestion(lockContention)
  expect(sql).toContain('IN repeated_holds')
  expect(sql).not.toMatch(/-- (?:If|End)\b/)
})

const wait = {
  service: 'shop',
  session: 's',
  lock_name: 'cart',
  lock_id: 'c1',
  lock_type: 'mutex',
  lock_mode: 'exclusive',
  requested_at: '2026-11-21 06:00:00.100000000',
  wait_ns: 900_000_000,
  result: 'granted',
  task_id: 't2',
  sequence: 9,
  trace_id: 'c',
  span_id: 'd',
}

test('who blocked whom is asked with chains where somebody waited who held a lock', async () => {
  await engine.insertRows('wayward_lock_holds', [hold])
  await engine.insertRows('wayward_lock_waits', [wait])
  const plain = await runAnalyzer(engine.reader, 'blocked-by')
  expect(plain.rows).toMatchObject([{ lock_name: 'cart', blocks: 1, chain: '' }])
  expect(plain.sql).not.toContain('links')
  const inner = { ...hold, lock_name: 'till', lock_id: 't1', task_id: 't3', sequence: 10 }
  const outer = {
    ...hold,
    task_id: 't2',
    sequence: 11,
    granted_at: '2026-11-21 06:00:01.000000000',
  }
  const nested = { ...wait, lock_name: 'till', lock_id: 't1', held: ['c1'], sequence: 12 }
  await engine.insertRows('wayward_lock_holds', [inner, outer])
  await engine.insertRows('wayward_lock_waits', [nested])
  const chained = await runAnalyzer(engine.reader, 'blocked-by')
  expect(chained.sql).toContain('links')
})

test('a lock held open by one who waits counts as a chain', async () => {
  await engine.insertRows('wayward_lock_holds', [hold])
  await engine.insertRows('wayward_lock_waits', [wait])
  await engine.insertRows('wayward_open_operations', [
    { ...open, kind: 'lock_wait', held: ['x'], sequence: 13 },
  ])
  const { sql } = await runAnalyzer(engine.reader, 'blocked-by')
  expect(sql).toContain('links')
})
