import { request } from 'node:http'
import { connect } from 'node:net'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exchangeHttp, expectingHead } from '../../harness/raw-http.ts'
import { ask, type RunningEngine, startEngine, tokenText } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine({ queryBytesMax: 10_000, insertBytesMax: 100_000 })
})
afterAll(() => engine.close())

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

describe('paths and methods', () => {
  test.each(['/ping', '/replicas_status', '/'])('GET %s answers Ok.', async (path) => {
    const response = await fetch(`${engine.url}${path}`)
    expect([response.status, await response.text()]).toEqual([200, 'Ok.\n'])
  })

  test('HEAD /ping answers without a body', async () => {
    const response = await fetch(`${engine.url}/ping`, { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
  })

  test.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is refused', async (method) => {
    const response = await fetch(`${engine.url}/`, { method })
    expect(response.status).toBe(501)
  })

  test('an unknown path is 404 and says which exist', async () => {
    const response = await fetch(`${engine.url}/nope`)
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('/replicas_status')
  })

  test('POST without a length and not chunked is 411', async () => {
    const text = await raw('POST / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(text).toContain('HTTP/1.1 411')
    expect(text).toContain('HTTP_LENGTH_REQUIRED')
  })

  test('a body of megabytes that waits to be asked for is asked for', async () => {
    const body = Buffer.from('SELECT 1 + 1')
    const { port } = new URL(engine.url)
    const head = expectingHead('POST', '/', [`Content-Length: ${body.length}`])
    const seen = await exchangeHttp(Number(port), head, body.toString())
    expect(seen).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
    expect(seen).toMatch(/\r\n2\n/)
  })

  test.each(['127.evil.com', '127.0.0.1.evil.com', 'localhost.evil.com'])(
    'the Host %s is refused, though it looks like this machine',
    async (host) => {
      const { port } = new URL(engine.url)
      const head = `GET /?query=SELECT+1 HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
      const seen = await exchangeHttp(Number(port), head)
      expect(seen).toMatch(/^HTTP\/1\.1 403 /)
      expect(seen).toContain(`The Host "${host}" is not this machine`)
    },
  )

  test('a foreign Host is refused: a web page cannot get in by its own name', async () => {
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${engine.url}/?query=SELECT%201`, {
        headers: { Host: 'evil.example' },
      })
      asked.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      asked.on('error', reject)
      asked.end()
    })
    expect(status).toBe(403)
  })
})

