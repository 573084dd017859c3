import { parseTokens } from '@wayward/collector/access/tokens'
import { describe, expect, test } from 'vitest'

const A = 'a'.repeat(32)
const B = 'b'.repeat(32)

describe('parseTokens()', () => {
  test.each([
    ['name: token', `shop: ${A}`],
    ['name:token', `shop:${A}`],
    ['name token', `shop ${A}`],
    ['name, tab, token', `shop\t${A}`],
    ['a comment, empty lines, spaces', `\n# shop: ${B}\n\n   shop :  ${A}   \n`],
    ['a byte order mark and the ends of lines of Windows', `\uFEFFshop: ${A}\r\n`],
  ])('reads %s', (_name, text) => {
    const tokens = parseTokens('f', text)
    expect(tokens.nameOf(A)).toBe('shop')
    for (const wrong of [B, '', A.slice(1), `${A}a`, 'shop', '__proto__']) {
      expect(tokens.nameOf(wrong)).toBeUndefined()
    }
  })

  test('takes two tokens of one name, and tokens of many', () => {
    const tokens = parseTokens('f', `shop: ${A}\nshop: ${B}\nbar: ${'c'.repeat(16)}==`)
    expect([tokens.nameOf(A), tokens.nameOf(B)]).toEqual(['shop', 'shop'])
    expect(tokens.nameOf(`${'c'.repeat(16)}==`)).toBe('bar')
  })

  test.each([
    ['nothing', '', '"f" has no token'],
    ['comments only', '# none\n', '"f" has no token'],
    ['a name alone', `a: ${A}\nshop`, '"f", line 2 is not "name: token"'],
    ['three words', `shop ${A} ${B}`, '"f", line 1 is not'],
    ['a short token', 'shop: secret-word', 'the token of "shop" has 11 characters; wanted 16'],
    ['a token of other characters', `shop: ${A}ä`, 'has characters other than'],
    ['one token under two names', `shop: ${A}\nbar: ${A}`, '"bar" has the same token as "shop"'],
    ['a very long name', `${'n'.repeat(129)}: ${A}`, 'the name has 129 characters'],
  ])('refuses %s, without telling any token', (_name, text, message) => {
    const read = (): unknown => parseTokens('f', text)
    expect(read).toThrow(message)
    expect(read).not.toThrow(/secret|aaaa|bbbb/)
  })
})
