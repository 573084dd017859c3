// Goal: lock_convoys cuts the time of a lock where nobody waits. Method: a few waits.
import { readModule } from '@wayward/analyzers/sql-modules'
import { migrate } from '@wayward/clickhouse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'
import { toRows } from '../../harness/recording.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestEngine()
  await migrate(engine.writer)
})

afterAll(async () => {
  await engine.shutdown()
})

test('lock_convoys has a row for each stretch in which somebody always waited', async () => {
  let sequence = 0
  const wait = (at: number, length: number, result = 'granted') => ({
    kind: 'lock_wait',
    at,
    for: length,
    sequence: ++sequence,
    attributes: {
      'wayward.lock.name': 'l',
      'wayward.lock.id': 'l1',
      'wayward.lock.wait.result': result,
      'wayward.task.id': `t${sequence}`,
    },
  })
  const spans = [wait(0, 30), wait(10, 40), wait(50, 20, 'timeout'), wait(100, 5), wait(60, 0)]
  const resource = { 'service.name': 'shop', 'wayward.session.id': 's1' }
  await engine.insertRows('otel_traces', toRows([{ resource, spans }]).traces)
  const sql = (await readModule('lock_convoys')).replace(
    "SELECT COLUMNS('.*')",
    `SELECT toUInt32(length_ns / 1e6) AS length, wait_ns / 1e6 AS waited, toUInt32(peak) AS peak,
      toUInt32(served) AS served, toUInt32(gave_up) AS gave_up`,
  )
  const rows = await engine.reader.query(`${sql} ORDER BY start_ns`, {
    from: '0000000000.0',
    to: '9223372036.0',
    service: '',
    session: '',
  })
  // The third begins in the moment in which the second ends: there is no break.
  expect(rows).toEqual([
    { length: 70, waited: 90, peak: 2, served: 2, gave_up: 1 },
    { length: 5, waited: 5, peak: 1, served: 1, gave_up: 0 },
  ])
})
