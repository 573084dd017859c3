// Every ```js block of docs/sdk.md and of the package's README is a whole program, and runs.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OtlpServer, startOtlpServer } from './otlp-server.ts'

const page = ['../../docs/sdk.md', '../../sdk/README.md']
  .map((path) => readFileSync(new URL(path, import.meta.url), 'utf8'))
  .join('\n## The README\n')
const programs = [...page.matchAll(/^## (.*?)$|^```js\n([\s\S]*?)^```$/gm)].reduce<
  { title: string; code: string }[]
>((found, [, title, code]) => {
  if (title !== undefined) found.push({ title, code: '' })
  const last = found.at(-1)
  // A section may have several programs.
  if (code !== undefined && last !== undefined) {
    if (last.code === '') last.code = code
    else found.push({ title: last.title, code })
  }
  return found
}, [])

let server: OtlpServer
beforeAll(async () => {
  server = await startOtlpServer()
})
afterAll(() => server.close())

test.each(programs.filter((program) => program.code !== ''))('$title', async ({ code }) => {
  const ended = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', code],
    {
      cwd: fileURLToPath(new URL('programs/', import.meta.url)),
      env: {
        PATH: process.env['PATH'],
        WAYWARD_PAUSES: 'false',
        OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
        OTEL_LOG_LEVEL: 'warn',
      },
    },
  )
  expect(ended.stderr).toBe('')
})

test('the page has its programs, and what they report arrives', () => {
  expect(programs.filter((program) => program.code !== '')).toHaveLength(13)
  const names = new Set(server.spans.map((span) => span.name))
  for (const name of [
    'start up',
    'hold inventory',
    'process emails',
    'run nightly-report',
    'resize',
  ]) {
    expect(names).toContain(name)
  }
})
