import { createHash } from 'node:crypto'
import { createDigestSet } from '@wayward/collector/pipeline/digest-set'
import { expect, test } from 'vitest'

function digest(number: number): Buffer {
  return createHash('sha1').update(String(number)).digest()
}

test('has what was added, once, in its order, however many', () => {
  const set = createDigestSet()
  const count = 20_000
  for (let number = 0; number < count; number += 2) {
    set.add(Buffer.concat([digest(number), digest(number + 1)]))
  }
  for (let number = 0; number < count; number += 7) set.add(digest(number))
  expect(set.size).toBe(count)
  for (let number = 0; number < count; number += 11) expect(set.has(digest(number))).toBe(true)
  for (let number = count; number < count + 5_000; number++) {
    expect(set.has(digest(number))).toBe(false)
  }
  const packed = Buffer.from(set.packed())
  expect(packed.subarray(20 * 12_345, 20 * 12_346)).toEqual(digest(12_345))
})

test('tells digests apart whose index is the same, and those of zeros', () => {
  const set = createDigestSet()
  const zeros = Buffer.alloc(20)
  const others = Array.from({ length: 50 }, (_, index) => {
    const bytes = Buffer.alloc(20)
    bytes[0] = index
    return bytes
  })
  expect(set.has(zeros)).toBe(false)
  for (const one of others) set.add(one)
  expect(set.size).toBe(50)
  expect(others.every((one) => set.has(one))).toBe(true)
  expect(set.has(Buffer.alloc(20, 1))).toBe(false)
})
