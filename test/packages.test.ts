// Goal: what npm would publish is whole and closed. Method: npm's own list of files; and the
// packages beside each other in a folder, as a user has them, without the engine.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const { workspaces } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly workspaces: readonly string[]
}
const packages = workspaces.filter((folder) => !folder.startsWith('examples/'))

interface Exports {
  readonly [condition: string]: string | Exports
}

const published = new Map<string, readonly string[]>()

beforeAll(() => {
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const workspaces = packages.flatMap((name) => ['--workspace', name])
  const { stdout, stderr } = spawnSync('npm', [...args, ...workspaces], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  expect(stdout, stderr).not.toBe('')
  const listed: unknown = JSON.parse(stdout)
  const list = (Array.isArray(listed) ? listed : Object.values(listed as object)) as readonly {
    readonly name: string
    readonly files: readonly { readonly path: string }[]
  }[]
  for (const folder of packages) {
    const { name } = readPackage(folder)
    const files = list.find((one) => one.name === name)?.files ?? []
    published.set(
      folder,
      files.map(({ path }) => path),
    )
  }
}, 120_000)

function readPackage(folder: string): { readonly name: string; readonly exports: Exports } {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}

/** The files that an entry of `exports` names, but for those of our own conditions. */
function targets(entry: string | Exports): string[] {
  if (typeof entry === 'string') return [entry]
  return Object.entries(entry)
    .filter(([condition]) => !condition.startsWith('wayward-'))
    .flatMap(([, inner]) => targets(inner))
}

describe.each(packages)('%s', (folder) => {
  test('brings what its exports name, and no sources', () => {
    const files = published.get(folder) ?? []
    expect(files.length).toBeGreaterThan(3)
    const named = targets(readPackage(folder).exports).map((path) => path.slice('./'.length))
    expect(named.filter((path) => !files.includes(path))).toEqual([])
    expect(
      files.filter((path) => /(?<!\.d)\.ts$|tsbuildinfo|\.test\.|tsconfig/.test(path)),
    ).toEqual([])
  })

  test('brings source maps with the sources in them', () => {
    const files = published.get(folder) ?? []
    const mapped = files
      .filter((path) => path.endsWith('.js'))
      .filter((path) =>
        readFileSync(join(root, folder, path), 'utf8').includes('//# sourceMappingURL='),
      )
    expect(mapped.length).toBeGreaterThan(0)
    const wrong = mapped.filter((path) => {
      if (!files.includes(`${path}.map`)) return true
      const map = readFileSync(join(root, folder, `${path}.map`), 'utf8')
      const { sources, sourcesContent } = JSON.parse(map) as {
        readonly sources: readonly string[]
        readonly sourcesContent?: readonly string[]
      }
      return sourcesContent?.length !== sources.length
    })
    expect(wrong).toEqual([])
  })
})

describe('without chdb', () => {
  let folder = ''

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wayward-packages-'))
    for (const name of ['base', 'semconv', 'clickhouse']) {
      for (const path of published.get(name) ?? []) {
        const target = join(folder, 'node_modules', '@wayward', name, path)
        mkdirSync(dirname(target), { recursive: true })
        cpSync(join(root, name, path), target)
      }
    }
    for (const name of ['@clickhouse/client', '@clickhouse/client-common', '@fastify/busboy']) {
      mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true })
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name))
    }
    symlinkSync(join(root, 'node_modules/lz4-napi'), join(folder, 'node_modules/lz4-napi'))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(script: string): string {
    const args = ['--input-type=module', '-e', script]
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    return `${stdout}${stderr}`
  }

  test('the store of a server is at hand', () => {
    const said = run(`
      import { createStore } from '@wayward/clickhouse'
      console.log(typeof createStore)`)
    expect(said).toBe('function\n')
  })

  test('the embedded engine says what to install', () => {
    const said = run(`
      import { createEngine, defaultEngineLimits } from '@wayward/clickhouse'
      const silent = { info() {}, warn() {}, error() {} }
      const engine = createEngine({
        dataDir: 'store', listen: { host: '127.0.0.1', port: 0 }, writerToken: 'x',
        memoryBytesMax: 500_000_000, limits: defaultEngineLimits, logger: silent,
      })
      await engine.start().catch(({ code, message }) => console.log(code, message))`)
    expect(said).toMatch(/^platform_package_missing The package chdb, .* npm install chdb, or/)
  })

  test('inner files are no doors', () => {
    expect(run(`await import('@wayward/clickhouse/schema/plan')`)).toMatch(
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    )
  })
})
