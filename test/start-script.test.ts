// Goal: the start scripts say in one line what to do on a platform without an engine, and install
// nothing there. Method: the script runs in a Node.js that is told another platform.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wayward-platform-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function start(platform: string, ...words: string[]): { status: number | null; lines: string[] } {
  const fake = join(folder, 'fake.mjs')
  writeFileSync(fake, platform)
  const script = join(import.meta.dirname, '..', 'scripts', 'start.mjs')
  const environment = { ...process.env, WAYWARD_CLICKHOUSE_URL: '', WAYWARD_CONFIG: '' }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', pathToFileURL(fake).href, script, ...words],
    { encoding: 'utf8', env: environment, timeout: 120_000 },
  )
  return { status, lines: `${stdout}${stderr}`.trim().split('\n') }
}

const windows = "Object.defineProperty(process, 'platform', { value: 'win32' })"
const alpine = 'process.report.getReport = () => ({ header: {} })'

test('on Windows it says WSL, or a server', () => {
  expect(start(windows, 'serve')).toEqual({
    status: 1,
    lines: [
      `There is no embedded engine for win32 ${process.arch}: run Wayward in WSL, or name a ClickHouse server with --clickhouse-url`,
    ],
  })
})

test.runIf(process.platform === 'linux')('on Alpine it says a server', () => {
  expect(start(alpine, 'demo')).toEqual({
    status: 1,
    lines: [
      `There is no embedded engine for linux ${process.arch} with musl: name a ClickHouse server with --clickhouse-url`,
    ],
  })
})

test.runIf(process.platform === 'linux')(
  'with a server named it goes on',
  () => {
    const { status, lines } = start(
      alpine,
      'serve',
      '--clickhouse-url=http://localhost:1',
      '--help',
    )
    expect(status).toBe(0)
    expect(lines.join('\n')).toContain('--clickhouse-url')
  },
  120_000,
)
