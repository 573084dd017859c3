import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../collector/decode/random.ts'
import { type Bait, hostileStatement, showingStatement } from './hostile-statements.ts'
import { type RunningEngine, startEngine } from './running-engine.ts'

const run = promisify(execFile)
const secret = 'the-secret-of-this-test'
let engine: RunningEngine
let folder: string
let server: Server
let knocks = 0
let bait: Bait

beforeAll(async () => {
  engine = await startEngine({ readSecondsMax: 5, resultRowsMax: 1000 })
  await engine.write('CREATE TABLE t (a UInt32, file String) ENGINE = MergeTree ORDER BY a')
  await engine.write(`INSERT INTO t VALUES (1, 'x'), (2, 'y')`)
  folder = await mkdtemp(join(tmpdir(), 'wayward-bait-'))
  await writeFile(join(folder, 'bait'), `${secret}\n`)
  server = createServer((socket) => {
    knocks += 1
    socket.destroy()
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  bait = { path: join(folder, 'bait'), port, outfile: join(folder, 'outfile') }
})
afterAll(async () => {
  server.close()
  await engine.close()
  await rm(folder, { recursive: true, force: true })
})

const state = async (): Promise<string> => {
  const tables = await engine.write(
    `SELECT groupArray(name) FROM (SELECT name FROM system.tables WHERE database = 'wayward' ORDER BY name)`,
  )
  const rows = await engine.write('SELECT count(), sum(a) FROM t')
  const functions = await engine.write(
    `SELECT count() FROM system.functions WHERE origin != 'System'`,
  )
  return tables.text + rows.text + functions.text
}

test('the statements of the fuzz test do show the file to an account that may read it', async () => {
  let shown = 0
  for (let seed = 1; seed <= 300; seed += 1) {
    const sql = showingStatement(createRandom(seed), bait)
    // Connections that are not taken are tried again for seconds.
    if (/^(?:CREATE|INSERT)|127\.0\.0\.1/.test(sql)) continue
    const answer = await engine.write(sql)
    if (answer.text.includes(secret)) shown += 1
  }
  await engine.write('DROP TABLE IF EXISTS u')
  expect(shown).toBeGreaterThan(60)
}, 120_000)

test('no hostile statement reaches a file, the network or another statement', async () => {
  const before = await state()
  const { pid } = engine.engine
  knocks = 0
  for (let seed = 1; seed <= 2500; seed += 1) {
    const sql = hostileStatement(createRandom(seed), bait)
    const answer = await engine.read(sql)
    expect(answer.text, `seed ${seed}: ${sql}`).not.toContain(secret)
    expect(existsSync(bait.outfile), `seed ${seed}: ${sql}`).toBe(false)
    expect(knocks, `seed ${seed}: ${sql}`).toBe(0)
  }
  expect(await state()).toBe(before)
  expect(engine.engine.pid).toBe(pid)
}, 240_000)

test('only functions of arrays and maps take the name of a function', async () => {
  const program = fileURLToPath(
    new URL('../../dist/clickhouse/engine/function-takers.js', import.meta.url),
  )
  const store = join(folder, 'functions')
  const { stdout } = await run(process.execPath, ['--conditions=wayward-built', program, store])
  const { asked, takers } = JSON.parse(stdout) as { asked: number; takers: string[] }
  const { text } = await engine.write('SELECT count() FROM system.functions WHERE NOT is_aggregate')
  expect(asked).toBe(Number(text))
  expect(takers.length).toBeGreaterThan(5)
  expect(takers.filter((name) => !/^(?:array|map)/.test(name))).toEqual([])
}, 240_000)

const harmless: readonly (readonly [string, string | undefined])[] = [
  ['SELECT file FROM t ORDER BY file', 'x\ny\n'],
  ["SELECT upper(file), t.file FROM t WHERE file = 'x'", 'X\tx\n'],
  ['SELECT a AS file FROM t ORDER BY file', '1\n2\n'],
  ["SELECT file AS f, count() FROM t GROUP BY file HAVING f != '' ORDER BY f", 'x\t1\ny\t1\n'],
  ['SELECT groupArray(file) FROM t', "['x','y']\n"],
  ["SELECT (file, a) FROM t WHERE file IN ('x') AND file NOT IN ('z')", "('x',1)\n"],
  ["SELECT arrayMap(x -> concat(x, t.file), ['a']) FROM t ORDER BY ALL", "['ax']\n['ay']\n"],
  ['WITH file AS (SELECT 5 AS n) SELECT n FROM file', '5\n'],
  ['SELECT \'file(1)\', "a" FROM (SELECT 1 AS a) -- file(', 'file(1)\t1\n'],
  ["SELECT 1 /* file('x') */", '1\n'],
  ["SHOW TABLES LIKE '%\\\\_x'", ''],
  ["SHOW TABLES LIKE 't'", 't\n'],
  ["SHOW TABLES WHERE name = 't' -- \\", 't\n'],
  ["SHOW COLUMNS FROM t LIKE 'fil\\\\e'", undefined],
  ["SELECT * APPLY(x -> replace(toString(x), '\\\\', '/')) FROM t WHERE a = 1", '1\tx\n'],
  ["SELECT COLUMNS('a') APPLY toString FROM t WHERE file LIKE '\\\\x' OR a = 1", '1\n'],
  ['SELECT `a\\x62` FROM (SELECT 1 AS ab)', '1\n'],
  ['SELECT 1 SETTINGS max_threads = 1', '1\n'],
  ["SELECT 1 SETTINGS log_comment = 'it\\'s', max_execution_time = 60 FORMAT TSV", '1\n'],
  ['SELECT 1 FORMAT TSV SETTINGS extremes = 0;', '1\n'],
  ['SELECT 1 SETTINGS join_use_nulls', '1\n'],
  ["SELECT 1 SETTINGS skip_unavailable_shards = 1, load_balancing = 'random'", '1\n'],
  ['SELECT count() FROM (SELECT * FROM numbers(5) SETTINGS limit = 2)', '2\n'],
  [
    'SELECT count() FROM (SELECT * FROM numbers(5) SETTINGS limit = 2) SETTINGS max_threads = 1',
    '2\n',
  ],
  [
    'SELECT number, m FROM numbers(2) AS l LEFT JOIN (SELECT 0 AS n, 1 AS m) AS r ON number = n ' +
      'ORDER BY number SETTINGS join_use_nulls = true',
    '0\t1\n1\t\\N\n',
  ],
  ["SELECT count() FROM t SETTINGS additional_table_filters = {'t': 'a = 1'}", '1\n'],
  [
    "SELECT file FROM t settings additional_table_filters={'wayward.t' : ' file = \\'y\\' AND a > 0 '}",
    'y\n',
  ],
  ['SELECT settings FROM (SELECT 3 AS settings) WHERE settings = 3', '3\n'],
  ['SELECT 1 AS settings SETTINGS max_block_size = 10', '1\n'],
  ["SELECT ' SETTINGS max_threads = 1'", ' SETTINGS max_threads = 1\n'],
  ['SELECT $$ x SETTINGS max_threads = 1$$', ' x SETTINGS max_threads = 1\n'],
  ['SELECT “SETTINGS a = 1” FROM (SELECT 4 AS `SETTINGS a = 1`)', '4\n'],
  ["SELECT * FROM values('a UInt8, b Array(Nullable(String))', (1, ['x']))", "1\t['x']\n"],
  ["SELECT * FROM VALUES('a Enum8(\\'x\\' = 1), `b c` Decimal(9, 2)', ('x', 1.5))", 'x\t1.5\n'],
  ['SELECT * FROM values((1, 2), (3, 4))', '1\t2\n3\t4\n'],
  ['SELECT * FROM values(1, 2)', '1\n2\n'],
  [
    "SELECT toTypeName(a) FROM generateRandom('a UInt8, b Tuple(c String, d Int8)', 1) LIMIT 1",
    'UInt8\n',
  ],
  ["SELECT * FROM null('a UInt8')", ''],
  ['SELECT ifNull(NULL, 1), isNull(NULL)', '1\t1\n'],
  [
    "SELECT mapKeys(map('file', 1)), JSONExtractString('{\"file\":\"a\"}', 'file')",
    "['file']\ta\n",
  ],
  ['EXPLAIN SELECT file FROM t SETTINGS max_threads = 1', undefined],
  ['DESCRIBE TABLE t SETTINGS describe_compact_output = 1', 'a\tUInt32\nfile\tString\n'],
]

describe('a harmless statement passes', () => {
  test.each(harmless)('%s', async (sql, text) => {
    const answer = await engine.read(sql)
    expect(answer.status, answer.text).toBe(200)
    if (text !== undefined) expect(answer.text).toBe(text)
  })

  test('also where names come as parameters', async () => {
    const answer = await engine.read('SELECT {c:Identifier} FROM {t:Identifier} ORDER BY 1', {
      param_c: 'file',
      param_t: 't',
    })
    expect(answer.text).toBe('x\ny\n')
  })
})

describe('a SETTINGS clause of the reading account', () => {
  const limitOf = async (sql: string, parameters = {}): Promise<string> =>
    (await engine.read(sql, parameters)).text

  test('lowers the limits and never raises them, as the address does', async () => {
    const ask = "SELECT getSetting('max_execution_time'), getSetting('max_result_rows')"
    expect(await limitOf(`${ask} SETTINGS max_execution_time = 1`)).toBe('1\t1000\n')
    expect(await limitOf(`${ask} SETTINGS max_execution_time = 99, max_result_rows = 0`)).toBe(
      '5\t1000\n',
    )
    expect(await limitOf(`${ask} SETTINGS max_result_rows = 7`, { max_result_rows: '9' })).toBe(
      '5\t7\n',
    )
  })

  test.each([
    ['readonly = 0', 164],
    ["format_schema = '/etc/passwd'", 164],
    ['allow_introspection_functions = 1', 164],
    ['max_memory_usage_for_user = 1', 164],
    ['no_such_setting = 1', 115],
    ["additional_table_filters = {'t': 'throwIf(1, file(\\'/etc/hostname\\'))'}", 164],
    ["additional_table_filters = {'t': '1', 'u': 'arrayMap(file, [\\'x\\'])[1] = 1'}", 164],
    ["additional_table_filters = {'t': 'a = 1 /*'} /* ', file(1) */", 62],
    ["additional_table_filters = {'t': '1) UNION ALL SELECT (file(1)'}", 164],
    ["additional_table_filters = {'t': '\\x66ile(1)'}", 164],
    ["additional_table_filters = {'t': 'a IN (SELECT * FROM null(\\'a UInt8 ALIAS 1\\'))'}", 164],
    ["additional_table_filters = {'t': 'a IN (SELECT 1 SETTINGS readonly = 0)'}", 164],
    ["additional_result_filter = 'a = 1'", 164],
    ['max_execution_time = DEFAULT', 164],
  ])('refuses %s, in a subquery too', async (setting, code) => {
    expect((await engine.read(`SELECT 1 SETTINGS ${setting}`)).code).toBe(code)
    const inner = await engine.read(`SELECT * FROM (SELECT 1 SETTINGS ${setting})`)
    expect(inner.status).toBeGreaterThanOrEqual(400)
  })

  test.each(['max_execution_time = 99', 'max_memory_usage = 0', 'log_comment = 1', 'readonly = 0'])(
    'refuses %s in a subquery',
    async (setting) => {
      const answer = await engine.read(`SELECT * FROM (SELECT 1 SETTINGS extremes = 0, ${setting})`)
      expect(answer.code, answer.text).toBe(164)
    },
  )
})
