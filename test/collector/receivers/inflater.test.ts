import { gzipSync } from 'node:zlib'
import { createInflater } from '@wayward/collector/receivers/inflater'
import { expect, test } from 'vitest'

const LIMIT = 100_000

test('inflate() takes bodies up to the limit and not one byte more', async () => {
  const inflater = createInflater(LIMIT, 2)
  const whole = Buffer.alloc(LIMIT, 'ab')
  const inflated = await inflater.inflate(gzipSync(whole))
  expect(inflated).toEqual({ status: 'inflated', body: whole })
  const over = await inflater.inflate(gzipSync(Buffer.alloc(LIMIT + 1)))
  expect(over).toEqual({ status: 'too_large' })
})

test('inflate() does not inflate a bomb beyond the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024))
  const before = process.memoryUsage.rss()
  const inflater = createInflater(LIMIT, 2)
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => inflater.inflate(bomb)))
  expect(new Set(outcomes.map((outcome) => outcome.status))).toEqual(new Set(['too_large']))
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024)
})

test('inflate() says what is corrupt, and goes on with the next', async () => {
  const inflater = createInflater(LIMIT, 1)
  const good = gzipSync('good')
  const outcomes = await Promise.all(
    [Buffer.from('no gzip'), good.subarray(0, 12), Buffer.alloc(0), good].map((body) =>
      inflater.inflate(body),
    ),
  )
  expect(outcomes.map((outcome) => outcome.status)).toEqual([
    'corrupt',
    'corrupt',
    'corrupt',
    'inflated',
  ])
})
