// Goal: lock_edges says which lock was asked for while which was held. Method: a few spans.
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

test('lock_edges has each pair once, with what was held besides each time', async () => {
  let sequence = 0
  const use = (kind: string, name: string, held: readonly string[], result = 'granted') => ({
    kind,
    at: 10 * ++sequence,
    for: 5,
    sequence,
    attributes: {
      'wayward.lock.name': name,
      'wayward.lock.id': name,
      'wayward.lock.mode': 'exclusive',
      'wayward.lock.wait.result': result,
      'wayward.lock.held': JSON.stringify(held),
      'wayward.task.id': `t${sequence}`,
    },
  })
  const spans = [
    use('lock_hold', 'a', []),
    use('lock_hold', 'gate', []),
    use('lock_hold', 'b', ['gate', 'a']),
    use('lock_wait', 'b', ['a', 'gate'], 'timeout'),
    // Granted: its hold tells it.
    use('lock_wait', 'b', ['a']),
    // Of a lock that nobody else tells about nothing is known.
    use('lock_hold', 'c', ['a', 'nobody']),
  ]
  const resource = { 'service.name': 'shop', 'wayward.session.id': 's1' }
  await engine.insertRows('otel_traces', toRows([{ resource, spans }]).traces)
  const sql = (await readModule('lock_edges')).replace(
    "SELECT COLUMNS('.*')",
    'SELECT from_name, to_name, toUInt32(times) AS times, length(actors) AS tasks, gates',
  )
  const rows = await engine.reader.query(`${sql} ORDER BY from_name, to_name`, {
    from: '0000000000.0',
    to: '9223372036.0',
    service: '',
    sessions: [],
  })
  expect(rows).toEqual([
    { from_name: 'a', to_name: 'b', times: 2, tasks: '2', gates: ['gate'] },
    { from_name: 'a', to_name: 'c', times: 1, tasks: '1', gates: ['nobody'] },
    { from_name: 'gate', to_name: 'b', times: 2, tasks: '2', gates: ['a'] },
  ])
})
