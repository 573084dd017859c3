// Goal: lock_convoys cuts the time of a lock where nobody waits. Method: a few waits.
import { readModule } from '@wayward/analyzers/sql-modules'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { toRows } from '../../harness/recording.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

afterAll(async () => {
  await engine.shutdown()
})

test('lock_convoys has a row for each stretch of four waits or more in which somebody always waited', async () => {
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
  const first = [wait(0, 30), wait(10, 40), wait(50, 20, 'timeout'), wait(60, 5), wait(60, 0)]
  const fewer = [wait(100, 5), wait(200, 5), wait(204, 5), wait(205, 7)]
  const last = [wait(300, 10), wait(301, 10), wait(302, 10), wait(303, 2)]
  const spans = [...last, ...first, ...fewer]
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
    sessions: [],
  })
  // The third begins in the moment in which the second ends: there is no break.
  expect(rows).toEqual([
    { length: 70, waited: 95, peak: 2, served: 3, gave_up: 1 },
    { length: 12, waited: 32, peak: 4, served: 4, gave_up: 0 },
  ])
})