describe('queries', () => {
  test('the text may be in the URL, in the body, or in both', async () => {
    const byUrl = await fetch(`${engine.url}/?query=${encodeURIComponent('SELECT 1 + 1')}`)
    expect(await byUrl.text()).toBe('2\n')
    expect((await engine.read('SELECT 1 + 1')).text).toBe('2\n')
    const both = await ask(engine.url, { query: 'SELECT 1 +' }, { body: '1' })
    expect(both.text).toBe('2\n')
  })

  test('the format: TabSeparated, unless default_format, a header or the statement says otherwise', async () => {
    const text = async (sql: string, parameters = {}, headers = {}): Promise<string> =>
      (await ask(engine.url, parameters, { body: sql, headers })).text
    expect(await text(`SELECT 1 AS a, 'x' AS b`)).toBe('1\tx\n')
    expect(await text(`SELECT 1 AS a, 'x' AS b`, { default_format: 'CSV' })).toBe('1,"x"\n')
    expect(await text('SELECT 1 AS a', {}, { 'X-ClickHouse-Format': 'JSONEachRow' })).toBe(
      '{"a":1}\n',
    )
    expect(await text('SELECT 1 AS a FORMAT CSV', { default_format: 'XML' })).toBe('1\n')
  })

  test('the headers are those of a ClickHouse server', async () => {
    const { headers } = await engine.read('SELECT number FROM numbers(3) FORMAT JSON', {
      query_id: 'my-id',
    })
    expect(headers.get('x-clickhouse-query-id')).toBe('my-id')
    expect(headers.get('x-clickhouse-format')).toBe('JSON')
    expect(headers.get('x-clickhouse-timezone')).toBeTruthy()
    expect(headers.get('x-clickhouse-server-display-name')).toBeTruthy()
    expect(headers.get('content-type')).toBe('application/json; charset=UTF-8')
    expect(headers.get('keep-alive')).toMatch(/timeout=\d+/)
    expect(JSON.parse(headers.get('x-clickhouse-summary') ?? '')).toMatchObject({
      result_rows: '3',
    })
  })

  test('Native and other binary formats arrive byte by byte', async () => {
    const { bytes, headers } = await engine.read('SELECT toUInt8(number) AS n FROM numbers(256)', {
      default_format: 'Native',
    })
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(bytes.subarray(-256)).toEqual(Buffer.from(Array.from({ length: 256 }, (_, i) => i)))
  })

  test('settings come from the URL; an unknown one is error 115', async () => {
    const quoted = await engine.read('SELECT toUInt64(1) AS a FORMAT JSONEachRow', {
      output_format_json_quote_64bit_integers: '1',
    })
    expect(quoted.text).toBe('{"a":"1"}\n')
    const unknown = await engine.read('SELECT 1', { no_such_setting: '1' })
    expect([unknown.status, unknown.code]).toEqual([404, 115])
  })

  test('session_id and the transport settings of clients are accepted', async () => {
    const { status } = await engine.read('SELECT 1', {
      session_id: 'abc',
      session_timeout: '60',
      wait_end_of_query: '1',
      send_progress_in_http_headers: '1',
      cancel_http_readonly_queries_on_client_close: '1',
    })
    expect(status).toBe(200)
  })

  test('database: the one of Wayward, unless the client names another', async () => {
    expect((await engine.read('SELECT currentDatabase()')).text).toBe('wayward\n')
    expect((await engine.read('SELECT currentDatabase()', { database: 'default' })).text).toBe(
      'default\n',
    )
    const missing = await engine.read('SELECT 1', { database: 'no`pe' })
    expect([missing.status, missing.code]).toEqual([404, 81])
  })

  test('a large result is compressed when the client asks for it, and only then', async () => {
    const sql = 'SELECT number FROM numbers(1000)'
    const plain = await engine.read(sql)
    const headers = { 'Accept-Encoding': 'gzip' }
    const packed = await new Promise<Buffer>((resolve, reject) => {
      const asked = request(
        `${engine.url}/?enable_http_compression=1`,
        { method: 'POST', headers },
        (response) => {
          const chunks: Buffer[] = []
          expect(response.headers['content-encoding']).toBe('gzip')
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () => resolve(Buffer.concat(chunks)))
        },
      )
      asked.on('error', reject)
      asked.end(sql)
    })
    expect(plain.headers.get('content-encoding')).toBeNull()
    expect(gunzipSync(packed).toString()).toBe(plain.text)
  })

  test('a compressed statement is understood', async () => {
    const { text } = await ask(
      engine.url,
      {},
      { body: gzipSync('SELECT 42'), headers: { 'Content-Encoding': 'gzip' } },
    )
    expect(text).toBe('42\n')
  })
})

describe('parameters', () => {
  test('values of many types arrive', async () => {
    const { text } = await engine.read(
      'SELECT {a:UInt32} + 1, {b:String}, {c:Array(String)}, {d:DateTime64(9)}, {e:Nullable(String)} FORMAT JSONCompactEachRow',
      {
        param_a: '41',
        param_b: "it's",
        param_c: "['x','y']",
        param_d: '2026-01-02 03:04:05.123456789',
        param_e: '\\N',
      },
    )
    expect(JSON.parse(text)).toEqual([
      42,
      "it's",
      ['x', 'y'],
      '2026-01-02 03:04:05.123456789',
      null,
    ])
  })

  test('no value can leave its quotes', async () => {
    const seed = 20261121
    const random = generator(seed)
    const alphabet = [
      "'",
      '\\',
      '`',
      '"',
      ';',
      '\n',
      '\t',
      '--',
      '/*',
      '*/',
      '\0',
      'é',
      '🔒',
      'x',
      ' ',
    ]
    alphabet.push('{a:String}', "'; DROP TABLE t; --", '\\\\', '$x$', '${', '%', '\r\n', '\n\n')
    for (let round = 0; round < 60; round += 1) {
      let value = ''
      for (let i = 0; i < 1 + random() * 12; i += 1) {
        value += alphabet[Math.floor(random() * alphabet.length)]
      }
      const answer = await engine.read('SELECT hex({v:String})', { param_v: escapeValue(value) })
      expect(answer.text.trim(), `seed ${seed}, round ${round}: ${JSON.stringify(value)}`).toBe(
        Buffer.from(value).toString('hex').toUpperCase(),
      )
    }
  })

  test('a name that is not a word is refused', async () => {
    const answer = await engine.read('SELECT 1', { "param_x = 1; DROP TABLE t; --'": '1' })
    expect([answer.status, answer.code]).toEqual([400, 36])
    const setting = await engine.read('SELECT 1', { 'max_threads = 1, readonly': '0' })
    expect([setting.status, setting.code]).toEqual([400, 36])
  })

  test('queries at the same time keep their parameters apart', async () => {
    const numbers = Array.from({ length: 60 }, (_, i) => i)
    const answers = await Promise.all(
      numbers.map((i) => engine.read('SELECT {n:UInt32}, sleep(0.01)', { param_n: String(i) })),
    )
    expect(answers.map(({ text }) => text)).toEqual(numbers.map((i) => `${i}\t0\n`))
  })
})

