import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../collector/decode/random.ts'
import { type RunningEngine, startEngine, tokenText } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine({
    externalBytesMax: 200_000,
    externalBytesTotalMax: 300_000,
    readMemoryBytesMax: 100_000_000,
    queryBytesMax: 100_000,
  })
})
afterAll(() => engine.close())

type Files = Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>

async function send(
  query: string,
  files: Files,
  parameters: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const form = new FormData()
  for (const [name, content] of Object.entries(files)) form.set(name, new Blob([content]), 'a.txt')
  const address = new URLSearchParams({ ...parameters, query })
  const response = await fetch(`${engine.url}/?${address.toString()}`, {
    method: 'POST',
    body: form,
    headers,
  })
  return `${response.status} ${await response.text()}`
}

describe('a file of a form', () => {
  test('is a table of its name, for one query', async () => {
    const files = { ids: '1\tone\n2\ttwo\n' }
    const structure = { ids_structure: 'id UInt32, name String' }
    expect(await send('SELECT sum(id), any(name) FROM ids', files, structure)).toBe('200 3\tone\n')
    expect(await send('SELECT name FROM ids WHERE id IN (SELECT 2)', files, structure)).toBe(
      '200 two\n',
    )
    expect((await engine.read('SELECT * FROM ids')).code).toBe(60)
    const join =
      'SELECT number, name FROM numbers(3) AS n JOIN ids ON ids.id = n.number ORDER BY number'
    expect(await send(join, files, structure)).toBe('200 1\tone\n2\ttwo\n')
  })

  test('may have types alone, and then columns _1 and so on', async () => {
    const types = { t_types: 'UInt8,Array(Tuple(UInt8, String)),Decimal(9, 2)' }
    expect(await send('SELECT _1, _2, _3 FROM t', { t: "7\t[(1,'a')]\t1.50\n" }, types)).toBe(
      "200 7\t[(1,'a')]\t1.5\n",
    )
  })

  test('may be in any format without a schema elsewhere, and several may come at once', async () => {
    const native = await engine.read('SELECT toUInt8(number) AS n FROM numbers(3)', {
      default_format: 'Native',
    })
    const parquet = await engine.read("SELECT 5 AS n, 'x' AS s FORMAT Parquet")
    const answer = await send(
      'SELECT (SELECT sum(n) FROM a), (SELECT any(n) FROM b), (SELECT any(s) FROM c), (SELECT count() FROM d)',
      { a: native.bytes, b: '{"n":4}\n', c: parquet.bytes, d: 'x,y\n"a ""b""",1\n' },
      {
        a_format: 'Native',
        a_structure: 'n UInt8',
        b_format: 'JSONEachRow',
        b_structure: 'n Nullable(UInt8)',
        c_format: 'Parquet',
        c_structure: 'n UInt8, s String',
        d_format: 'CSVWithNames',
        d_structure: 'x String, y UInt8',
      },
    )
    expect(answer).toBe('200 3\t4\tx\t1\n')
  })

  test('takes what the fields of the form say about it, and settings of its format', async () => {
    const form = new FormData()
    form.set('t', new Blob(['1;a\n']), 't.csv')
    form.set('t_format', 'CSV')
    form.set('t_structure', 'a UInt8, b String')
    form.set('format_csv_delimiter', ';')
    form.set('query', 'SELECT b, {x:String} FROM t')
    form.set('param_x', 'y')
    const response = await fetch(`${engine.url}/`, { method: 'POST', body: form })
    expect(`${response.status} ${await response.text()}`).toBe('200 a\ty\n')
  })

  test('is not cut by the settings of the query', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => `${index}\n`).join('')
    const parameters = { t_structure: 'a UInt8', limit: '1', offset: '0' }
    expect(await send('SELECT count() FROM t', { t: rows }, parameters)).toBe('200 100\n')
  })

  test('works with the token, and does not outlive its query there', async () => {
    const headers = { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': tokenText }
    const structure = { t_structure: 'a UInt8' }
    expect(await send('SELECT a FROM t', { t: '9\n' }, structure, headers)).toBe('200 9\n')
    expect((await engine.write('SELECT * FROM t')).code).toBe(60)
  })

  test('may have a name of any characters', async () => {
    const name = "a`b\\c'"
    const parameters = { [`${name}_structure`]: 'a UInt8' }
    expect(await send("SELECT a FROM `a\\`b\\\\c'`", { [name]: '3\n' }, parameters)).toBe('200 3\n')
  })

  test('that is gzipped with its form is read, too', async () => {
    const part =
      '--b\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n4\n\r\n--b--\r\n'
    const response = await fetch(`${engine.url}/?query=SELECT+a+FROM+t&t_structure=a+UInt8`, {
      method: 'POST',
      body: Buffer.from(gzipSync(part)),
      headers: {
        'content-type': 'multipart/form-data; boundary=b',
        'content-encoding': 'gzip',
      },
    })
    expect(await response.text()).toBe('4\n')
  })
})

