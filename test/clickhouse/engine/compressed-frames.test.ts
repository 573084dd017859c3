import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cityHash128 } from '@wayward/clickhouse/engine/city-hash'
import {
  createFrameReader,
  type FrameMethod,
  frameOf,
  framesUndone,
  hasZstd,
} from '@wayward/clickhouse/engine/compressed-frames'
import { ClickhouseException } from '@wayward/clickhouse/engine/exception'
import { type RunningEngine, startEngine } from './running-engine.ts'

const bytesMax = 1024 * 1024
const methods: readonly FrameMethod[] = hasZstd ? ['none', 'lz4', 'zstd'] : ['none', 'lz4']

/** What the Go client's library writes for this text with each method. */
const text = 'SELECT 1 + 1 '.repeat(12)
const framesOfGo: readonly (readonly [string, string])[] = [
  [
    'NONE',
    '938f0107aabc91348b515beda2d4704e02a50000009c00000053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b20312053454c4543542031202b203120',
  ],
  [
    'LZ4',
    '7dc95d00160f0abf9d6916a4c3a7e716822c0000009c000000df53454c4543542031202b2031200d0069018200e02053454c4543542031202b203120',
  ],
  [
    'ZSTD',
    '268705402dca38128aa17699f454b60b902b0000009c00000028b52ffd0400ad00006853454c4543542031202b20312001540d042b0c08bb8d5f82',
  ],
]

async function undo(...chunks: readonly Buffer[]): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of framesUndone(Readable.from(chunks), bytesMax)) parts.push(part)
  return Buffer.concat(parts)
}

describe('frames', () => {
  test.each(framesOfGo)('of the Go client are read: %s', async (method, hex) => {
    if (method === 'ZSTD' && !hasZstd) return
    expect((await undo(Buffer.from(hex, 'hex'))).toString()).toBe(text)
  })

  test('without compression are byte for byte those of the Go client', async () => {
    const [, hex] = framesOfGo[0] ?? []
    expect((await frameOf(Buffer.from(text), 'none')).toString('hex')).toBe(hex)
  })

  test.each(methods)('come back as they went in: %s', async (method) => {
    for (const length of [1, 2, 15, 16, 127, 1000, 65_536, 300_000]) {
      const bytes = Buffer.from(Uint8Array.from({ length }, (_, i) => (i * i) >> (i % 11)))
      expect((await undo(await frameOf(bytes, method))).equals(bytes), String(length)).toBe(true)
    }
  })

  test('may be cut anywhere, and follow one another', async () => {
    const body = Buffer.concat(
      await Promise.all(methods.map((method) => frameOf(Buffer.from(text), method))),
    )
    const single = Array.from(body, (byte) => Buffer.from([byte]))
    expect((await undo(...single)).toString()).toBe(text.repeat(methods.length))
    expect((await undo(body.subarray(0, 50), body.subarray(50))).toString()).toBe(
      text.repeat(methods.length),
    )
  })

  test('are refused with any byte changed, and where one ends early', async () => {
    for (const method of methods) {
      const frame = await frameOf(Buffer.from(text), method)
      for (let at = 0; at < frame.length; at += 1) {
        const changed = Buffer.from(frame)
        changed[at] = (changed[at] ?? 0) ^ 0x41
        await expect(undo(changed), `${method} ${at}`).rejects.toMatchObject({ status: 400 })
        if (at > 0) await expect(undo(frame.subarray(0, at))).rejects.toMatchObject({ code: 33 })
      }
    }
  })

  test('whose checksum is right and whose inside is not are refused', async () => {
    const random = Buffer.from(Uint8Array.from({ length: 200 }, (_, i) => i * 37))
    const frame = await frameOf(random, 'none')
    for (const method of [0x82, 0x90, 0x91]) {
      const lie = Buffer.from(frame)
      lie.writeUInt8(method, 16)
      const { low, high } = cityHash128(lie.subarray(16))
      lie.writeBigUInt64LE(low, 0)
      lie.writeBigUInt64LE(high, 8)
      await expect(undo(lie)).rejects.toBeInstanceOf(ClickhouseException)
    }
  })

  test('that say they are larger than allowed are refused before their bytes are there', async () => {
    const reader = createFrameReader(1000)
    const head = Buffer.alloc(25)
    head.writeUInt8(0x82, 16)
    for (const [packed, bytes] of [
      [2000, 10],
      [10, 2000],
      [3, 10],
      [20, 1_000_000],
    ] as const) {
      head.writeUInt32LE(packed, 17)
      head.writeUInt32LE(bytes, 21)
      await expect(reader.read(Buffer.from(head)).next()).rejects.toMatchObject({
        errorName: 'TOO_LARGE_SIZE_COMPRESSED',
      })
    }
  })
})

