// A folder in which the SDK is installed from its tarball, as users have it; what it depends on is
// linked.
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

export interface InstalledSdk {
  readonly path: string
  /** Writes a file and gives its path. */
  write(name: string, text: string): string
  /** Installs a second copy of the SDK, below `node_modules/other`. */
  installAgain(): void
  remove(): void
}

export function installSdk(): InstalledSdk {
  const path = mkdtempSync(join(tmpdir(), 'wayward-loading-'))
  const modules = join(path, 'node_modules')
  install('sdk', join(modules, '@wayward', 'sdk'))
  for (const name of ['semconv', 'otlp', 'record']) install(name, join(modules, '@wayward', name))
  const { dependencies } = JSON.parse(readFileSync(join(root, 'sdk', 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const others = ['async-mutex', 'p-queue', 'newer-api', 'older-api', 'vitest', '@types/node']
  for (const name of [...Object.keys(dependencies), '@opentelemetry/api', ...others]) {
    if (!name.startsWith('@wayward/')) link(name)
  }
  function link(name: string): void {
    const target = join(modules, name)
    mkdirSync(dirname(target), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), target)
  }
  return {
    path,
    write(name, text) {
      const file = join(path, name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
      return file
    },
    installAgain() {
      install('sdk', join(modules, 'other', 'node_modules', '@wayward', 'sdk'))
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Packs a package of the workspace and unpacks it. */
function install(name: string, target: string): void {
  mkdirSync(target, { recursive: true })
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', target]
  execFileSync('npm', args, { cwd: join(root, name), stdio: 'ignore' })
  const tarball = readdirSync(target).find((file) => file.endsWith('.tgz')) ?? ''
  execFileSync('tar', ['-xzf', join(target, tarball), '-C', target, '--strip-components=1'])
}