describe('a file that is not as it should be is refused', () => {
  test.each([
    ['without a structure', {}, /^400 .*give t_structure=/],
    ['with a type that is none', { t_structure: 'a Nope' }, /^404 .*table "t".*UNKNOWN_TYPE/],
    ['of a format that is none', { t_structure: 'a UInt8', t_format: 'Nope' }, /^400 .*"Nope"/],
    ['with other content', { t_structure: 'a UInt8' }, /^400 .*table "t"[^]*CANNOT_PARSE/],
  ])('%s', async (_name, parameters, message) => {
    const answer = await send('SELECT * FROM t', { t: 'abc\n' }, parameters)
    expect(answer).toMatch(message)
    expect(answer).not.toMatch(/\/shm|\/tmp|insert-\d/)
  })

  test('that is too large', async () => {
    const answer = await send('SELECT 1', { t: 'x'.repeat(200_001) }, { t_structure: 'a String' })
    expect(answer).toMatch(/^413 .*files of the form are larger than 200000 bytes/)
  })

  test('that needs too much memory', async () => {
    const structure = { t_structure: Array.from({ length: 400 }, (_, i) => `c${i} String`).join() }
    const wide = { ...structure, t_format: 'JSONEachRow' }
    const answer = await send('SELECT 1', { t: '{}\n'.repeat(66_000) }, wide)
    expect(answer).toMatch(/^500 .*MEMORY_LIMIT_EXCEEDED/)
    expect((await engine.read('SELECT 1')).text).toBe('1\n')
  })

  test('while other requests hold all the memory for files', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () =>
        send(
          'SELECT sleep(0.5), count() FROM t',
          { t: `${'x'.repeat(150_000)}\n` },
          {
            t_structure: 'a String',
          },
        ),
      ),
    )
    expect(answers.filter((answer) => answer.startsWith('200')).length).toBe(1)
    expect(answers.filter((answer) => /^503 .*try again later/.test(answer)).length).toBe(3)
    const structure = { t_structure: 'a String' }
    expect(await send('SELECT count() FROM t', { t: 'x'.repeat(150_000) }, structure)).toBe(
      '200 1\n',
    )
  })
})

