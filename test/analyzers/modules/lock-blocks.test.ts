// Goal: who blocked whom, and how the waiting is shared among holders. Method: a few spans, and the
// rows that the modules give for a window.
import { runAnalyzer } from '@wayward/analyzers'
import { readModule } from '@wayward/analyzers/sql-modules'
import { type Reader, StoreError } from '@wayward/clickhouse'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { toRows } from '../../harness/recording.ts'

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

const parameters = { from: '0000000000.0', to: '9223372036.0', service: '', sessions: [] }

let sequence = 0

function use(kind: string, task: string, at: number, length: number, type = 'mutex') {
  const attributes = {
    'wayward.lock.name': 'l',
    'wayward.lock.id': 'l1',
    'wayward.lock.type': type,
    'wayward.lock.wait.result': 'granted',
    'wayward.task.id': task,
    'wayward.task.name': task,
  }
  return { kind, at, for: length, sequence: ++sequence, attributes }
}

async function report(spans: readonly ReturnType<typeof use>[]): Promise<void> {
  const resource = { 'service.name': 'shop', 'wayward.session.id': 's1' }
  await engine.insertRows('otel_traces', toRows([{ resource, spans }]).traces)
}

test('lock_blocks splits a wait over successive holders', async () => {
  await report([
    use('lock_hold', 'a', 0, 40),
    use('lock_hold', 'b', 40, 30),
    use('lock_hold', 'c', 200, 30),
    use('lock_wait', 'd', 10, 60),
  ])
  const sql = (await readModule('lock_blocks')).replace(
    "SELECT COLUMNS('.*')",
    `SELECT transform(holder, [cityHash64('a'), cityHash64('b')], ['a', 'b'], '') AS name,
       waiter = cityHash64('d') AS is_d,
      till_ns - from_ns AS ns`,
  )
  expect(await engine.reader.query(`${sql} ORDER BY name`, parameters)).toEqual([
    { name: 'a', is_d: 1, ns: '30000000' },
    { name: 'b', is_d: 1, ns: '30000000' },
  ])
})

test('lock_charges shares a wait among those who hold the lock at once', async () => {
  await report([
    use('lock_hold', 'a', 0, 40, 'semaphore'),
    use('lock_hold', 'b', 20, 40, 'semaphore'),
    use('lock_wait', 'c', 0, 60, 'semaphore'),
  ])
  const sql = (await readModule('lock_charges')).replace(
    "SELECT COLUMNS('.*')",
    `SELECT transform(holder, [cityHash64('a'), cityHash64('b')], ['a', 'b'], '') AS name, blocked_ns,
      toUInt32(blocks) AS blocks, arrayMap(number -> transform(number, [cityHash64('c')], ['c'], ''), by_waiter.1) AS waiters`,
  )
  expect(await engine.reader.query(`${sql} ORDER BY name`, parameters)).toEqual([
    { name: 'a', blocked_ns: 30e6, blocks: 1, waiters: ['c'] },
    { name: 'b', blocked_ns: 30e6, blocks: 1, waiters: ['c'] },
  ])
})

test('as_durations tells the largest of a map', async () => {
  const sql = (await readModule('as_durations')).replace(
    /SELECT COLUMNS.*$/,
    "SELECT as_durations(map('a', 1e6, 'b', 25e5, 'c', 3, 'd', 4, 'e', 5)) AS text",
  )
  expect(await engine.reader.query(sql)).toEqual([{ text: 'b 2.5 ms, a 1 ms, e 0 ms, d 0 ms' }])
})

test('actor_name takes tasks without a name together', async () => {
  const sql = (await readModule('actor_name')).replace(
    /SELECT COLUMNS.*$/,
    `SELECT actor_name('flush', 't1', 'main') AS named, actor_name('', 't1', 'main') AS unnamed,
      actor_name('', '', 'main') AS thread, actor_name('', 't1', '') AS task`,
  )
  expect(await engine.reader.query(sql)).toEqual([
    { named: 'flush', unnamed: 'unnamed tasks of thread main', thread: 'main', task: 't1' },
  ])
})

test('blocked-by is asked in a way that takes less memory where there is not enough', async () => {
  await report([
    use('lock_hold', 'a', 0, 40),
    use('lock_hold', 'b', 40, 30),
    use('lock_wait', 'c', 10, 60),
    use('lock_wait', 'd', 20, 45),
  ])
  const usual = await runAnalyzer(engine.reader, 'blocked-by')
  expect(usual.rows).toHaveLength(2)
  let refused = 0
  const small: Reader = {
    query: async (sql, parameters) => {
      if (sql.includes('lock_charges') && !sql.includes('lock_heavy_holders')) {
        refused++
        const clickhouse = { code: 241, type: 'MEMORY_LIMIT_EXCEEDED' }
        throw new StoreError('query', 'Too much', { cause: undefined, clickhouse })
      }
      return await engine.reader.query(sql, parameters)
    },
  }
  expect((await runAnalyzer(small, 'blocked-by')).rows).toEqual(usual.rows)
  expect(refused).toBe(1)
})
