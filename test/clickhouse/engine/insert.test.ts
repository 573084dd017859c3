import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { eventually, type RunningEngine, startEngine, tokenText } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine({ insertBytesMax: 30_000_000 })
})
afterAll(() => engine.close())

beforeEach(async () => {
  await engine.write('DROP TABLE IF EXISTS t SYNC')
  await engine.write(`CREATE TABLE t (
    a UInt32, b String DEFAULT concat('default of ', toString(a)), c LowCardinality(String)
  ) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100`)
})

const rows = async (): Promise<string> =>
  (await engine.read('SELECT a, b, c FROM t ORDER BY a, b FORMAT CSV')).text
const bytesOf = async (sql: string, format: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array((await engine.read(sql, { default_format: format })).bytes)
const two = `SELECT toUInt32(number) AS a, 'c' || toString(number) AS c FROM numbers(1, 2)`
const twoRows = '1,"default of 1","c1"\n2,"default of 2","c2"\n'

describe('formats', () => {
  const formats = ['Native', 'RowBinary', 'JSONEachRow', 'CSV', 'TabSeparated', 'Parquet']
  test.each(formats)('%s, with the statement in the URL', async (format) => {
    const answer = await engine.write(
      `INSERT INTO t (a, c) FORMAT ${format}`,
      {},
      await bytesOf(two, format),
    )
    expect(answer.status, answer.text).toBe(200)
    expect(JSON.parse(answer.headers.get('x-clickhouse-summary') ?? '')).toMatchObject({
      written_rows: '2',
    })
    expect(await rows()).toBe(twoRows)
  })

  test.each(formats)('%s, with the statement at the head of the body', async (format) => {
    const head = Buffer.from(`insert into wayward.t (a, c) /* x */ format ${format}\n`)
    const body = Buffer.concat([head, await bytesOf(two, format)])
    const answer = await engine.write('', {}, new Uint8Array(body))
    expect(answer.status, answer.text).toBe(200)
    expect(await rows()).toBe(twoRows)
  })

  test.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('bodies in %s, with the statement in either place', async (encoding, compress) => {
    const data = await bytesOf(two, 'Native')
    const headers = { 'Content-Encoding': encoding }
    const byUrl = await engine.write(
      'INSERT INTO t (a, c) FORMAT Native',
      {},
      new Uint8Array(compress(data)),
      headers,
    )
    expect(byUrl.status, byUrl.text).toBe(200)
    await engine.write('TRUNCATE TABLE t')
    const head = Buffer.from('INSERT INTO t (a, c) FORMAT Native\n')
    const whole = new Uint8Array(compress(Buffer.concat([head, data])))
    const inBody = await engine.write('', {}, whole, headers)
    expect(inBody.status, inBody.text).toBe(200)
    expect(await rows()).toBe(twoRows)
  })

  test('VALUES, SELECT, settings in the statement and quoted names', async () => {
    for (const sql of [
      `INSERT INTO t VALUES (1, 'x', 'y'), (2, 'it''s (FORMAT CSV)', 'z');`,
      `INSERT INTO TABLE wayward . "t" (a, \`b\`) SETTINGS max_insert_threads = 1 VALUES (3, 'v')`,
      `INSERT INTO t (a, b) SELECT 4, 's'`,
      `INSERT INTO t (a, b) WITH 5 AS n SELECT n, 'w'`,
      `INSERT INTO t (a, b) FORMAT CSV 6,f`,
      `INSERT INTO FUNCTION null('a UInt8') VALUES (1)`,
    ]) {
      const answer = await engine.write(sql)
      expect(answer.status, answer.text).toBe(200)
    }
    expect(await rows()).toBe(
      '1,"x","y"\n2,"it\'s (FORMAT CSV)","z"\n3,"v",""\n4,"s",""\n5,"w",""\n6,"f",""\n',
    )
  })

  test('columns are mapped by name, missing ones get their default', async () => {
    await engine.write(
      'INSERT INTO t FORMAT Native',
      {},
      await bytesOf(`SELECT 'cc' AS c, toUInt64(7) AS a`, 'Native'),
    )
    expect(await rows()).toBe('7,"default of 7","cc"\n')
  })

  test('an empty body inserts nothing', async () => {
    const answer = await engine.write('INSERT INTO t FORMAT JSONEachRow', {}, '')
    expect(answer.status, answer.text).toBe(200)
    expect(await rows()).toBe('')
  })
})

describe('data are never SQL', () => {
  const evil = '\n\nDROP TABLE t;\n\nINSERT INTO t (a) VALUES (666);\n\n'
  test.each(['JSONEachRow', 'CSV', 'TabSeparated', 'Values', 'Native', 'RowBinary'])(
    'a blank line and DROP TABLE in %s are data or an error',
    async (format) => {
      for (const lead of ['', '{"a":1}', '1,x,y', '1\tx\ty', `(1,'x','y')`]) {
        await engine.write(`INSERT INTO t FORMAT ${format}`, {}, `${lead}${evil}`)
        await engine.write(`INSERT INTO t FORMAT ${format}\n${lead}${evil}`)
      }
      const { status, text } = await engine.read('SELECT countIf(a = 666) FROM t')
      expect([status, text]).toEqual([200, '0\n'])
    },
  )

  test('inside a string such text arrives as it is', async () => {
    const row = JSON.stringify({ a: 1, b: evil })
    await engine.write('INSERT INTO t FORMAT JSONEachRow', {}, row)
    await engine.write(`INSERT INTO t FORMAT CSV\n2,"${evil}",""`)
    await engine.write(`INSERT INTO t VALUES (3, '${evil}', '')`)
    const { text } = await engine.read('SELECT b FROM t ORDER BY a FORMAT JSONCompactColumns')
    expect(JSON.parse(text)).toEqual([[evil, evil, evil]])
  })

  test('Native blocks with 0A 0A in them arrive whole', async () => {
    const sql = `SELECT toUInt32(168430090) AS a, '\\n\\n' AS b FROM numbers(1000)`
    await engine.write('INSERT INTO t FORMAT Native', {}, await bytesOf(sql, 'Native'))
    const { text } = await engine.read('SELECT count(), any(b) FROM t FORMAT JSONCompactEachRow')
    expect(JSON.parse(text)).toEqual([1000, '\n\n'])
  })
})

describe('one insert is one block', () => {
  const many = `SELECT toUInt32(number) AS a, 'c' || toString(number % 7) AS c FROM numbers(300000)`
  const parts = async (): Promise<string> =>
    (
      await engine.read(
        `SELECT max(level), count(), sum(rows) FROM system.parts WHERE active AND table = 't'`,
      )
    ).text

  test.each(['Native', 'RowBinary', 'JSONEachRow'])(
    'in %s: one part, and a second try with the same token inserts nothing',
    async (format) => {
      const body = await bytesOf(many, format)
      const token = { insert_deduplication_token: 'k1' }
      const insert = `INSERT INTO t (a, c) FORMAT ${format}`
      // A client that asks for other block sizes does not get them.
      await engine.write(insert, { ...token, max_insert_block_size: '1000' }, body)
      expect(await parts()).toBe('0\t1\t300000\n')
      await engine.write(insert, { ...token, max_threads: '4', async_insert: '1' }, body)
      expect(await parts()).toBe('0\t1\t300000\n')
      await engine.write(insert, { insert_deduplication_token: 'k2' }, body)
      expect((await engine.read('SELECT count() FROM t')).text).toBe('600000\n')
    },
  )

  test('the token carries into dependent views', async () => {
    await engine.write('DROP TABLE IF EXISTS sums')
    await engine.write(
      'CREATE TABLE sums (c String, n UInt64) ENGINE = MergeTree ORDER BY c SETTINGS non_replicated_deduplication_window = 100',
    )
    await engine.write(
      'CREATE MATERIALIZED VIEW sums_view TO sums AS SELECT c, count() AS n FROM t GROUP BY c',
    )
    const body = await bytesOf(many, 'Native')
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await engine.write(
        'INSERT INTO t (a, c) FORMAT Native',
        {
          insert_deduplication_token: 'k',
          deduplicate_blocks_in_dependent_materialized_views: '1',
        },
        body,
      )
    }
    expect((await engine.read('SELECT sum(n), count() FROM sums')).text).toBe('300000\t7\n')
    await engine.write('DROP TABLE sums_view')
  })
})

