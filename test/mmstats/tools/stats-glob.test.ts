// Goal: patterns stand for the names that Python's fnmatch finds, in a time that a hostile pattern
// cannot stretch. Method: cases, and random patterns beside a slow and obvious second way.
import { globMatcher } from '@wayward/mmstats/tools/stats-glob'
import { expect, test } from 'vitest'

test.each([
  ['*.mmstats', 'a.mmstats', true],
  ['*.mmstats', 'a.mmstat', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[!a-c]x', 'dx', true],
  ['[]]', ']', true],
  ['[!]]', ']', false],
  ['[a-]', '-', true],
  ['[z-a]', 'b', false],
  ['[', '[', true],
  ['[a', '[a', true],
  ['a.c', 'abc', false],
  ['(+$|\\', '(+$|\\', true],
  ['**', '', true],
  ['', 'a', false],
  ['?', '😀', true],
  ['a*\n', 'a\n', true],
])('%j: %j is %s', (pattern, name, is) => {
  expect(globMatcher(pattern)(name)).toBe(is)
})

function slow(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern
  if (pattern === '') return name === ''
  if (first === '*') {
    return slow(rest.join(''), name) || (name !== '' && slow(pattern, name.slice(1)))
  }
  return name !== '' && (first === '?' || first === name[0]) && slow(rest.join(''), name.slice(1))
}

test('agrees with the slow way for all short patterns and names', () => {
  const words = (letters: string, most: number): string[] =>
    Array.from({ length: most }).reduce<string[]>(
      (found) => [
        ...new Set([...found, ...found.flatMap((w) => Array.from(letters, (l) => w + l))]),
      ],
      [''],
    )
  const names = words('ab', 5)
  for (const pattern of words('a*?b', 5)) {
    const isMatch = globMatcher(pattern)
    for (const name of names) {
      if (isMatch(name) !== slow(pattern, name)) expect.fail(`${pattern} and ${name} differ`)
    }
  }
  expect(names).toHaveLength(63)
})

test('takes at most pattern times name steps, however many stars there are', () => {
  // A regular expression of this pattern would go on for longer than the universe has lasted.
  expect(globMatcher(`${'*a'.repeat(120)}b`)('a'.repeat(255))).toBe(false)
})
