import { execFile, spawnSync } from 'node:child_process'
import { promisify } from 'node:util'
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEngine, startEngine, tokenText } from './running-engine.ts'

const run = promisify(execFile)

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine()
  await engine.write('CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a')
})
afterAll(() => engine.close())

/** Says why a test does not run here. */
function has(command: string, parameters: readonly string[], what: string): boolean {
  const isThere = spawnSync(command, parameters).status === 0
  if (!isThere) console.warn(`Skipped: ${what} is not installed`)
  return isThere
}

describe('@clickhouse/client', () => {
  let reader: ClickHouseClient
  let writer: ClickHouseClient
  beforeAll(() => {
    reader = createClient({ url: engine.url, log: { level: ClickHouseLogLevel.OFF } })
    writer = createClient({ url: engine.url, username: 'wayward_writer', password: tokenText })
  })
  afterAll(() => Promise.all([reader.close(), writer.close()]))

  test('pings in both ways', async () => {
    expect(await reader.ping()).toEqual({ success: true })
    expect(await reader.ping({ select: true })).toEqual({ success: true })
  })

  test('queries with parameters and settings, in JSON and CSV', async () => {
    const asked = {
      query: 'SELECT {a: UInt64} AS a, {b: Array(String)} AS b, {c: String} AS c',
      query_params: { a: '18446744073709551615', b: ["it's", 'x'], c: 'a\tb\\n' },
      clickhouse_settings: { output_format_json_quote_64bit_integers: 1 as const },
    }
    const json = await reader.query({ ...asked, format: 'JSONEachRow' })
    expect(await json.json()).toEqual([
      { a: '18446744073709551615', b: ["it's", 'x'], c: 'a\tb\\n' },
    ])
    const csv = await reader.query({ query: `SELECT 1, 'x'`, format: 'CSV' })
    expect(await csv.text()).toBe('1,"x"\n')
  })

  test('streams rows', async () => {
    const result = await reader.query({
      query: 'SELECT number FROM numbers(100000)',
      format: 'JSONEachRow',
    })
    let count = 0
    for await (const rows of result.stream()) count += rows.length
    expect(count).toBe(100_000)
  })

  test('compresses both ways', async () => {
    const client = createClient({
      url: engine.url,
      username: 'wayward_writer',
      password: tokenText,
      compression: { request: true, response: true },
    })
    await client.insert({ table: 't', values: [{ a: 1, b: 'zipped' }], format: 'JSONEachRow' })
    const result = await client.query({ query: `SELECT b FROM t WHERE b = 'zipped'` })
    expect((await result.json()).data).toEqual([{ b: 'zipped' }])
    await client.close()
  })

  test('inserts, commands, and reads the summary', async () => {
    await writer.command({ query: 'TRUNCATE TABLE t' })
    const { summary } = await writer.insert({
      table: 't',
      values: [
        { a: 1, b: 'x' },
        { a: 2, b: '\n\nDROP TABLE t' },
      ],
      format: 'JSONEachRow',
    })
    expect(summary).toMatchObject({ written_rows: '2' })
    const result = await reader.query({ query: 'SELECT sum(a) AS s FROM t', format: 'JSONEachRow' })
    expect(await result.json()).toEqual([{ s: 3 }])
  })

  test('gets typed errors', async () => {
    await expect(reader.query({ query: 'SELECT * FROM nope' })).rejects.toMatchObject({
      code: '60',
      type: 'UNKNOWN_TABLE',
    })
    await expect(
      reader.insert({ table: 't', values: [{ a: 1 }], format: 'JSONEachRow' }),
    ).rejects.toMatchObject({ code: '164', type: 'READONLY' })
    const wrong = createClient({
      url: engine.url,
      username: 'wayward_writer',
      password: 'x',
      log: { level: ClickHouseLogLevel.OFF },
    })
    await expect(wrong.query({ query: 'SELECT 1' })).rejects.toMatchObject({ code: '516' })
    await wrong.close()
  })
})

