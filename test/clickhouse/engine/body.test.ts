import { expect, test } from 'vitest'
import { addChunk } from '@wayward/clickhouse/engine/body'

test('a body in chunks of one byte is kept in few pieces', () => {
  const chunks: Buffer[] = []
  for (let index = 0; index < 100_000; index += 1) addChunk(chunks, Buffer.from([index & 255]))
  expect(chunks.length).toBeLessThan(30)
  const whole = Buffer.concat(chunks)
  expect(whole.length).toBe(100_000)
  expect(whole.every((byte, index) => byte === (index & 255))).toBe(true)
})

test('large chunks are kept as they are', () => {
  const chunks: Buffer[] = []
  const large = Buffer.alloc(5000, 1)
  for (const chunk of [Buffer.from('a'), large, Buffer.from('b'), Buffer.from('c'), large]) {
    addChunk(chunks, chunk)
  }
  expect(chunks.map(({ length }) => length)).toEqual([1, 5000, 2, 5000])
  expect(chunks[1]).toBe(large)
})
