// Brings a clone to where its programs can run: installs what the lock file names if that has not
// been done, and compiles what is older than its source. Plain JavaScript on Node's own modules,
// because it runs before anything is installed.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildCommonjs } from './build-commonjs.mjs'
import { buildWorker } from './build-worker.mjs'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const packages = [
  'base',
  'semconv',
  'otlp',
  'record',
  'sdk',
  'mmstats',
  'metlog',
  'clickhouse',
  'collector',
  'analyzers',
  'web',
  'cli',
  'examples/progress',
  'examples/shop',
]

/** Installs the packages if the lock file is newer than what is installed. */
export function install() {
  const installed = join(root, 'node_modules', '.package-lock.json')
  const wanted = join(root, 'package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return
  console.error('Installing packages (about 600 MB, most of it the ClickHouse engine) ...')
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'])
}

/** Compiles every package; the compiler itself skips what is up to date. */
export function build() {
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', root])
  for (const name of packages) {
    dropOrphans(name)
    copyAssets(name)
  }
  buildWorker()
  buildCommonjs()
  run(process.execPath, [join(root, 'scripts', 'build-page.mjs')])
}

/** Copies what the compiler leaves behind (SQL files) beside the compiled files. */
function copyAssets(name) {
  const from = join(root, name)
  for (const path of readdirSync(from, { recursive: true })) {
    if (!path.endsWith('.sql') || path.startsWith('dist') || path.includes('node_modules')) continue
    const target = join(from, 'dist', path)
    if (existsSync(target) && readFileSync(target).equals(readFileSync(join(from, path)))) continue
    mkdirSync(dirname(target), { recursive: true })
    cpSync(join(from, path), target)
  }
}

/** Deletes compiled files whose source is gone: npm would publish them. */
function dropOrphans(name) {
  const dist = join(root, name, 'dist')
  for (const path of readdirSync(dist, { recursive: true })) {
    if (/^(?:cjs|page)/.test(path) || !/\.(?:js|js\.map|d\.ts|sql)$/.test(path)) continue
    const source = path.replace(/\.(?:js|js\.map|d\.ts)$/, '.ts')
    if (!existsSync(join(root, name, source))) rmSync(join(dist, path))
  }
}

export function installAndBuild() {
  install()
  build()
}

/** Runs a command in the repository's root with our output; ends this process if it fails. */
export function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    // npm is a script of the shell there.
    shell: process.platform === 'win32' && command === 'npm',
  })
  if (result.error !== undefined) {
    console.error(`Cannot run "${command}": ${result.error.message}`)
    process.exit(1)
  }
  if (result.status !== 0) process.exit(result.status ?? 1)
}