test('damaged files of every binary format are read or refused, and never break the engine', async () => {
  const { pid } = engine.engine
  const structure =
    'a UInt64, b String, c Array(UInt64), d LowCardinality(String), e Dynamic, f JSON'
  const rows = `SELECT number, toString(number), [number], toString(number), number, '{"a":1}' FROM numbers(20)`
  const asTyped = `SELECT * FROM (${rows}) AS x`
  await engine.write(`CREATE TABLE shape (${structure}) ENGINE = Memory`)
  await engine.write(`INSERT INTO shape ${asTyped}`)
  const sources: (readonly [string, string, Buffer])[] = []
  for (const format of [
    'Native',
    'RowBinary',
    'Parquet',
    'Avro',
    'ORC',
    'ArrowStream',
    'MsgPack',
  ]) {
    const isNative = format === 'Native'
    const sql = `SELECT ${isNative ? '*' : 'a, b'} FROM shape FORMAT ${format}`
    const { bytes } = await engine.read(sql)
    sources.push([format, isNative ? structure : 'a UInt64, b String', bytes])
  }
  for (let seed = 1; seed <= 150; seed++) {
    const random = createRandom(seed)
    const [format, columns, whole] = random.pick(sources)
    const bytes = Buffer.from(whole)
    for (let count = 0; count < 4; count++) bytes[random.below(bytes.length)] = random.below(256)
    const cut = random.below(3) === 0 ? bytes.subarray(0, random.below(bytes.length)) : bytes
    const answer = await send(
      'SELECT * FROM t FORMAT Null',
      { t: Buffer.from(cut) },
      {
        t_format: format,
        t_structure: columns,
      },
    )
    expect(answer, `seed ${seed}`).toMatch(/^(?:200|400|404|413|500|501|503) /)
    expect(engine.engine.pid, `seed ${seed}`).toBe(pid)
  }
}, 120_000)

describe('a file of a form does not lead to other files', () => {
  let folder: string
  let path: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'wayward-bait-'))
    path = join(folder, 'bait')
    await writeFile(path, 'the-secret\n')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const attempts = (): readonly (readonly [string, Record<string, string>])[] => [
    ['', { t_structure: `a String DEFAULT file('${path}')` }],
    ['{}', { t_structure: `b UInt8, a String DEFAULT file('${path}')`, t_format: 'JSONEachRow' }],
    ['1\n', { t_structure: `b UInt8, a String ALIAS file('${path}')` }],
    ['1\n', { t_structure: `b UInt8, a String MATERIALIZED file('${path}')` }],
    ['1\n', { t_structure: `a String') UNION ALL SELECT file('${path}` }],
    ['1\n', { t_structure: `a String\\') UNION ALL SELECT file(\\'${path}` }],
    ['1\n', { t_types: `String DEFAULT file('${path}')` }],
    ['1\n', { t_types: `String) AS SELECT file('${path}') --` }],
    [`(file('${path}'))`, { t_structure: 'a String', t_format: 'Values' }],
    [`(file('${path}'))`, { t_structure: 'a String', t_format: "TSV', 'x" }],
    [`file('${path}')`, { t_structure: 'a String', t_format: 'CustomSeparated' }],
    ['x', { t_structure: 'a String', t_format: 'Template', format_template_row: path }],
    ['x', { t_structure: 'a String', t_format: 'Protobuf', format_schema: `${path}:x` }],
    ['x', { t_structure: 'a String', t_format: 'AvroConfluent' }],
    ['x', { t_structure: '_path String' }],
  ]

  test.each(attempts().map((_, index) => index))('attempt %i', async (index) => {
    const [content, parameters] = attempts()[index] ?? ['', {}]
    const answer = await send('SELECT * FROM t', { t: content }, parameters)
    expect(answer).not.toContain('the-secret')
    expect(answer).not.toMatch(/\/shm|insert-\d/)
  })

  test('and no name is a statement', async () => {
    await engine.write('CREATE TABLE victim (a UInt8) ENGINE = MergeTree ORDER BY a')
    const name = 'x` (a UInt8) ENGINE = Memory; DROP TABLE wayward.victim; --'
    await send('SELECT 1', { [name]: '1\n' }, { [`${name}_structure`]: 'a UInt8' })
    expect((await engine.read('EXISTS TABLE victim')).text).toBe('1\n')
  })

  test('and nothing is left on disk', async () => {
    expect(await readdir(join(engine.dataDir, 'tmp'))).toEqual([])
  })
})
