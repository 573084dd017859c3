import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../../harness/engine.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

/** Pairs of tasks that each hold a lock, and give up the other's after a second. */
async function insertPairs(count: number): Promise<void> {
  await engine.truncateTables()
  const lock = (side: string): string =>
    `concat('lock', toString(${side})) AS lock_name, concat(toString(intDiv(number, 2)), lock_name) AS lock_id, 'mutex', 'exclusive'`
  const columns = 'service, session, lock_name, lock_id, lock_type, lock_mode'
  await engine.writer.command(
    `INSERT INTO wayward_lock_holds (${columns}, granted_at, hold_ns, depth, task_id, sequence)
     SELECT 'shop', 's', ${lock('number % 2')}, toDateTime64('2026-11-21 06:00:00', 9, 'UTC'), 2000000000, 1, toString(number),
       number * 2 + 1
     FROM numbers(${count * 2})`,
  )
  await engine.writer.command(
    `INSERT INTO wayward_lock_waits (${columns}, requested_at, wait_ns, result, task_id, sequence)
     SELECT 'shop', 's', ${lock('1 - number % 2')}, toDateTime64('2026-11-21 06:00:00.500', 9, 'UTC'), 1000000000, 'timeout',
       toString(number), number * 2 + 2
     FROM numbers(${count * 2})`,
  )
}

test('all circles are counted where there are not too many waits', async () => {
  await insertPairs(5000)
  const { rows, findings } = await runAnalyzer(engine.reader, 'deadlock')
  expect(rows).toMatchObject([{ state: 'resolved', occurrences: 5000, left_out: 0 }])
  expect(findings).toHaveLength(1)
})

test('that waits were not looked at is told', async () => {
  await insertPairs(5010)
  const { rows, findings } = await runAnalyzer(engine.reader, 'deadlock')
  expect(rows).toMatchObject([{ state: 'resolved' }, { state: 'unknown', left_out: 20 }])
  expect(rows[0]?.['occurrences']).toBeLessThanOrEqual(5000)
  expect(findings[1]).toMatchObject({
    severity: 20,
    summary:
      'Circles of waits may be missing: 20 waits of one task for another could not be looked at',
    solution: 'Ask about a shorter time, one service or one session.',
  })
})
