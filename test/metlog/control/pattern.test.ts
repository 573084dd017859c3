// Goal: patterns mean what they mean in names of files, and none is slow. Method: examples, and
// many random patterns against a regular expression made of them.
import { matchesPattern } from '@wayward/metlog/wire'
import { expect, test } from 'vitest'

test('matchesPattern() takes stars for any characters and a question mark for one', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['*', '', true],
    ['*', 'shop', true],
    ['', '', true],
    ['', 'a', false],
    ['shop', 'shop', true],
    ['shop', 'shops', false],
    ['shop*', 'shop', true],
    ['*.hits', 'a.b.hits', true],
    ['*.hits', 'a.hits.b', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['?', '', false],
    ['a.c', 'abc', false],
    ['**', 'x', true],
  ]
  for (const [pattern, name, wanted] of cases) {
    expect(matchesPattern(pattern, name), `${pattern} of ${name}`).toBe(wanted)
  }
})

test('matchesPattern() agrees with a regular expression', () => {
  let seed = 42
  const draw = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((seed / 2 ** 31) * below)
  }
  const text = (letters: string, length: number): string =>
    Array.from({ length: draw(length) }, () => letters[draw(letters.length)]).join('')
  let hits = 0
  for (let round = 0; round < 20_000; round++) {
    const pattern = text('ab*?*', 7)
    const name = text('ab', 8)
    const slow = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`)
    expect(matchesPattern(pattern, name), `${pattern} of ${name}`).toBe(slow.test(name))
    if (slow.test(name)) hits++
  }
  expect(hits).toBeGreaterThan(1_000)
})

test('matchesPattern() is not slow on what is made for it', () => {
  // By going back it would take longer than the universe is old.
  expect(matchesPattern(`${'*a'.repeat(100)}b`, 'a'.repeat(5_000))).toBe(false)
})