describe('bad inserts', () => {
  test.each([
    ['INSERT INTO nope FORMAT CSV', '1', 404, 60],
    ['INSERT INTO t (nope) FORMAT CSV', '1', 404, 16],
    ['INSERT INTO t FORMAT Nope', '1', 404, 73],
    ['INSERT INTO t FORMAT JSONEachRow', '{"a": "x"}', 400, 27],
    ['INSERT INTO t FORMAT Native', 'not native', 400, 33],
    ['INSERT INTO t FORMAT', '1', 400, 62],
    ['INSERT INTO t FORMAT CSV SETTINGS nope = 1', '1,2,3', 400, 27],
  ])('%s with %s is %i, code %i', async (sql, body, status, code) => {
    const answer = await engine.write(sql, {}, body)
    expect([answer.status, answer.code], answer.text).toEqual([status, code])
    expect(answer.text).not.toMatch(/\/insert-\d/)
  })

  test('bad gzip is refused, and nothing is kept of it', async () => {
    const whole = gzipSync(
      await bytesOf('SELECT toUInt32(number) AS a FROM numbers(100000)', 'Native'),
    )
    for (const body of [Buffer.from('not gzip'), whole.subarray(0, whole.length >> 1)]) {
      const answer = await engine.write(
        'INSERT INTO t (a) FORMAT Native',
        {},
        new Uint8Array(body),
        {
          'Content-Encoding': 'gzip',
        },
      )
      expect(answer.status, answer.text).toBeGreaterThanOrEqual(400)
    }
    expect(await rows()).toBe('')
  })

  test('a body above the limit is 413', async () => {
    const answer = await engine.write('INSERT INTO t FORMAT CSV', {}, 'x'.repeat(31_000_000))
    expect(answer.status).toBe(413)
  })

  test('of an insert whose client goes away in the middle nothing is kept', async () => {
    const line = '{"a":1}\n'.repeat(5000)
    await new Promise<void>((resolve) => {
      const socket = connect(engine.port, '127.0.0.1', () => {
        socket.write(
          'POST /?query=INSERT%20INTO%20t%20FORMAT%20JSONEachRow HTTP/1.1\r\nHost: localhost\r\n' +
            `X-ClickHouse-User: wayward_writer\r\nX-ClickHouse-Key: ${tokenText}\r\n` +
            `Content-Length: ${line.length * 2}\r\n\r\n${line}`,
        )
        setTimeout(() => socket.destroy(), 100)
      })
      socket.on('close', () => resolve())
    })
    await eventually('the file is given back', 2000, () => leftovers().length <= 2)
    expect(await rows()).toBe('')
  })

  test('no more files stay behind than are written over by the next inserts', async () => {
    await eventually('the other bodies are deleted', 2000, () => leftovers().length <= 2)
  })

  function leftovers(): string[] {
    const folders = [join(engine.dataDir, 'tmp')]
    const name = createHash('sha256').update(engine.dataDir).digest('hex').slice(0, 16)
    const inMemory = `/dev/shm/wayward-${userInfo().uid}-${name}`
    if (existsSync('/dev/shm')) folders.push(inMemory)
    return folders.flatMap((folder) => readdirSync(folder))
  }
})
