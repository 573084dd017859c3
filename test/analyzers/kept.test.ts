// Goal: what is sent along changes no answer. Method: systems with planted troubles, asked by a
// reader that keeps rows and by one that cannot, as a whole and for a stretch.
import { analyzers, runAnalyzer } from '@wayward/analyzers'
import { shareAmong, toParameters } from '@wayward/analyzers/run'
import { keepRows, sentModules } from '@wayward/analyzers/kept'
import { anyScope } from '@wayward/analyzers/sql-modules'
import type { Reader } from '@wayward/clickhouse'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { minutes } from '../harness/simulator/duration.ts'
import { feed } from '../harness/simulator/feed.ts'
import { reportWorld } from '../harness/simulator/report.ts'
import { healthyParts } from '../harness/simulator/scenarios/healthy.ts'
import { liveProcess } from '../harness/simulator/scenarios/planted.ts'
import { createWorld, type World } from '../harness/simulator/world.ts'

let engine: TestEngine
let world: World

beforeAll(async () => {
  engine = await startTestStore()
  world = createWorld({ seed: 1043 })
  const service = liveProcess(world, 'shop')
  for (const part of Object.values(healthyParts)) part(world, service)
  world.runUntil(minutes(6))
  await feed(engine, [reportWorld(world)])
})

afterAll(async () => {
  await engine.shutdown()
})

const names = analyzers
  .map(({ name }) => name)
  .filter((name) => !/^(?:job|log|metlog|unique)/.test(name))
const files = ['lock-contention', 'blocked-by'].map(
  (name) => new URL(`../../analyzers/locks/${name}/${name}.sql`, import.meta.url),
)
const parameters = toParameters({})

test('answers with rows that are sent along are those without', { timeout: 300_000 }, async () => {
  const windows = [{ from: world.toMoment(minutes(2)), to: world.toMoment(minutes(3)) }]
  const plain: Reader = { query: (sql, given) => engine.reader.query(sql, given) }
  for (const window of windows) {
    const common = shareAmong(engine.reader, names, window)
    expect(Object.keys(await common.tables()).toSorted()).toEqual([
      'circle_edges',
      'lock_culprits',
      'lock_edges',
      'lock_holds',
      'lock_stretches',
      'lock_waits',
    ])
    for (const name of names) {
      const kept = await runAnalyzer(engine.reader, name, window, common)
      const whole = await runAnalyzer(plain, name, window)
      expect(kept.rows, name).toEqual(whole.rows)
      expect(kept.sql, name).toBe(whole.sql)
    }
  }
})

test('keepRows() keeps the columns that a question mentions, and what is made of them', async () => {
  const tables = await keepRows(engine.reader, files, parameters, anyScope)
  expect(Object.keys(tables)).toContain('lock_holds')
  const { structure = '' } = tables['lock_holds'] ?? {}
  expect(structure).toContain('`start_ns` Int64')
  expect(structure).not.toContain('`sequence`')
})

test('keepRows() keeps nothing that is refused, too large, or of a reader that cannot', async () => {
  const { reader } = engine
  expect(await keepRows({ query: () => Promise.resolve([]) }, files, parameters, anyScope)).toEqual(
    {},
  )
  const refusing: Reader = {
    query: reader.query.bind(reader),
    keep: () => Promise.reject(new Error('no')),
  }
  expect(await keepRows(refusing, files, parameters, anyScope)).toEqual({})
  const empty = { ...parameters, to: '1.000000000' }
  const nothing = await keepRows(reader, files, empty, anyScope)
  expect(Object.values(nothing).map(({ rows }) => rows)).toEqual([0, 0, 0, 0])
  expect([...sentModules(nothing)]).toEqual([])
})

test('a question whose tables are refused is asked as a whole', async () => {
  const { reader } = engine
  const narrow: Reader = {
    query: (sql, given, signal, tables = {}) =>
      Object.keys(tables).length > 0
        ? reader.query('SELECT no_such_column')
        : reader.query(sql, given, signal),
    keep: (...given) => reader.keep?.(...given) ?? Promise.resolve(undefined),
  }
  const { rows } = await runAnalyzer(narrow, 'blocked-by')
  expect(rows).toEqual((await runAnalyzer(reader, 'blocked-by')).rows)
  expect(rows.length).toBeGreaterThan(0)
})

test('a question is not asked where what it is made of is not there', async () => {
  const asked: string[] = []
  const { reader } = engine
  const spy: Reader = {
    query(sql, ...given) {
      asked.push(sql)
      return reader.query(sql, ...given)
    },
    keep: (...given) => reader.keep?.(...given) ?? Promise.resolve(undefined),
  }
  const report = await runAnalyzer(spy, 'deadlock')
  expect(report).toMatchObject({ status: 'ok', rows: [] })
  expect(report.sql).toContain('AS graph')
  expect(asked.filter((sql) => sql.includes('AS graph'))).toEqual([])
})
