import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readKept, toForm } from '@wayward/clickhouse/kept-rows'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
  await engine.writer.createDatabase()
})
afterAll(() => engine.shutdown())

const limits = { rowsMax: 1000, bytesMax: 100_000 }

describe('kept rows', () => {
  test('are a table of the next query, of any types', async () => {
    const { reader } = engine
    const kept = await reader.keep?.(
      `SELECT number AS n, toLowCardinality(toString(number % 3)) AS name, [number, 7] AS list,
         (number, 'it''s') AS pair, toDateTime64(number, 9, 'UTC') AS at, number % 2 = 0 AS \`is even\`
       FROM numbers({count:UInt32}) ORDER BY number`,
      limits,
      { count: 100 },
    )
    if (kept === undefined) throw new Error('nothing was kept')
    expect(kept.rows).toBe(100)
    const sql = `SELECT sum(n) AS total, uniqExact(name) AS names, max(list[1]) AS most, any(pair.2) AS text,
        max(at) AS latest, sum(\`is even\`) AS even FROM things WHERE n < {below:UInt32}`
    const rows = await reader.query(sql, { below: 50 }, undefined, { things: kept })
    expect(rows).toEqual([
      {
        total: '1225',
        names: '3',
        most: '49',
        text: "it's",
        latest: '1970-01-01 00:00:49.000000000',
        even: '25',
      },
    ])
    const twice = await reader.keep?.('SELECT n + 1 AS m FROM things', limits, {}, undefined, {
      things: kept,
    })
    expect(twice).toMatchObject({ rows: 100, structure: '`m` UInt64' })
    await expect(reader.query('SELECT 1 FROM things')).rejects.toThrow('things')
  })

  test('are not kept where they are more than wanted', async () => {
    const { reader } = engine
    expect(await reader.keep?.('SELECT number FROM numbers(1001)', limits)).toBeUndefined()
    expect(await reader.keep?.("SELECT repeat('a', 200000) AS a", limits)).toBeUndefined()
    expect(await reader.keep?.('SELECT number FROM numbers(1000)', limits)).toMatchObject({
      rows: 1000,
    })
    expect(await reader.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  test('of states of aggregates, and of what is no query, cannot be kept', async () => {
    const { reader } = engine
    await expect(reader.keep?.('SELECT uniqState(1) AS u', limits)).rejects.toThrow(
      'AggregateFunction',
    )
    await expect(reader.keep?.('SELEC 1', limits)).rejects.toThrow('Syntax error')
  })

  test('an error of a query with tables says what is wrong', async () => {
    const kept = await engine.reader.keep?.('SELECT 1 AS a', limits)
    if (kept === undefined) throw new Error('nothing was kept')
    const asked = engine.reader.query('SELECT b FROM one', {}, undefined, { one: kept })
    await expect(asked).rejects.toThrow('UNKNOWN_IDENTIFIER')
  })
})

test('readKept() refuses bytes that end early', async () => {
  const kept = await engine.reader.keep?.("SELECT 'some text' AS a", limits)
  if (kept === undefined) throw new Error('nothing was kept')
  for (let length = 1; length < kept.bytes.length; length++) {
    expect(() => readKept(kept.bytes.subarray(0, length))).toThrow()
  }
})

test('toForm() has nothing to send where there are no tables', () => {
  expect(toForm({})).toMatchObject({ body: [], settings: {} })
})
