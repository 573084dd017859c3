import { request } from 'node:http'
import * as zlib from 'node:zlib'
import lz4 from 'lz4-napi'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningEngine, startEngine } from './running-engine.ts'

let engine: RunningEngine
beforeAll(async () => {
  engine = await startEngine()
})
afterAll(() => engine.close())

interface Packed {
  readonly status: number
  readonly encoding: string | undefined
  readonly bytes: Buffer
}

/** Asks, and leaves the answer packed. */
function ask(
  sql: string,
  accepted: string,
  parameters = 'enable_http_compression=1',
): Promise<Packed> {
  return new Promise((resolve, reject) => {
    const headers = { 'Accept-Encoding': accepted }
    const asked = request(`${engine.url}/?${parameters}`, { method: 'POST', headers })
    asked.on('error', reject)
    asked.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          encoding: response.headers['content-encoding'],
          bytes: Buffer.concat(chunks),
        }),
      )
    })
    asked.end(sql)
  })
}

const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer }
const hasZstd = zstdDecompressSync !== undefined

async function unpack({ encoding, bytes }: Packed): Promise<string> {
  if (encoding === 'gzip') return zlib.gunzipSync(bytes).toString()
  if (encoding === 'deflate') return zlib.inflateSync(bytes).toString()
  if (encoding === 'br') return zlib.brotliDecompressSync(bytes).toString()
  if (encoding === 'lz4') return (await lz4.decompressFrame(bytes)).toString()
  if (encoding === 'zstd' && zstdDecompressSync) return zstdDecompressSync(bytes).toString()
  return bytes.toString()
}

const names = ['gzip', 'deflate', 'br', 'lz4', ...(hasZstd ? ['zstd'] : [])]

describe('an answer', () => {
  test.each(names)('comes in %s where the client asks for it', async (name) => {
    // Of many blocks, of one that does not get smaller, and of one byte.
    for (const sql of [
      'SELECT number FROM numbers(300000)',
      'SELECT randomString(100000) FORMAT RawBLOB',
      'SELECT 1 FORMAT RawBLOB',
    ]) {
      const answer = await ask(sql, name)
      expect([answer.status, answer.encoding]).toEqual([200, name])
      const text = await unpack(answer)
      if (sql.includes('numbers')) expect(text.split('\n').length).toBe(300_001)
      else expect(text.length).toBeGreaterThan(0)
    }
    const whole = (await engine.read('SELECT number FROM numbers(70000)')).text
    expect(await unpack(await ask('SELECT number FROM numbers(70000)', name))).toBe(whole)
  })

  test.each(names)('that is an error comes in %s, too', async (name) => {
    const answer = await ask('SELEC', name)
    expect([answer.status, answer.encoding]).toEqual([400, name])
    expect(await unpack(answer)).toMatch(/^Code: 62\. .*SYNTAX_ERROR/)
  })

  test('comes in the best that the client knows, and in none that it does not want', async () => {
    const encoding = async (accepted: string): Promise<string | undefined> =>
      (await ask('SELECT 1', accepted)).encoding
    expect(await encoding('gzip, deflate, br, zstd')).toBe(hasZstd ? 'zstd' : 'br')
    expect(await encoding('gzip, deflate')).toBe('gzip')
    expect(await encoding('deflate, lz4')).toBe('lz4')
    expect(await encoding('GZIP;q=0.5, br;q=0')).toBe('gzip')
    expect(await encoding('gzip;q=0')).toBeUndefined()
    expect(await encoding('identity')).toBeUndefined()
    expect(await encoding('')).toBeUndefined()
  })

  test('is plain unless enable_http_compression is 1', async () => {
    for (const parameters of ['', 'enable_http_compression=0']) {
      const { encoding, bytes } = await ask('SELECT 1', 'gzip, br', parameters)
      expect([encoding, bytes.toString()]).toEqual([undefined, '1\n'])
    }
  })

  test('without a byte is not packed', async () => {
    const { encoding, bytes } = await ask('SELECT 1 WHERE 0', 'gzip')
    expect([encoding, bytes.length]).toEqual([undefined, 0])
  })
})
