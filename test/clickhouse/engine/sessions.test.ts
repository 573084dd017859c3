import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, eventually, type RunningEngine, startEngine } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine({ sessionConnectionsMax: 2, sessionsMax: 6, sessionBytesMax: 500 })
})
afterAll(() => engine.close())

let count = 0
const newId = (): string => `session-${(count += 1)}`

type Parameters = Readonly<Record<string, string>>

const read = (session_id: string, sql: string, parameters: Parameters = {}): Promise<Answer> =>
  engine.read(sql, { session_id, ...parameters })
const write = (session_id: string, sql: string, parameters: Parameters = {}): Promise<Answer> =>
  engine.write(sql, { session_id, ...parameters })

describe('a session', () => {
  test.each([
    ['the reading account', read],
    ['the writing account', write],
  ])('keeps what SET and USE have set, of %s', async (_name, ask) => {
    const id = newId()
    const set = await ask(
      id,
      "SET join_use_nulls = 1, output_format_json_quote_64bit_integers = '1';",
    )
    expect([set.status, set.text]).toEqual([200, ''])
    await ask(id, 'SET max_execution_time = 7')
    await ask(id, 'USE system')
    const sql =
      "SELECT getSetting('join_use_nulls'), currentDatabase(), getSetting('max_execution_time')"
    expect((await ask(id, sql)).text).toBe('true\tsystem\t7\n')
    // What the request says itself goes before it, and only for itself.
    const own = { join_use_nulls: '0', database: 'wayward' }
    expect((await ask(id, sql, own)).text).toBe('false\twayward\t7\n')
    expect((await ask(id, sql)).text).toBe('true\tsystem\t7\n')
    expect((await ask(newId(), sql)).text).toMatch(/^false\twayward\t/)
    expect((await ask(id, 'SELECT {x:UInt8}')).code).toBe(456)
    await ask(id, "SET param_x = '5'")
    expect((await ask(id, 'SELECT {x:UInt8}')).text).toBe('5\n')
  })

  test('sets nothing that the address may not', async () => {
    const id = newId()
    expect((await read(id, 'SET max_execution_time = 9999')).status).toBe(200)
    expect((await read(id, "SELECT getSetting('max_execution_time')")).text).toBe('30\n')
    for (const [sql, code] of [
      ['SET readonly = 0', 164],
      ["SET format_schema = '/etc/passwd'", 164],
      ['SET allow_introspection_functions = 1', 164],
      ['SET no_such_setting = 1', 115],
      ['SET join_use_nulls = 1; DROP TABLE t', 48],
      ['SET ROLE writing', 48],
      ['SET DEFAULT ROLE writing TO default', 48],
      ["SET additional_table_filters = {'a': 'b'}", 48],
      ['USE nowhere', 81],
    ] as const) {
      expect((await read(id, sql)).code, sql).toBe(code)
    }
    expect((await read(id, "SELECT getSetting('readonly'), currentDatabase()")).text).toBe(
      '1\twayward\n',
    )
    expect((await read(id, `SET a = 1, join_use_nulls = '${'x'.repeat(600)}'`)).status).not.toBe(
      200,
    )
    expect((await read(id, `SET param_x = '${'x'.repeat(600)}'`)).code).toBe(290)
  })

  test('keeps temporary tables of the writing account, and ends with its time', async () => {
    const id = newId()
    expect((await write(id, 'CREATE TEMPORARY TABLE tt (a UInt32, b String)')).status).toBe(200)
    expect((await write(id, "INSERT INTO tt VALUES (1, 'x'), (2, 'y')")).status).toBe(200)
    const sum = 'SELECT sum(a) FROM tt'
    expect((await write(id, sum)).text).toBe('3\n')
    expect((await write(newId(), sum)).code).toBe(60)
    expect((await engine.write(sum)).code).toBe(60)
    // The same name, but another account.
    expect((await read(id, sum)).code).toBe(60)
    // Settings, parameters and tables of a request do not stay on the kept connection.
    const block = "SELECT getSetting('max_block_size') = 77, {p:UInt8} FROM tt LIMIT 1"
    expect((await write(id, block, { max_block_size: '77', param_p: '1' })).text).toBe('1\t1\n')
    expect((await write(id, block, { param_p: '2' })).text).toBe('0\t2\n')
    expect((await write(id, block)).code).toBe(456)
    // An insert's own settings are taken back as well.
    const all = "SELECT getSetting('max_block_size') < 1000000, getSetting('max_threads')"
    expect((await write(id, all)).text).toBe((await engine.write(all)).text)
    const closing = await write(id, sum, { session_timeout: '1' })
    expect(closing.text).toBe('3\n')
    await eventually('the session is over', 5000, async () => {
      const check = await write(id, 'SELECT 1', { session_check: '1', session_timeout: '1' })
      if (check.code === 372) return true
      await new Promise((resolve) => setTimeout(resolve, 1200))
      return false
    })
    expect((await write(id, sum)).code).toBe(60)
  }, 20_000)

  test('brings its external tables and drops them again', async () => {
    const id = newId()
    await write(id, 'CREATE TEMPORARY TABLE tt (a UInt32) AS SELECT 1')
    for (const value of ['4', '5']) {
      const form = new FormData()
      form.set('e', new Blob([`${value}\n`]), 'e')
      const address = new URLSearchParams({
        session_id: id,
        e_structure: 'a UInt32',
        query: 'SELECT sum(a) FROM (SELECT * FROM tt UNION ALL SELECT * FROM e)',
        user: 'wayward_writer',
        password: 'a-token-of-the-test',
      })
      const response = await fetch(`${engine.url}/?${address.toString()}`, {
        method: 'POST',
        body: form,
      })
      expect(await response.text()).toBe(`${Number(value) + 1}\n`)
    }
    await write(id, 'SELECT 1', { close_session: '1' })
  })

  test('is checked, locked, closed and bounded', async () => {
    const id = newId()
    const check = await read(id, 'SELECT 1', { session_check: '1' })
    expect([check.status, check.code]).toEqual([404, 372])
    expect((await read(id, 'SELECT 1')).status).toBe(200)
    expect((await read(id, 'SELECT 1', { session_check: '1' })).status).toBe(200)
    const slow = read(id, 'SELECT sleep(0.7)')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect((await read(id, 'SELECT 1')).code).toBe(373)
    expect((await write(id, 'SELECT 1')).status).toBe(200)
    expect((await slow).status).toBe(200)
    expect((await read(id, 'SELECT 1', { close_session: '1' })).status).toBe(200)
    expect((await read(id, 'SELECT 1', { session_check: '1' })).code).toBe(372)
    for (const session_timeout of ['3601', '-1', 'x', '1.5', '']) {
      const answer = await read(id, 'SELECT 1', { session_timeout })
      expect([answer.status, answer.code], session_timeout).toEqual([400, 374])
    }
    expect((await read('x'.repeat(201), 'SELECT 1')).code).toBe(36)
  })

  test('gives way to a new one when there are too many, those without tables first', async () => {
    const ids = Array.from({ length: 3 }, newId)
    const codes: number[] = []
    for (const id of ids) codes.push((await write(id, 'CREATE TEMPORARY TABLE m (a Int8)')).code)
    expect(codes).toEqual([0, 0, 202])
    for (let index = 0; index < 10; index += 1) await read(newId(), 'SELECT 1')
    for (const id of ids.slice(0, 2)) {
      expect((await write(id, 'SELECT count() FROM m')).text).toBe('0\n')
      await write(id, 'SELECT 1', { close_session: '1' })
    }
    expect((await write(newId(), 'CREATE TEMPORARY TABLE m (a Int8)')).code).toBe(0)
  })

  test('of the writing account is not ended by those that everybody may open', async () => {
    const id = newId()
    await write(id, 'SET join_use_nulls = 1')
    for (let index = 0; index < 20; index += 1) await read(newId(), 'SELECT 1')
    const kept = await write(id, "SELECT getSetting('join_use_nulls')", { session_check: '1' })
    expect(kept.text).toBe('true\n')
  })

  test('takes the name of a database in quotes, too', async () => {
    const id = newId()
    for (const name of ['`system`', '"wayward"', 'system']) {
      expect((await read(id, `USE ${name}`)).text, name).toBe('')
      expect((await read(id, 'SELECT currentDatabase()')).text).toBe(
        `${name.replaceAll(/\W/g, '')}\n`,
      )
    }
    expect((await read(id, 'USE `a`; DROP TABLE t')).status).toBeGreaterThanOrEqual(400)
  })

  test('of the reading account makes no table, and is told what does', async () => {
    const answer = await read(newId(), 'CREATE TEMPORARY TABLE x (a Int8)')
    expect(answer.code).toBe(164)
    expect(answer.text).toContain('as a file of a form')
  })
})

test('a role cannot be chosen, and this is said', async () => {
  const answer = await engine.read('SELECT 1', { role: 'admin' })
  expect([answer.status, answer.text]).toEqual([501, expect.stringContaining('role')])
})
