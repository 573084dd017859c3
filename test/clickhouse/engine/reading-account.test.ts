import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, eventually, type RunningEngine, startEngine } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine({
    readSecondsMax: 2,
    readMemoryBytesMax: 100_000_000,
    resultRowsMax: 10_000,
    resultBytesMax: 1_000_000,
    readersMax: 3,
    waitingMax: 2,
  })
  await engine.write('CREATE TABLE t (a UInt32, file String) ENGINE = MergeTree ORDER BY a')
  await engine.write(`INSERT INTO t VALUES (1, 'x'), (2, 'y')`)
})
afterAll(() => engine.close())

const outfile = join(tmpdir(), `wayward-outfile-${process.pid}`)

// Everything here must be refused, and must have had no effect.
const attempts = [
  // writing
  'INSERT INTO t VALUES (3)',
  'INSERT INTO t SELECT 3, 3',
  'CREATE TABLE u (a Int8) ENGINE = Memory',
  'CREATE TEMPORARY TABLE u (a Int8)',
  'CREATE FUNCTION f AS x -> x',
  'DROP TABLE t',
  'TRUNCATE TABLE t',
  'ALTER TABLE t DELETE WHERE 1',
  'DELETE FROM t WHERE 1',
  'OPTIMIZE TABLE t FINAL',
  'DETACH TABLE t',
  'RENAME TABLE t TO u',
  'DROP DATABASE wayward',
  'BACKUP TABLE t TO Null',
  // files
  `SELECT * FROM file('/etc/passwd', 'LineAsString')`,
  `SELECT file('/etc/passwd')`,
  `SELECT/**/file/**/('/etc/passwd')`,
  `SELECT \`file\`('/etc/passwd')`,
  `SELECT "file"('/etc/passwd')`,
  `SELECT \`fi\\x6ce\`('/etc/passwd')`,
  `SELECT "\\x66ile"('/etc/passwd')`,
  `SELECT arrayMap(file, ['/etc/passwd'])`,
  `SELECT arrayMap(x -> file(x), ['/etc/passwd'])`,
  `SELECT arrayMap(\`fi\\x6ce\`, ['/etc/passwd'])`,
  `SELECT * APPLY(file) FROM (SELECT '/etc/passwd')`,
  `SELECT * APPLY file FROM (SELECT '/etc/passwd')`,
  `SELECT COLUMNS('x') APPLY(\`fi\\x6ce\`) FROM (SELECT '/etc/passwd' AS x)`,
  `SELECT * APPLY(x -> file(x)) FROM (SELECT '/etc/passwd')`,
  `SELECT (SELECT file('/etc/passwd'))`,
  `WITH file('/etc/passwd') AS x SELECT x`,
  `EXPLAIN actions = 1 SELECT file('/etc/passwd')`,
  `EXPLAIN SYNTAX SELECT file('/etc/passwd')`,
  `EXPLAIN QUERY TREE SELECT file('/etc/passwd')`,
  `DESCRIBE (SELECT file('/etc/passwd'))`,
  `DESCRIBE file('/etc/passwd', 'LineAsString')`,
  `SHOW TABLES WHERE name = file('/etc/passwd')`,
  `SHOW COLUMNS FROM t WHERE field = file('/etc/passwd')`,
  `SELECT * FROM (SELECT 1) WHERE file('/etc/passwd') != ''`,
  `SELECT 1 ORDER BY file('/etc/passwd')`,
  `SELECT 1 LIMIT length(file('/etc/passwd'))`,
  `SELECT 1 SETTINGS format_schema = '/etc/passwd'`,
  `SELECT 1 FORMAT Template SETTINGS format_template_row = '/etc/passwd'`,
  `SELECT * FROM filesystem('/etc')`,
  `SELECT * FROM icebergLocal('/etc')`,
  `SELECT * FROM sqlite('/etc/passwd', 'x')`,
  `SELECT catboostEvaluate('/etc/passwd', 1)`,
  'SELECT * FROM system.models',
  `SELECT 1 INTO OUTFILE '${outfile}'`,
  `SELECT 1 /* x */ INTO /**/ OUTFILE '${outfile}' FORMAT CSV`,
  `EXPLAIN SELECT 1 INTO OUTFILE '${outfile}'`,
  `INSERT INTO FUNCTION file('${outfile}', 'CSV') SELECT 1`,
  `SELECT 1 INTO OUTFILE '${outfile}'; garbage`,
  // files, by a column's default in a string
  `SELECT b FROM generateRandom('a UInt8, b String ALIAS file(\\'/etc/passwd\\')') LIMIT 1`,
  `SELECT b FROM generateRandom(concat('b String ALIAS fi', 'le(\\'/etc/passwd\\')')) LIMIT 1`,
  `SELECT b FROM generateRandom/**/('b String ALIAS file(\\'/etc/passwd\\')') LIMIT 1`,
  `SELECT b FROM "generateR\\x61ndom"('b String ALIAS file(\\'/etc/passwd\\')') LIMIT 1`,
  `SELECT b FROM generateRandom($$b String ALIAS file('/etc/passwd')$$) LIMIT 1`,
  `SELECT b FROM generateRandom(x'6220537472696E6720414C494153206E6F772829') LIMIT 1`,
  `SELECT b FROM generateRandom('b String /**/ ALIAS now()') LIMIT 1`,
  `SELECT b FROM generateRandom('b ALIAS now()') LIMIT 1`,
  `SELECT b FROM generateRandom('b String MATERIALIZED now()') LIMIT 1`,
  `SELECT b FROM generateRandom('b Tuple(c String DEFAULT now())') LIMIT 1`,
  `SELECT b FROM values('a UInt8, b String ALIAS file(\\'/etc/passwd\\')', 1)`,
  `SELECT b FROM VALUES('a UInt8, b String ALIAS file(\\'/etc/passwd\\')', 1)`,
  `SELECT b FROM values(concat('a UInt8, b String ALIAS fi', 'le(\\'/etc/passwd\\')'), 1)`,
  `SELECT b FROM null('a UInt8, b String ALIAS file(\\'/etc/passwd\\')')`,
  ...[
    `('LIST')`,
    `(('LIST'))`,
    `('LIST', 1).1`,
    `(1, ('LIST', 1).1).2`,
    `['LIST'][1]`,
    `(['LIST'][1])`,
    `[['LIST']][1][1]`,
    `(SELECT 'LIST')`,
    `((SELECT 'LIST'))`,
    `(SELECT x FROM (SELECT 'LIST' AS x) AS l, system.one AS r)`,
    `((SELECT 'LIST') UNION ALL SELECT x FROM (SELECT 'LIST' AS x) AS l, system.one AS r LIMIT 1)`,
    `(WITH 'LIST' AS x, 1 AS y SELECT x)`,
    `1 ? 'LIST' : ''`,
    `1::String || 'LIST'`,
  ].flatMap((text) => {
    const list = text.replaceAll('LIST', `a UInt8, b String ALIAS file(\\'/etc/passwd\\')`)
    return [
      `SELECT b FROM generateRandom(${list}) LIMIT 1`,
      `SELECT b FROM values(${list}, (1)) LIMIT 1`,
      `SELECT b FROM null(${list})`,
    ]
  }),
  `SELECT b FROM format(JSONEachRow, 'a UInt8, b String DEFAULT file(\\'/etc/passwd\\')', '{"a":1}')`,
  `SELECT * FROM view(SELECT b FROM values('a UInt8, b String ALIAS file(\\'/etc/passwd\\')', 1))`,
  `SELECT AIGenerate('x')`,
  // programs and network
  `SELECT * FROM executable('id', 'CSV', 'x String')`,
  `SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'x String')`,
  `SELECT * FROM s3('http://127.0.0.1:1/abc/d', 'CSV', 'x String')`,
  `SELECT * FROM remote('127.0.0.1:1', 'system.one')`,
  `SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')`,
  `SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')`,
  `SELECT * FROM redis('127.0.0.1:1', 'k', 'k String')`,
  `SELECT * FROM eval('SELECT 1')`,
  `SELECT hasColumnInTable('127.0.0.1:1', 'system', 'one', 'dummy')`,
  `SELECT aiGenerate('x')`,
  // getting out
  'SET readonly = 0',
  'SET ROLE writing',
  'SET max_execution_time = 1000',
  'SELECT 1 SETTINGS readonly = 0',
  'SELECT 1 SETTINGS allow_introspection_functions = 1, readonly = 2',
  'SET ROLE writing; DROP TABLE t',
  'SET ROLE writing; DROP TABLE t; garbage',
  'SELECT 1; DROP TABLE t',
  'SELECT 1;DROP TABLE t;',
  '-- x\nSELECT 1; /* y */ DROP TABLE t',
  `SELECT 'a\\'; DROP TABLE t; --'; DROP TABLE t`,
  'SELECT $x$ ; $x$; DROP TABLE t',
  'EXECUTE AS default SELECT 1',
  'GRANT ALL ON *.* TO default',
  // others
  'KILL QUERY WHERE 1',
  'SYSTEM SHUTDOWN',
  'SYSTEM STOP MERGES',
  'SELECT * FROM system.users',
  'SELECT * FROM system.stack_trace',
  'SELECT * FROM system.named_collections',
]

