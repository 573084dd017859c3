import type { Compression } from '@wayward/collector/receivers/compression'
import { createInflater } from '@wayward/collector/receivers/inflater'
import lz4 from 'lz4-napi'
import { describe, expect, test } from 'vitest'
import { createRandom } from '../decode/random.ts'
import { formats } from './compression-formats.ts'

const limitBytes = 100_000
const mebibyte = 1024 * 1024

describe.each(formats)('inflate() of $name', ({ compression, compress, hasChecksum }) => {
  test.each([0, 1, 15, 5_000, limitBytes])('gives back %d bytes', async (length) => {
    const whole = Buffer.alloc(length, 'ab and some more')
    const inflated = await createInflater(limitBytes, 2).inflate(await compress(whole), compression)
    expect(inflated).toEqual({ status: 'inflated', body: whole })
  })

  test('gives back what cannot be compressed', async () => {
    const random = createRandom(7)
    const whole = Buffer.from(random.bytes(limitBytes))
    const inflated = await createInflater(limitBytes, 2).inflate(await compress(whole), compression)
    expect(inflated).toEqual({ status: 'inflated', body: whole })
  })

  test('takes not one byte more than the limit', async () => {
    const over = await compress(Buffer.alloc(limitBytes + 1))
    const inflated = await createInflater(limitBytes, 2).inflate(over, compression)
    expect(inflated).toEqual({ status: 'too_large' })
  })

  test('does not inflate a bomb beyond the limit', async () => {
    const bomb = await compress(Buffer.alloc(200 * mebibyte))
    const before = process.memoryUsage.rss()
    const inflater = createInflater(limitBytes, 2)
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () => inflater.inflate(bomb, compression)),
    )
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['too_large']))
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * mebibyte)
  })

  test('says what is corrupt, and goes on with the next', async () => {
    const inflater = createInflater(limitBytes, 1)
    const good = await compress(Buffer.from('good'.repeat(20)))
    const bodies = [Buffer.from('no such format at all'), Buffer.alloc(0), good]
    const outcomes = await Promise.all(bodies.map((body) => inflater.inflate(body, compression)))
    expect(outcomes.slice(0, 2)).toEqual([
      { status: 'corrupt', message: expect.stringMatching(/./) as string },
      { status: 'corrupt', message: expect.stringMatching(/./) as string },
    ])
    expect(outcomes[2]?.status).toBe('inflated')
  })

  test('takes no body that is cut off, wherever', async () => {
    const inflater = createInflater(limitBytes, 2)
    const words = Array.from({ length: 3_000 }, (_, index) => `word ${index % 700} `).join('')
    const whole = await compress(Buffer.from(words))
    const step = Math.max(1, Math.floor(whole.length / 150))
    for (let length = 0; length < whole.length; length += step) {
      const outcome = await inflater.inflate(whole.subarray(0, length), compression)
      // A stream of snappy has no end of its own: without its last chunks it is a shorter one.
      const isShorter =
        outcome.status === 'inflated' && words.startsWith(outcome.body.toString()) && hasChecksum
      expect(outcome.status === 'corrupt' || isShorter, `cut at ${length}`).toBe(true)
    }
  })

  test('survives changed bytes, and never gives more than the limit', async () => {
    const inflater = createInflater(limitBytes, 2)
    const text = Array.from({ length: 500 }, (_, index) => `line ${index * 7} of it\n`).join('')
    const whole = await compress(Buffer.from(text))
    for (let seed = 1; seed <= 300; seed++) {
      const random = createRandom(seed)
      const body = Buffer.from(whole)
      for (let times = 1 + random.below(4); times > 0; times--) {
        body[random.below(body.length)] = random.below(256)
      }
      const outcome = await inflater.inflate(body, compression)
      if (outcome.status !== 'inflated') continue
      expect(outcome.body.length, `seed ${seed}`).toBeLessThanOrEqual(limitBytes)
    }
  })
})

test.each<[string, Compression, number[]]>([
  ['a snappy block of 4 GiB', 'snappy', [0xff, 0xff, 0xff, 0xff, 0x0f, 0]],
  ['a snappy block of 99,999 bytes that is not there', 'snappy', [0x9f, 0x8d, 6, 0, 1]],
])('inflate() allocates nothing for %s', async (_name, compression, bytes) => {
  const outcome = await createInflater(limitBytes, 2).inflate(Buffer.from(bytes), compression)
  expect(['too_large', 'corrupt']).toContain(outcome.status)
})

test('inflate() refuses bytes behind a frame of lz4', async () => {
  const frame = await lz4.compressFrame(Buffer.from('frame'))
  const twice = Buffer.concat([frame, frame])
  expect(await createInflater(limitBytes, 2).inflate(twice, 'lz4')).toEqual({
    status: 'corrupt',
    message: 'there are bytes behind the frame',
  })
})
