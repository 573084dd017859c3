// The developer's commands of package.json: `node scripts/run.mjs <name>`. Each installs and builds
// what is missing first, so that each works as the first command on a fresh clone.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, install, installAndBuild, root, run } from './install-and-build.mjs'

const bin = (name) => join(root, 'node_modules', '.bin', name)

const buildTests = () => run(bin('tsc'), ['-b', 'test'])

// The programs of test/ use inner files of the packages, as they are built.
const built = '--conditions=wayward-built'

const steps = {
  build: () => build(),
  format: () => run(bin('biome'), ['format', '--write', '.']),
  generate: () => {
    // First what other code is compiled from, by the generators of the last build: after a change
    // of a name or of an analyzer's columns the code may not compile before.
    for (const name of ['semconv', 'analyzers']) {
      const generator = join(root, name, 'dist', 'generate.js')
      if (!existsSync(generator)) build()
      run(process.execPath, [generator])
    }
    build()
    run(process.execPath, [join(root, 'cli', 'dist', 'generate.js')])
  },
  test: (args) => {
    // The benchmark's load generator is a process of its own and runs what is built.
    buildTests()
    run(bin('vitest'), ['run', ...args])
  },
  'test:crash': (args) => {
    buildTests()
    run(process.execPath, [built, join(root, 'test', 'dist', 'crash', 'main.js'), ...args])
  },
  bench: (args) =>
    run(process.execPath, ['--expose-gc', built, join(root, 'scripts', 'bench.mjs'), ...args]),
  'bench:peers': (args) => {
    buildTests()
    run(process.execPath, [built, join(root, 'test', 'dist', 'bench', 'peers', 'main.js'), ...args])
  },
  lint: () => {
    run(bin('biome'), ['format', '.'])
    buildTests()
    run(bin('oxlint'), ['--type-aware', '--deny-warnings'])
    run(bin('knip'), [])
  },
  check: () => {
    steps.lint()
    steps.test([])
  },
}

const [name = '', ...args] = process.argv.slice(2)
const step = steps[name]
if (step === undefined) {
  console.error(`Unknown command "${name}"; wanted one of ${Object.keys(steps).join(', ')}`)
  process.exit(2)
}
if (name === 'generate') install()
else installAndBuild()
step(args)
