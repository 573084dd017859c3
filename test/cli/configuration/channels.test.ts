import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readChannels } from 'wayward/configuration/channels'

const folder = mkdtempSync(join(tmpdir(), 'wayward-channels-'))
const path = join(folder, 'notify.yaml')
afterAll(() => rmSync(folder, { recursive: true }))

function read(text: string, env = {}): ReturnType<typeof readChannels> {
  writeFileSync(path, text)
  return readChannels(path, env)
}

test('readChannels() reads the file, with secrets from the environment', () => {
  expect(readChannels(undefined)).toBeUndefined()
  const text =
    'channels:\n  - name: ops\n    kind: webhook\n    url: https://a/b\n    secret: ${SECRET}\n'
  expect(read(text, { SECRET: 'hush' })).toEqual([
    { name: 'ops', kind: 'webhook', url: 'https://a/b', secret: 'hush' },
  ])
  expect(() => read(text)).toThrow(/the environment has no SECRET; set it/)
})

test('readChannels() says what is wrong with the file', () => {
  expect(() => read('channels: [')).toThrow(/Cannot use ".*notify.yaml" for --notify/)
  expect(() => read('channels:\n  - name: a\n    kind: fax\n')).toThrow(
    /"channels\[0\].kind" is "fax"; wanted is one of webhook, slack, matrix, command, email/,
  )
  expect(() => readChannels(join(folder, 'none.yaml'))).toThrow(/ENOENT/)
})
