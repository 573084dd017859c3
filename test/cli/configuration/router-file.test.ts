import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { CommandError } from 'wayward/command-error'
import { readRouter } from 'wayward/configuration/router-file'

const folder = mkdtempSync(join(tmpdir(), 'router-file-'))
afterAll(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'router.yaml')

describe('readRouter()', () => {
  test('puts the environment in', () => {
    writeFileSync(path, 'endpoints:\n  a: { type: otlp, url: "${TARGET}" }\nrules: []\n')
    expect(readRouter(path, { TARGET: 'http://h:1' })?.endpoints?.['a']).toEqual({
      type: 'otlp',
      url: 'http://h:1',
    })
    expect(readRouter(undefined)).toBeUndefined()
  })

  test.each([
    [
      'rules:\n  - when: severity = 3\n    drop: true\n',
      'router.yaml:2" for --router: The expression is wrong',
    ],
    [
      'rules:\n  - { drop: true }\n  - { to: [clickhouse] }\n',
      'router.yaml:2" for --router: Rule "rule 1"',
    ],
    [
      'rules:\n  - to:\n    - clickhouse\n    - nowhere\n',
      'router.yaml:4" for --router: There is no endpoint',
    ],
    ['rules: [\n', 'router.yaml:2"'],
    ['', 'wanted is an object'],
    ['endpoints: { a: }\nrules: []\n', 'wanted is an object'],
    ['- 1', 'wanted is an object'],
    ['endpoints:\n  a: { type: otlp, url: "${NO_SUCH}" }\nrules: []\n', 'has no NO_SUCH; set it'],
    [
      'endpoints:\n  a:\n    type: fax\nrules: []\n',
      'router.yaml:3" for --router: "type" is "fax"',
    ],
    [
      'endpoints:\n  a:\n    type: file\nrules: []\n',
      'router.yaml:3" for --router: "path" is missing',
    ],
    ['endpoints: 7\nrules: []\n', 'router.yaml:1" for --router: "endpoints" is 7'],
    ['a: &a [*a, *a]\nrules: []', 'Cannot use'],
    [
      `a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nrules: [*c,*c,*c,*c]`,
      'Cannot use',
    ],
  ])('finds the mistake in %j', (text, message) => {
    writeFileSync(path, text)
    expect(() => readRouter(path, {})).toThrow(CommandError)
    expect(() => readRouter(path, {})).toThrow(message)
  })

  test('says that a file is not there', () => {
    expect(() => readRouter(join(folder, 'none.yaml'))).toThrow(/ENOENT/)
  })
})