describe('the SQL door', () => {
  let engine: RunningEngine
  beforeAll(async () => {
    engine = await startEngine({ queryBytesMax: 100_000 })
    await engine.write('CREATE TABLE t (a UInt64, b String) ENGINE = MergeTree ORDER BY a')
  })
  afterAll(() => engine.close())

  const framed = async (
    sql: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<string> => {
    const { bytes } = await engine.read(sql, { compress: '1', ...parameters })
    return (await undo(bytes)).toString()
  }

  test.each(['NONE', 'LZ4', 'ZSTD', 'unknown'])('answers in frames: %s', async (method) => {
    const parameters = { network_compression_method: method }
    expect(await framed('SELECT 1', parameters)).toBe('1\n')
    const lines = await framed('SELECT number FROM numbers(300000)', parameters)
    expect(lines.split('\n').length).toBe(300_001)
    expect(lines.endsWith('\n299999\n')).toBe(true)
    expect(await framed('SELECT 1 WHERE 0', parameters)).toBe('')
  })

  test('answers in frames within gzip', async () => {
    const { bytes, headers } = await engine.read('SELECT 7', {
      compress: '1',
      enable_http_compression: '1',
    })
    // fetch() has undone the outer one.
    expect(headers.get('content-encoding')).toBe('gzip')
    expect((await undo(bytes)).toString()).toBe('7\n')
  })

  test('errors are in frames as well, but for those at the door', async () => {
    expect(await framed('SELECT nope', {})).toMatch(/^Code: 47\. DB::Exception: .*nope/)
    const refused = await engine.read('SELECT 1', { compress: '1', user: 'x', password: 'y' })
    expect(refused.status).toBe(403)
    expect(refused.text).toMatch(/^Code: 516\. /)
  })

  test('Native of a revision goes into frames', async () => {
    const parameters = { compress: '1', client_protocol_version: '54460' }
    const { bytes } = await engine.read('SELECT 1 AS a FORMAT Native', parameters)
    const block = '\x01\x00\x02\xff\xff\xff\xff\x00\x01\x01\x01a\x05UInt8\x00\x01'
    expect(await undo(bytes)).toEqual(Buffer.from(block, 'latin1'))
  })

  test.each(methods)('takes bodies in frames: %s', async (method) => {
    const post = async (
      body: Buffer,
      parameters: Readonly<Record<string, string>>,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<string> => {
      const { query = '', ...rest } = parameters
      const bytes = Uint8Array.from(await frameOf(body, method))
      return (await engine.write(query, { decompress: '1', ...rest }, bytes, headers)).text
    }
    expect(await post(Buffer.from('SELECT 1 + 1'), {})).toBe('2\n')
    expect(await post(Buffer.from(' + 2'), { query: 'SELECT 1' })).toBe('3\n')
    expect(
      await post(Buffer.from('1,x\n2,"y\n\nz"\n'), { query: 'INSERT INTO t FORMAT CSV' }),
    ).toBe('')
    expect(await post(Buffer.from('INSERT INTO t FORMAT CSV\n3,q\n'), {})).toBe('')
    expect((await engine.read('SELECT * FROM t ORDER BY a FORMAT CSV')).text).toBe(
      '1,"x"\n2,"y\n\nz"\n3,"q"\n',
    )
    await engine.write('TRUNCATE TABLE t')
  })

  test.each([
    ['no frame at all', Buffer.from('SELECT 1'), 'CANNOT_READ_ALL_DATA'],
    ['text that is read as a frame', Buffer.alloc(100, 'SELECT 1 '), 'UNKNOWN_COMPRESSION_METHOD'],
  ])('%s is a clear 400', async (_, body, name) => {
    const bytes = Uint8Array.from(body)
    const { status, text: answer } = await engine.write('', { decompress: '1' }, bytes)
    expect(status).toBe(400)
    expect(answer).toContain(name)
  })

  test('a frame larger than a statement may be is refused to those who only read', async () => {
    const body = Uint8Array.from(await frameOf(Buffer.alloc(300_000, 'x'), 'lz4'))
    const answer = await fetch(`${engine.url}/?decompress=1`, { method: 'POST', body })
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('TOO_LARGE_SIZE_COMPRESSED')
  })

  test('decompress=1 within an encoding that only the engine knows is refused', async () => {
    const headers = { 'Content-Encoding': 'xz' }
    const { status, text: answer } = await engine.write(
      '',
      { decompress: '1' },
      new Uint8Array(9),
      headers,
    )
    expect(status).toBe(501)
    expect(answer).toContain('decompress=1 within the Content-Encoding "xz"')
  })

  test('a client that goes away within a large answer is let go', async () => {
    const sql = 'SELECT number, toString(number) FROM numbers(900000) FORMAT Native'
    const query = new URLSearchParams({ compress: '1', client_protocol_version: '54460' })
    for (let round = 0; round < 8; round += 1) {
      const controller = new AbortController()
      const { signal } = controller
      const init = { method: 'POST', body: sql, signal }
      const answer = await fetch(`${engine.url}/?${query.toString()}`, init)
      const reader = answer.body?.getReader()
      await reader?.read()
      controller.abort()
    }
    expect(await framed('SELECT 1', {})).toBe('1\n')
    expect(engine.messages.filter((message) => /warning/i.test(message))).toEqual([])
  })
})