describe('accounts', () => {
  test('the token works by every way that ClickHouse has', async () => {
    const sql = 'SELECT 1'
    const ways: [Record<string, string>, Record<string, string>][] = [
      [{}, { Authorization: basic('wayward_writer', tokenText) }],
      [{}, { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': tokenText }],
      [{ user: 'wayward_writer', password: tokenText }, {}],
      [{}, { Authorization: `Bearer ${tokenText}` }],
      [{}, { Authorization: basic('default', '') }],
    ]
    for (const [parameters, headers] of ways) {
      expect((await ask(engine.url, parameters, { body: sql, headers })).status).toBe(200)
    }
  })

  test('a wrong password or user is 403 and error 516', async () => {
    const ways: [Record<string, string>, Record<string, string>][] = [
      [{}, { Authorization: basic('wayward_writer', 'wrong') }],
      [{}, { Authorization: basic('wayward_writer', '') }],
      [{}, { Authorization: basic('default', 'x') }],
      [{}, { Authorization: basic('somebody', '') }],
      [{}, { Authorization: 'Digest abc' }],
      [{}, { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': 'wrong' }],
      [{ user: 'wayward_writer', password: 'wrong' }, {}],
      [{ user: 'wayward_writer', password: tokenText }, { Authorization: basic('default', '') }],
      [{}, { 'X-ClickHouse-User': 'default', Authorization: basic('default', '') }],
    ]
    for (const [parameters, headers] of ways) {
      const answer = await ask(engine.url, parameters, { body: 'SELECT 1', headers })
      expect([answer.status, answer.code], JSON.stringify([parameters, headers])).toEqual([
        403, 516,
      ])
    }
  })

  test('GET only reads, also with the token', async () => {
    const headers = { Authorization: basic('wayward_writer', tokenText) }
    for (const sql of ['CREATE TABLE g (a Int8) ENGINE = Memory', 'INSERT INTO g VALUES (1)']) {
      const response = await fetch(`${engine.url}/?query=${encodeURIComponent(sql)}`, { headers })
      expect(response.headers.get('x-clickhouse-exception-code')).toBe('164')
    }
  })
})

describe('errors', () => {
  test.each([
    ['SELECT * FROM nope', 404, 60, /UNKNOWN_TABLE\) \(version [\d.]+\)\n$/],
    ['SELECT nope', 404, 47, /UNKNOWN_IDENTIFIER/],
    ['SELECT nope(1)', 404, 46, /UNKNOWN_FUNCTION/],
    ['SELEC 1', 400, 62, /^Code: 62. DB::Exception: Syntax error: failed at position 1/],
    ['', 400, 62, /Empty query/],
    ['SELECT 1; SELECT 2', 400, 62, /Multi-statements are not allowed/],
    ['SELECT 1; garbage', 400, 62, /SYNTAX_ERROR/],
    [`SELECT toUInt8('x')`, 400, 6, /CANNOT_PARSE_TEXT/],
    ['SELECT 1 FORMAT Nope', 404, 73, /UNKNOWN_FORMAT/],
    ['SELECT {x:String}', 400, 456, /UNKNOWN_QUERY_PARAMETER/],
    [`SELECT throwIf(1, 'mine')`, 500, 395, /mine/],
  ])('%s is %i with code %i', async (sql, status, code, text) => {
    const answer = await engine.read(sql)
    expect([answer.status, answer.code]).toEqual([status, code])
    expect(answer.text).toMatch(text)
  })

  test('a statement above the limit is 413', async () => {
    const answer = await engine.read(`SELECT '${'x'.repeat(20_000)}'`)
    expect(answer.status).toBe(413)
    const url = await ask(engine.url, { query: `SELECT '${'x'.repeat(20_000)}'` }, { body: '' })
    expect(url.status).toBe(413)
  })
})

describe('what is not a request', () => {
  test.each([
    ['garbage', 'nonsense\r\n\r\n', 'HTTP/1.1 400'],
    ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00', 'HTTP/1.1 400'],
    [
      'giant headers',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(300_000)}\r\n\r\n`,
      'HTTP/1.1 431',
    ],
    [
      'an invalid URL',
      'GET http://[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
      'HTTP/1.1 404',
    ],
  ])('%s is refused', async (_name, bytes, answer) => {
    expect(await raw(bytes)).toContain(answer)
    expect((await engine.read('SELECT 1')).text).toBe('1\n')
  })

  test('a statement in an encoding of the engine is the writing account’s, and this is said', async () => {
    const init = { body: 'x', headers: { 'Content-Encoding': 'zstd' } }
    const answer = await ask(engine.url, {}, init)
    expect([answer.status, answer.text]).toEqual([
      501,
      expect.stringContaining('send it as it is, or with gzip, deflate or br'),
    ])
  })

  test('bad gzip, an unknown encoding and a cut body harm nothing', async () => {
    const pid = engine.engine.pid
    const bad = await ask(
      engine.url,
      {},
      { body: 'not gzip', headers: { 'Content-Encoding': 'gzip' } },
    )
    expect(bad.status).toBe(400)
    const cutGzip = await ask(
      engine.url,
      {},
      { body: gzipSync('SELECT 1').subarray(0, 12), headers: { 'Content-Encoding': 'gzip' } },
    )
    expect(cutGzip.status).toBe(400)
    const unknown = await ask(
      engine.url,
      {},
      { body: 'SELECT 1', headers: { 'Content-Encoding': 'rot13' } },
    )
    expect(unknown.status).toBe(501)
    await cut('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nSELECT')
    await cut(
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f',
    )
    expect((await engine.read('SELECT 1')).text).toBe('1\n')
    expect(engine.engine.pid).toBe(pid)
  })
})

function generator(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/** HTTP parameters are written in the escaping of TabSeparated. */
function escapeValue(value: string): string {
  return value
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\0', '\\0')
}

function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(engine.port, '127.0.0.1', () => socket.write(bytes, 'latin1'))
    let text = ''
    socket.setTimeout(5000, () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      if (text.includes('\r\n\r\n')) setTimeout(() => socket.destroy(), 50)
    })
    socket.on('close', () => resolve(text))
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)))
  })
}

function cut(bytes: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(engine.port, '127.0.0.1', () =>
      socket.write(bytes, 'latin1', () => setTimeout(() => socket.destroy(), 50)),
    )
    socket.on('close', () => resolve())
  })
}

describe('what is not UTF-8', () => {
  const post = async (body: Uint8Array, address = ''): Promise<string> => {
    const response = await fetch(`${engine.url}/${address}`, {
      method: 'POST',
      body: Buffer.from(body),
    })
    return `${response.status} ${await response.text()}`
  }
  const broken = Buffer.concat([Buffer.from("SELECT hex('"), Buffer.of(0xff), Buffer.from("')")])

  test('is refused, and never silently another text', async () => {
    expect(await post(broken)).toMatch(/^400 .*The statement is not UTF-8/)
    expect(await post(broken.subarray(0, 13), '?query=SELECT+1,')).toMatch(/^400 /)
    expect(await post(Buffer.alloc(0), '?query=SELECT+hex(%27%FF%27)')).toMatch(
      /^400 .*The part "%FF" of the address is not UTF-8/,
    )
    expect(await post(Buffer.from('SELECT {a:String}'), '?param_a=%C3%28')).toMatch(/^400 .*"%C3"/)
    expect(await post(Buffer.alloc(0), "?query=SELECT+'%C3%A9'")).toBe('200 é\n')
  })

  test('in an address as it is, is refused with what to do', async () => {
    const answer = await raw("GET /?query=SELECT'\xc3\xa9' HTTP/1.1\r\nHost: localhost\r\n\r\n")
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(
      /Code: 36\. .*Invalid char in url query; percent-encode what is not ASCII/,
    )
  })

  test('is no matter of the header that names the database', async () => {
    const name = Buffer.from('база').toString('latin1')
    const head = `POST / HTTP/1.1\r\nHost: localhost\r\nX-ClickHouse-Database: ${name}\r\nContent-Length: 24\r\nConnection: close\r\n\r\n`
    expect(await engine.write('CREATE DATABASE `база` ENGINE = Atomic')).toMatchObject({ code: 0 })
    expect(
      Buffer.from(await raw(`${head}SELECT currentDatabase()`), 'latin1').toString(),
    ).toContain('\r\n\r\nбаза\n')
  })

  test('is stored as it is by an insert, also into a table of another alphabet, compressed or not', async () => {
    await engine.write('CREATE TABLE `таблица` (b String) ENGINE = Memory')
    const insert = Buffer.concat([
      Buffer.from('INSERT INTO `таблица` FORMAT RawBLOB '),
      Buffer.of(0xff, 0, 0x0a),
    ])
    const headers = { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': tokenText }
    for (const [body, coding] of [
      [insert, 'identity'],
      [gzipSync(insert), 'gzip'],
    ] as const) {
      const response = await fetch(`${engine.url}/`, {
        method: 'POST',
        headers: { ...headers, 'content-encoding': coding },
        body: Buffer.from(body),
      })
      expect([response.status, await response.text()]).toEqual([200, ''])
    }
    expect((await engine.read('SELECT hex(b) FROM `таблица`')).text).toBe('FF000A\nFF000A\n')
  })
})

test('INSERT … SELECT FROM input() is refused, as nothing would be stored', async () => {
  await engine.write('CREATE TABLE for_input (a UInt8) ENGINE = Memory')
  const sql = "INSERT INTO for_input SELECT * FROM input('a UInt8') FORMAT TSV"
  const answer = await engine.write(sql, {}, '1\n')
  expect([answer.status, answer.code]).toEqual([501, 48])
  const hidden = `/* x */ -- y\n${sql.replace('input(', 'input/**/ (')}`
  expect((await engine.write(hidden, {}, '1\n')).code).toBe(48)
  const column = await engine.write("INSERT INTO for_input SELECT length('input(') AS input")
  expect(column.status).toBe(200)
})

test('an answer names its format behind comments and brackets, too', async () => {
  for (const sql of ['-- a client\nSELECT 1', '/* a */ ((SELECT 1))', '# b\n(SELECT 1)']) {
    const { headers } = await engine.read(sql, { default_format: 'JSONEachRow' })
    expect(headers.get('x-clickhouse-format'), sql).toBe('JSONEachRow')
  }
})

describe('small things that clients rely on', () => {
  const ask = async (address: string, headers: Record<string, string> = {}): Promise<Response> =>
    await fetch(`${engine.url}/?${address}`, { method: 'POST', headers })

  test('an error is compressed where answers are', async () => {
    const head =
      'POST /?enable_http_compression=1&query=SELEC HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n' +
      'Content-Length: 0\r\nConnection: close\r\n\r\n'
    expect(await exchangeHttp(engine.port, head)).toMatch(
      /^HTTP\/1\.1 400 [^]*Content-Encoding: gzip/,
    )
    const response = await ask('enable_http_compression=1&query=SELEC', {
      'accept-encoding': 'gzip',
    })
    expect(await response.text()).toContain('SYNTAX_ERROR')
  })

  test('a statement without rows names no format', async () => {
    const made = await engine.write(
      'CREATE TABLE IF NOT EXISTS no_rows (a UInt8) ENGINE = Memory',
      { default_format: 'JSON' },
    )
    expect(made.headers.get('x-clickhouse-format')).toBeNull()
    expect(made.headers.get('content-type')).toBe('text/plain; charset=UTF-8')
    const selected = await ask('query=SELECT+1+WHERE+0&default_format=JSONEachRow')
    expect(selected.headers.get('x-clickhouse-format')).toBe('JSONEachRow')
  })

  test('a session that has not begun, and a role, are said not to be there', async () => {
    expect((await ask('query=SELECT+1&session_id=a&session_check=1')).status).toBe(404)
    expect((await ask('query=SELECT+1&session_id=a')).status).toBe(200)
    const role = await ask('query=SELECT+1&role=admin')
    expect([role.status, await role.text()]).toEqual([
      501,
      expect.stringContaining('A role cannot be chosen'),
    ])
  })

  test('names of parameters may have a dollar', async () => {
    const response = await ask('query=SELECT+%7Ba%24b%3AUInt8%7D&param_a%24b=7')
    expect(await response.text()).toBe('7\n')
  })
})
