// Makes the CommonJS form of the SDK from its compiled ES modules, for applications, bundles and
// test runners that `require` it: a file per entry, the names of semconv and the wire in it. What the copies of
// the SDK in a process share hangs on the global object (sdk/process/shared-state.ts).
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const sdk = join(root, 'sdk')
const target = join(sdk, 'dist', 'cjs')
/** In ES modules it is the module's address; a CommonJS module has a file name. */
const banner = "const __wayward_url = require('node:url').pathToFileURL(__filename).href"

export function buildCommonjs() {
  const { buildSync } = createRequire(import.meta.url)('esbuild')
  const manifest = JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8'))
  const external = [
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.peerDependencies),
  ]
    .filter((name) => !name.startsWith('@wayward/'))
    .flatMap((name) => [name, `${name}/*`])
  buildSync({
    absWorkingDir: sdk,
    entryPoints: [
      { in: join(sdk, 'dist', 'index.js'), out: 'index' },
      { in: join(sdk, 'dist', 'register-required.js'), out: 'register' },
    ],
    outdir: target,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external,
    define: { 'import.meta.url': '__wayward_url' },
    banner: { js: banner },
    logLevel: 'warning',
  })
  writeFileSync(join(target, 'package.json'), '{ "type": "commonjs" }\n')
  copyTypes()
}

/** The types are the same; beside the other package.json they are those of CommonJS modules. */
function copyTypes() {
  const dist = join(sdk, 'dist')
  for (const path of readdirSync(dist, { recursive: true })) {
    if (!path.endsWith('.d.ts') || path.startsWith('cjs')) continue
    const copy = join(target, path)
    mkdirSync(dirname(copy), { recursive: true })
    cpSync(join(dist, path), copy)
  }
  if (!existsSync(join(target, 'register.d.ts')))
    throw new Error('The SDK has no types of its register entry')
}
