// Goal: `npm ci` works on every platform for which there is an engine, and finds it. Method: npm
// itself, which plans from the lock file without asking a registry.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

test('the lock file names the optional packages of all platforms; `npm run lock` completes it', () => {
  const { status, stdout } = spawnSync('node', ['scripts/complete-lock.mjs', '--check'], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stdout).toBe('package-lock.json lacks 0 optional packages\n')
  expect(status).toBe(0)
})

test.each([
  ['darwin', 'arm64', '@chdb/lib-darwin-arm64'],
  ['darwin', 'x64', '@chdb/lib-darwin-x64'],
  ['linux', 'arm64', '@chdb/lib-linux-arm64-gnu'],
])(
  'npm ci on %s %s installs %s',
  (os, cpu, engine) => {
    const args = ['ci', '--dry-run', '--offline', '--no-audit', `--os=${os}`, `--cpu=${cpu}`]
    const libc = os === 'linux' ? ['--libc=glibc'] : []
    const { stdout, stderr, status } = spawnSync('npm', [...args, ...libc], {
      cwd: root,
      encoding: 'utf8',
    })
    expect(status, stderr).toBe(0)
    const { version } = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8')).packages[
      `node_modules/${engine}`
    ] as { version: string }
    expect(stdout).toContain(`add ${engine} ${version}\n`)
    expect(stdout).not.toContain('add @chdb/lib-linux-x64-gnu')
  },
  60_000,
)