test.skipIf(!has('curl', ['--version'], 'curl'))('curl as in every tutorial', async () => {
  const curl = async (...parameters: string[]): Promise<string> =>
    (await run('curl', ['-sS', ...parameters])).stdout
  expect(await curl(`${engine.url}/ping`)).toBe('Ok.\n')
  expect(await curl(engine.url, '-d', 'SELECT 1')).toBe('1\n')
  expect(await curl('-G', engine.url, '--data-urlencode', 'query=SELECT 1 + 1')).toBe('2\n')
  expect(await curl(`${engine.url}/?param_x=5`, '--data-binary', 'SELECT {x:UInt8}')).toBe('5\n')
  const compressed = ['--compressed', `${engine.url}/?enable_http_compression=1`]
  expect(await curl(...compressed, '-d', 'SELECT 3')).toBe('3\n')
  const user = ['-u', `wayward_writer:${tokenText}`]
  const insert = `${engine.url}/?query=INSERT%20INTO%20t%20FORMAT%20CSV`
  expect(await curl(...user, insert, '--data-binary', '77,"from curl"\n')).toBe('')
  expect(await curl(engine.url, '-d', 'SELECT b FROM t WHERE a = 77')).toBe('from curl\n')
})

const python = `
import datetime, sys, clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError
port, token = int(sys.argv[1]), sys.argv[2]
reader = clickhouse_connect.get_client(host='127.0.0.1', port=port)
assert reader.ping()
assert reader.command('SELECT 1') == 1
rows = reader.query('SELECT {a:UInt8} + 1, {b:String}', parameters={'a': 41, 'b': "it's"}).result_rows
assert rows == [(42, "it's")], rows
rows = reader.query("SELECT number, toString(number) AS s, toDateTime64('2026-01-02 03:04:05.123456', 6, 'UTC') AS t,"
                    " map('k', 'v') AS m, CAST('lc' AS LowCardinality(String)) AS l FROM numbers(70000)").result_rows
assert len(rows) == 70000 and rows[69999][1] == '69999' and rows[0][3] == {'k': 'v'} and rows[0][4] == 'lc', rows[0]
# The client sends a form by itself when its parameters are many or long.
long = "é'" + 'x' * 20000
rows = reader.query('SELECT length({t:String}), length({ids:Array(UInt32)})',
                    parameters={'t': long, 'ids': list(range(2000))}).result_rows
assert rows == [(len(long.encode()), 2000)], rows
text = reader.raw_query('SELECT 1 AS a', fmt='CSVWithNames')
assert text == b'"a"\\n1\\n', text
rows = reader.query('SELECT toUInt64(1)', settings={'max_execution_time': 1, 'max_block_size': 1000}).result_rows
assert rows == [(1,)], rows
try:
    reader.query('SELECT * FROM nope')
    raise SystemExit('no error')
except DatabaseError as error:
    assert 'UNKNOWN_TABLE' in str(error), error
try:
    reader.command('DROP TABLE t')
    raise SystemExit('no error')
except DatabaseError as error:
    assert 'READONLY' in str(error), error
for compress in (False, True, 'gzip', 'zstd', 'lz4'):
    writer = clickhouse_connect.get_client(host='127.0.0.1', port=port, username='wayward_writer', password=token,
                                           compress=compress)
    writer.command('CREATE TABLE IF NOT EXISTS p (a UInt64, b String, c DateTime) ENGINE = MergeTree ORDER BY a')
    writer.command('TRUNCATE TABLE p')
    when = datetime.datetime(2026, 1, 2, 3, 4, 5)
    summary = writer.insert('p', [[i, f'row {i}\\n\\n', when] for i in range(1000)], column_names=['a', 'b', 'c'])
    assert summary.written_rows == 1000, summary
    rows = writer.query('SELECT count(), sum(a), any(b) LIKE %(x)s FROM p', parameters={'x': 'row %'}).result_rows
    assert rows == [(1000, 499500, 1)], rows
print('ok')
`

test.skipIf(!has('python3', ['-c', 'import clickhouse_connect'], 'clickhouse-connect'))(
  'clickhouse-connect',
  async () => {
    const { stdout } = await run('python3', ['-c', python, String(engine.port), tokenText])
    expect(stdout).toBe('ok\n')
  },
  60_000,
)
