import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRandom } from '../../collector/decode/random.ts'
import { type RunningEngine, startEngine, tokenText } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine({ queryBytesMax: 100_000 })
})
afterAll(() => engine.close())

async function send(fields: Readonly<Record<string, string>>, address = ''): Promise<string> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  const response = await fetch(`${engine.url}/${address}`, { method: 'POST', body: form })
  return `${response.status} ${await response.text()}`
}

/** Sends a body as it is, with the boundary `b`. */
async function sendRaw(
  body: string,
  contentType = 'multipart/form-data; boundary=b',
): Promise<string> {
  const headers = { 'content-type': contentType }
  const response = await fetch(`${engine.url}/`, { method: 'POST', body, headers })
  return `${response.status} ${await response.text()}`
}

const field = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`

describe('a form', () => {
  test('gives the statement, its parameters and settings, as the address does', async () => {
    const fields = {
      query: 'SELECT {n:UInt8} + 1 AS x',
      param_n: '4',
      default_format: 'JSONEachRow',
    }
    expect(await send(fields)).toBe('200 {"x":5}\n')
    expect(await send({ param_n: '4' }, '?query=SELECT+%7Bn%3AUInt8%7D')).toBe('200 4\n')
    expect(await send({ query: 'SELECT timezone()', session_timezone: 'Asia/Tokyo' })).toBe(
      '200 Asia/Tokyo\n',
    )
  })

  test('may have long and many parameters, of any characters', async () => {
    const text = `é'"\\\n\t${'日本 '.repeat(2_000)}`
    const query = 'SELECT length({text:String}), length({ids:Array(UInt32)})'
    const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t')
    const ids = `[${Array.from({ length: 2_000 }, (_, index) => index).join(',')}]`
    expect(await send({ query, param_text: escaped, param_ids: ids })).toBe(
      `200 ${Buffer.byteLength(text)}\t2000\n`,
    )
  })

  test('keeps the bytes of its fields, or is refused', async () => {
    expect(await send({ query: 'SELECT hex({x:String})', param_x: '\ufffd' })).toBe('200 EFBFBD\n')
    const typed = `--b\r\nContent-Disposition: form-data; name="param_x"\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\né\r\n`
    expect(await sendRaw(`${field('query', 'SELECT hex({x:String})')}${typed}--b--\r\n`)).toBe(
      '200 C3A9\n',
    )
    const headers = { 'content-type': 'multipart/form-data; boundary=b' }
    const body = Buffer.from(`${field('query', "SELECT 'é'")}--b--\r\n`, 'latin1')
    const response = await fetch(`${engine.url}/`, { method: 'POST', body, headers })
    expect(`${response.status} ${await response.text()}`).toMatch(/^400 .*"query" is not UTF-8/)
  })

  test('can do no more than the address', async () => {
    expect(await send({ query: "SELECT * FROM file('/etc/passwd', 'LineAsString')" })).toMatch(
      /^(403|400|500) /,
    )
    expect(await send({ query: 'SELECT 1', readonly: '0' })).toMatch(/READONLY|readonly/)
    expect(await send({ query: 'DROP TABLE t' })).toMatch(/readonly|read-only/i)
    expect(await send({ query: 'SELECT 1', user: 'nobody' })).toBe('200 1\n')
  })

  test('over the limit of a statement, with too many fields, or of too large files is refused', async () => {
    expect(await send({ query: 'SELECT 1', param_x: 'y'.repeat(100_001) })).toMatch(
      /^413 .*larger than 100000/,
    )
    const many = Array.from({ length: 1_001 }, (_, index) => field(`param_${index}`, '1')).join('')
    expect(await sendRaw(`${many}--b--\r\n`)).toMatch(/^413 .*more than 1000 fields/)
    const form = new FormData()
    form.set('t', new Blob(['1\n']), 't.tsv')
    for (let index = 0; index < 20; index++) form.set(`t${index}`, new Blob(['1']), 'x')
    const response = await fetch(`${engine.url}/?query=SELECT+1`, { method: 'POST', body: form })
    expect(`${response.status} ${await response.text()}`).toMatch(/^413 .*more than 20 files/)
  })

  test('with an insert is refused, with the token, too', async () => {
    const form = new FormData()
    form.set('query', 'INSERT INTO t FORMAT TSV 1')
    const headers = { 'X-ClickHouse-User': 'wayward_writer', 'X-ClickHouse-Key': tokenText }
    const response = await fetch(`${engine.url}/`, { method: 'POST', body: form, headers })
    expect(await response.text()).toContain('An insert with its data in a form is not supported')
  })

  test.each([
    ['without a boundary', field('query', 'SELECT 1'), 'multipart/form-data'],
    ['cut off', field('query', 'SELECT 1'), undefined],
    ['cut in a head', '--b\r\nContent-Disposition: form-da', undefined],
    ['of other text', 'SELECT 1', undefined],
  ])('%s is refused as what it is', async (_name, body, contentType) => {
    expect(await sendRaw(body, contentType)).toMatch(
      /^400 .*no multipart\/form-data as its Content-Type says/,
    )
  })

  test('of random bytes never breaks the engine', async () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = createRandom(seed)
      const bytes = Buffer.from(`${field('query', 'SELECT 1')}${field('param_a', 'b')}--b--\r\n`)
      for (let count = 0; count < 3; count++) bytes[random.below(bytes.length)] = random.below(256)
      const headers = { 'content-type': 'multipart/form-data; boundary=b' }
      const response = await fetch(`${engine.url}/`, { method: 'POST', body: bytes, headers })
      expect([200, 400, 403, 404, 413, 500, 501], `seed ${seed}`).toContain(response.status)
      await response.arrayBuffer()
    }
    expect(await send({ query: 'SELECT 1' })).toBe('200 1\n')
  }, 60_000)

  test('may come in chunks of one byte', async () => {
    const body = `${field('query', 'SELECT count(), sum(a) FROM t')}${field('t_structure', 'a UInt8')}--b\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\n${'1\n'.repeat(3000)}\r\n--b--\r\n`
    const crumbs = [...Buffer.from(body, 'latin1')].map(
      (byte) => `1\r\n${String.fromCharCode(byte)}\r\n`,
    )
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(engine.url).port), '127.0.0.1')
      socket.write(
        'POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n' +
          `Content-Type: multipart/form-data; boundary=b\r\n\r\n${crumbs.join('')}0\r\n\r\n`,
      )
      let text = ''
      socket.on('data', (chunk) => (text += chunk.toString()))
      socket.on('close', () => resolve(text))
    })
    expect(answer).toContain('\r\n\r\n3000\t3000\n')
  })

  test('that breaks off is let go', async () => {
    const { port } = new URL(engine.url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\n' +
        `Content-Length: 5000\r\n\r\n${field('query', 'SELECT 1')}`,
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    expect(await send({ query: 'SELECT 1' })).toBe('200 1\n')
  })
})
