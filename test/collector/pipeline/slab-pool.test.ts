import { createSlabPool } from '@wayward/collector/pipeline/slab-pool'
import { describe, expect, test } from 'vitest'
import { createFakeTime } from '../../harness/fake-time.ts'

describe('createSlabPool()', () => {
  test('gives parts that do not overlap, and what does not fit apart', () => {
    const slab = createSlabPool(100, createFakeTime()).take()
    const [first, second, third] = [slab.allocate(60), slab.allocate(40), slab.allocate(10)]
    first.fill(1)
    second.fill(2)
    third.fill(3)
    expect([first[59], second[0], third[0]]).toEqual([1, 2, 3])
    expect(second.buffer).toBe(first.buffer)
    expect(third.buffer).not.toBe(first.buffer)
    expect(slab.allocate(1_000)).toHaveLength(1_000)
  })

  test('uses the same memory again when it was given back, and only then', () => {
    const pool = createSlabPool(100, createFakeTime())
    const kept = pool.take()
    const memory = kept.allocate(50).buffer
    expect(pool.take().allocate(50).buffer).not.toBe(memory)
    pool.give(kept)
    expect(pool.take().allocate(100).buffer).toBe(memory)
  })

  test('takes no memory where none was asked for', () => {
    const pool = createSlabPool(2 ** 40, createFakeTime())
    expect(() => {
      for (let index = 0; index < 10; index++) pool.give(pool.take())
    }).not.toThrow()
  })
})
