// `npm run lock`: completes package-lock.json with the optional packages of other platforms.
//
// npm leaves a platform's package out of the lock file when the registry that it asks does not have
// it. With such a file `npm ci` fails everywhere, and on the other platform there is no engine.
// Each parent names its optional packages with their versions; what else the file needs (os, cpu,
// libc, and the integrity where the registry knows it) comes from the registry or from the name,
// which is how the parents themselves choose.
//
//   node scripts/complete-lock.mjs          completes the file
//   node scripts/complete-lock.mjs --check  only says what is missing, and fails where anything is
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const knownOs = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const knownCpu = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']

/** Optional packages that the lock file names at no place: where each belongs, and its version. */
export function findMissing(lock) {
  const missing = new Map()
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      if (findInstalled(lock, path, name) === undefined) {
        missing.set(`node_modules/${name}`, { name, version, parent: path })
      }
    }
  }
  return missing
}

/** The place where a package finds another, as Node looks for it. */
function findInstalled(lock, path, name) {
  for (let from = path; ; ) {
    const place = `${from === '' ? '' : `${from}/`}node_modules/${name}`
    if (lock.packages[place] !== undefined) return place
    if (from === '') return undefined
    const end = from.lastIndexOf('/node_modules/')
    from = end < 0 ? '' : from.slice(0, end)
  }
}

/** The entry of the lock file for an optional package, its fields in npm's order. */
function entryOf({ name, version, parent }, lock) {
  const { dev, engines, license } = lock.packages[parent]
  const known = { license, ...platformOf(name), ...fromRegistry(name, version) }
  const entry = {
    version,
    integrity: known.integrity,
    cpu: known.cpu,
    dev,
    libc: known.libc,
    license: known.license,
    optional: true,
    os: known.os,
    engines,
  }
  return Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== undefined))
}

function fromRegistry(name, version) {
  const args = [
    'view',
    `${name}@${version}`,
    'os',
    'cpu',
    'libc',
    'license',
    'dist.integrity',
    '--json',
  ]
  const { status, stdout } = spawnSync('npm', args, { encoding: 'utf8' })
  if (status !== 0 || stdout.trim() === '') return undefined
  const { 'dist.integrity': integrity, ...known } = JSON.parse(stdout)
  return { ...known, ...(integrity === undefined ? {} : { integrity }) }
}

/** What a name such as `@chdb/lib-linux-arm64-gnu` says of its platform. */
function platformOf(name) {
  const words = name.split('/').at(-1).split('-')
  const cpu = words.filter((word) => knownCpu.includes(word))
  const os = words.filter((word) => knownOs.includes(word))
  const isMusl = words.some((word) => word.startsWith('musl'))
  const isGnu = words.some((word) => word.startsWith('gnu'))
  if (cpu.length !== 1 || (os.length !== 1 && cpu[0] !== 'wasm32')) {
    throw new Error(
      `Cannot tell the platform of the package "${name}"; wanted one os and one cpu in it`,
    )
  }
  return {
    cpu,
    ...(isMusl ? { libc: ['musl'] } : isGnu ? { libc: ['glibc'] } : {}),
    ...(os.length === 0 ? {} : { os }),
  }
}

function complete(path, isCheck) {
  const lock = JSON.parse(readFileSync(path, 'utf8'))
  const missing = findMissing(lock)
  if (isCheck || missing.size === 0) {
    console.log(`package-lock.json lacks ${missing.size} optional packages`)
    for (const { name, version } of missing.values()) console.log(`  ${name}@${version}`)
    if (missing.size > 0) console.log('`npm run lock` completes it')
    return missing.size === 0
  }
  const all = { ...lock.packages }
  for (const [place, one] of missing) all[place] = entryOf(one, lock)
  const [root, ...others] = Object.entries(all)
  // In npm's own order, so that it does not move them at its next change.
  others.sort(([a], [b]) => a.localeCompare(b, 'en'))
  lock.packages = Object.fromEntries([root, ...others])
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`Added ${missing.size} optional packages to package-lock.json`)
  return true
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = join(fileURLToPath(new URL('..', import.meta.url)), 'package-lock.json')
  if (!complete(path, process.argv.includes('--check'))) process.exitCode = 1
}