describe('the reading account', () => {
  test.each(attempts)('refuses %s', async (sql) => {
    const answer = await engine.read(sql)
    expect(answer.status, answer.text.slice(0, 300)).toBeGreaterThanOrEqual(400)
    expect(answer.text).not.toContain('root:')
    expect(answer.text).toMatch(/^Code: \d+\. DB::Exception: /)
    expect(existsSync(outfile)).toBe(false)
    const { text } = await engine.read('SELECT count(), sum(a) FROM t')
    expect(text).toBe('2\t3\n')
  })

  test('no system table takes a reader hostage', async () => {
    const { text } = await engine.read(`SELECT name FROM system.tables WHERE database = 'system'`)
    for (const name of text.trim().split('\n')) {
      const start = performance.now()
      await engine.read(`SELECT * FROM system.${name} LIMIT 1`)
      expect(performance.now() - start, name).toBeLessThan(15_000)
    }
  }, 120_000)

  test.each([
    ['readonly', '0'],
    ['format_schema', '/etc/passwd:x'],
    ['format_template_row', '/etc/passwd'],
    ['allow_introspection_functions', '1'],
    ['allow_experimental_eval_table_function', '1'],
    ['max_execution_time', '-1'],
    ['max_execution_time', ''],
    ['storage_file_read_method', 'read'],
    ['output_format_schema', '/tmp/x'],
  ])('refuses the setting %s = %s', async (name, value) => {
    const answer = await engine.read('SELECT 1', { [name]: value })
    expect(answer.status).toBeGreaterThanOrEqual(400)
  })

  test.each([
    ['deep brackets', `SELECT ${'('.repeat(200_000)}`],
    ['deep brackets that close', `SELECT ${'('.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['deep arrays', `SELECT ${'['.repeat(200_000)}`],
    ['deep subqueries', `SELECT ${'(SELECT '.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['a long chain', `SELECT 1${' + 1'.repeat(200_000)}`],
    ['many signs', `SELECT ${'-'.repeat(1)}${' NOT'.repeat(100_000)} 1`],
    ['quotes without end', `INSERT INTO t ${"\\'".repeat(400_000)}`],
    ['comments without end', `SELECT ${'/*'.repeat(400_000)}`],
    ['a long string', `SELECT length('${'x'.repeat(900_000)}')`],
    ['file in deep brackets', `SELECT ${'('.repeat(500)}file('/etc/passwd')${')'.repeat(500)}`],
  ])('%s do no harm', async (_name, sql) => {
    const { pid } = engine.engine
    await engine.read(sql)
    expect((await engine.read('SELECT 1')).text).toBe('1\n')
    expect(engine.engine.pid).toBe(pid)
  })

  // Each took minutes and more when it was read again from every sign of it. The time is generous,
  // as the machine may be busy.
  test.each([
    ['blanks', `${' '.repeat(900_000)}x`],
    ['tabs before what does not parse', `SELECT ${'\t'.repeat(900_000)}x y z`],
    ['blanks in an error', `SELECT throwIf(1, '${' '.repeat(900_000)}x')`],
    ['names of errors in an error', `SELECT throwIf(1, '${'(ABC)'.repeat(180_000)}')`],
    ['clauses of settings', `SELECT 1 ${'SETTINGS extremes=1;'.repeat(45_000)}`],
    ['settings named settings', `SELECT 1 SETTINGS ${'SETTINGS, '.repeat(90_000)}*`],
    [
      'heredocs without end',
      `SELECT 1 ${Array.from({ length: 90_000 }, (_, tag) => `$a${tag}$`).join(' ')}`,
    ],
    [
      'filters of tables',
      `SELECT * FROM t SETTINGS additional_table_filters = {${"'t': '1', ".repeat(80_000)}'u': '1'}`,
    ],
  ])(
    '%s without number do not hold others up',
    async (_name, sql) => {
      const start = performance.now()
      const answer = engine.read(sql)
      expect((await engine.read('SELECT 1')).text).toBe('1\n')
      await answer
      expect(performance.now() - start).toBeLessThan(60_000)
    },
    90_000,
  )

  test('a table function that the engine opens before it asks for a right touches nothing', async () => {
    const path = join(tmpdir(), `wayward-sqlite-${process.pid}`)
    for (const call of [
      `sqlite('${path}', 't')`,
      `sqlite/**/('${path}', 't')`,
      `\`sqlite\`('${path}', 't')`,
      `"s\\x71lite"('${path}', 't')`,
      `sqlite(\`${path}\`, t)`,
    ]) {
      for (const sql of [
        `SELECT * FROM ${call}`,
        `DESCRIBE ${call}`,
        `EXPLAIN SELECT * FROM ${call}`,
      ]) {
        expect((await engine.read(sql)).code, sql).toBe(164)
        expect(existsSync(path), sql).toBe(false)
      }
    }
  })

  test('every table function that reaches out of the tables is refused before the engine sees it', async () => {
    // `format` is a function of texts, too; for a table the engine asks for a right first.
    const inside =
      /^(?:SQLStandardValues|dictionary|format|fuzzJSON|fuzzQuery|generateRandom|generateSeries|generate_series|input|loop|merge|mergeTree\w+|null|numbers|numbers_mt|primes|prometheusQuery\w*|timeSeries\w+|values|view\w*|zeros|zeros_mt)$/
    const { text } = await engine.read('SELECT name FROM system.table_functions')
    const names = text.trim().split('\n')
    expect(names.length).toBeGreaterThan(80)
    for (const name of names.filter((each) => !inside.test(each))) {
      const answer = await engine.read(`SELECT * FROM ${name}('a', 'b')`)
      expect([answer.code, answer.text], name).toEqual([164, expect.stringContaining(name)])
    }
  })

  test.each(['url', 'mysql', 'cluster', 'remote', 's3'])(
    'a column may be named %s',
    async (name) => {
      const sql = `SELECT x.${name}, ${name} AS y FROM (SELECT 'a' AS ${name}) AS x WHERE ${name} IN ('a') AND (${name} = 'a')`
      expect((await engine.read(sql)).text).toBe('a\ta\n')
    },
  )

  test('an Identifier parameter does not name a forbidden function', async () => {
    for (const value of ['file', 'fi\\x6ce']) {
      const answer = await engine.read(`SELECT arrayMap({f:Identifier}, ['/etc/passwd'])`, {
        param_f: value,
      })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.text).not.toContain('root:')
    }
  })

  test.each(['f', 'a$b', '$x', '$x$', '13_', '$1'])(
    'a parameter named %s does not hide a function',
    async (name) => {
      expect((await engine.read(`SELECT {${name}:UInt8}`, { [`param_${name}`]: '5' })).text).toBe(
        '5\n',
      )
      for (const sql of [
        `SELECT arrayMap({${name}:Identifier}, ['/etc/passwd'])`,
        `SELECT arrayMap({ ${name} : Identifier }, ['/etc/passwd']), '${name}', 1 AS \`${name}\``,
        `SELECT arrayMap({${name}:/**/Identifier}, ['/etc/passwd']), {${name}:String}`,
        `SELECT * APPLY {${name}:Identifier} FROM (SELECT '/etc/passwd')`,
      ]) {
        const answer = await engine.read(sql, { [`param_${name}`]: 'file' })
        expect(answer.status, sql).toBeGreaterThanOrEqual(400)
        expect(answer.text).not.toContain('root:')
      }
    },
  )

  test.each([
    [`SELECT 'file' AS x`, 'file\n'],
    [`SELECT 'a\\tb'`, 'a\\tb\n'],
    [`SELECT match('profile.txt', '\\\\.txt$')`, '1\n'],
    ['EXPLAIN SELECT 1', undefined],
    ['SHOW TABLES', 't\n'],
    ['DESCRIBE TABLE t', undefined],
    ['EXISTS TABLE t', '1\n'],
    ['SELECT count() FROM system.processes', '1\n'],
    ['WITH x AS (SELECT 5 AS n) SELECT n FROM x', '5\n'],
    ['SELECT 1 -- the end;', '1\n'],
    ['SELECT 1;', '1\n'],
    [`SELECT * FROM values('a UInt8, b String', (1, 'x'))`, '1\tx\n'],
    [`SELECT * FROM values((1, 'x'), (2, 'y'))`, '1\tx\n2\ty\n'],
    [`SELECT * FROM values((toDate('2026-01-02'), [1, 2]), (today(), []))`, undefined],
    ['SELECT * FROM values([1, 2], [3])', '[1,2]\n[3]\n'],
    ['SELECT * FROM values(-1.5e3, (2))', '-1500\n2\n'],
    [`SELECT count() FROM (SELECT * FROM generateRandom('a UInt8') LIMIT 3)`, '3\n'],
    ['(SELECT 1) UNION ALL (SELECT 1)', '1\n1\n'],
  ])('runs %s', async (sql, text) => {
    const answer = await engine.read(sql)
    expect(answer.status, answer.text).toBe(200)
    if (text !== undefined) expect(answer.text).toBe(text)
  })

  test('the client lowers limits, but does not raise them', async () => {
    const limits = async (parameters: Record<string, string>): Promise<string> =>
      (
        await engine.read(
          `SELECT getSetting('max_execution_time'), getSetting('max_result_rows'), getSetting('max_memory_usage')`,
          parameters,
        )
      ).text
    expect(await limits({})).toBe('2\t10000\t100000000\n')
    expect(await limits({ max_execution_time: '1', max_result_rows: '10' })).toBe(
      '1\t10\t100000000\n',
    )
    expect(
      await limits({ max_execution_time: '9', max_result_rows: '0', max_memory_usage: '1e12' }),
    ).toBe('2\t10000\t100000000\n')
  })

  test('an endless query is stopped at the time limit', async () => {
    const start = performance.now()
    const answer = await engine.read('SELECT count() FROM numbers(1000000000000)')
    expect([answer.status, answer.code]).toEqual([408, 159])
    expect(performance.now() - start).toBeLessThan(4000)
  })

  test('a result with too many rows, or too many bytes, is refused', async () => {
    const rows = await engine.read('SELECT number FROM numbers(100000)')
    expect(rows.code).toBe(396)
    const bytes = await engine.read(`SELECT repeat('x', 1000000) FROM numbers(5)`)
    expect(bytes.code).toBe(396)
    const text = await engine.read(
      `SELECT number AS ${'a_long_name_'.repeat(12)} FROM numbers(10000) FORMAT JSONEachRow`,
    )
    expect(text.code).toBe(396)
  })

  test('a query that needs too much memory is refused', async () => {
    const answer = await engine.read('SELECT length(groupArray(number)) FROM numbers(100000000)')
    expect(answer.code).toBe(241)
  })

  test('too many at once are refused with 503 and error 202', async () => {
    const answers = await Promise.all(
      Array.from({ length: 9 }, () => engine.read('SELECT sleep(0.3)')),
    )
    const byStatus = (status: number): Answer[] => answers.filter((a) => a.status === status)
    expect(byStatus(200)).toHaveLength(5)
    expect(byStatus(503)).toHaveLength(4)
    expect(byStatus(503)[0]?.code).toBe(202)
  })

  test('inserting does not wait behind readers', async () => {
    await engine.write('CREATE TABLE u (a UInt32) ENGINE = MergeTree ORDER BY a')
    const readers = Array.from({ length: 5 }, () => engine.read('SELECT sleep(1)'))
    await new Promise((resolve) => setTimeout(resolve, 100))
    const start = performance.now()
    expect((await engine.write('INSERT INTO u VALUES (1)')).status).toBe(200)
    expect(performance.now() - start).toBeLessThan(700)
    await Promise.all(readers)
  })

  test('a query whose client has gone is killed within a second', async () => {
    const marker = 'SELECT count() FROM numbers_mt(777777777777)'
    const running = async (): Promise<boolean> =>
      (
        await engine.read(
          `SELECT count() FROM system.processes WHERE query LIKE '%numbers_mt(7%' AND query NOT LIKE '%processes%'`,
        )
      ).text !== '0\n'
    const controller = new AbortController()
    const asked = fetch(engine.url, { method: 'POST', body: marker, signal: controller.signal })
    await eventually('the query runs', 1000, running)
    controller.abort()
    await expect(asked).rejects.toThrow()
    await eventually('the query is gone', 1000, async () => !(await running()))
  })
})
