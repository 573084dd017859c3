// Goal: the SDK loads and reports right however it is loaded: each row of the table in docs/sdk.md.
// Method: the package as it is published, real bundlers and runners, and an OTLP server that says
// what arrived.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_QUEUE_NAME,
} from '@wayward/semconv'
import { build, type BuildOptions } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import webpack from 'webpack'
import { type OtlpServer, startOtlpServer } from '../otlp-server.ts'
import { type InstalledSdk, installSdk } from './installed-sdk.ts'

const run = promisify(execFile)
const bin = fileURLToPath(new URL('../../../node_modules/.bin/', import.meta.url))
let sdk: InstalledSdk
let server: OtlpServer

beforeAll(() => {
  sdk = installSdk()
})
afterAll(() => sdk.remove())
afterEach(() => server.close())

const body = `
const registration = register({ serviceName: 'loading' })
observeAsyncMutex(asyncMutex)
observePQueue(PQueue)
const mails = new PQueue()
class Letters extends PQueue {}
const letters = new Letters()
const cart = new asyncMutex.Mutex()
const stock = new asyncMutex.Mutex()
const seats = nameLock(new asyncMutex.Semaphore(2), 'seats')
async function main() {
  await cart.runExclusive(() => 1)
  await stock.runExclusive(() => 1)
  await seats.runExclusive(() => 1)
  await mails.add(() => 1)
  await letters.add(() => 1)
  await registration.shutdown()
  console.log(registration.status, registration.droppedCount)
}
main()
`
const names = 'nameLock, observeAsyncMutex, observePQueue, register'
const asModule = `import * as asyncMutex from 'async-mutex'
import PQueue from 'p-queue'
import { ${names} } from '@wayward/sdk'${body}`
const asCommonjs = `const asyncMutex = require('async-mutex')
const { default: PQueue } = require('p-queue')
const { ${names} } = require('@wayward/sdk')${body}`

/** Runs a program; the names of the locks and queues whose holds and items arrived. */
async function namesOf(
  args: readonly string[],
  program = process.execPath,
  cwd = sdk.path,
): Promise<string[]> {
  server = await startOtlpServer()
  const { stdout, stderr } = await run(program, args, {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', OTEL_EXPORTER_OTLP_ENDPOINT: server.url },
  })
  expect(stderr).not.toMatch(/Error|Cannot/)
  if (program === process.execPath) expect(stdout).toContain('registered 0')
  return server.spans.map(({ attributes }) =>
    String(attributes[ATTR_WAYWARD_LOCK_NAME] ?? attributes[ATTR_WAYWARD_QUEUE_NAME]),
  )
}

/** What has no name is told apart by its places, and a name that was given counts. */
function expectPlaces(told: readonly string[], place: RegExp): void {
  const [cart, stock, seats, mails, letters] = told
  expect(seats).toBe('seats')
  const unnamed = [cart, stock, mails, letters]
  for (const name of unnamed) expect(name).toMatch(place)
  expect(new Set(unnamed).size).toBe(4)
  expect(told).toHaveLength(5)
}

describe('without a bundler', () => {
  test('ES modules', async () => {
    expectPlaces(await namesOf([sdk.write('app.mjs', asModule)]), /^app\.mjs:\d+$/)
  })

  test('CommonJS', async () => {
    expectPlaces(await namesOf([sdk.write('app.cjs', asCommonjs)]), /^app\.cjs:\d+$/)
  })

  test('a program without an ending', async () => {
    expectPlaces(await namesOf([sdk.write('bin/serve', asCommonjs)]), /^serve:\d+$/)
  })

  test.each([
    ['--import', 'untouched.mjs', "import { Mutex } from 'async-mutex'"],
    ['--import', 'untouched.cjs', "const { Mutex } = require('async-mutex')"],
    ['--require', 'required.cjs', "const { Mutex } = require('async-mutex')"],
    ['--require', 'required.mjs', "import { Mutex } from 'async-mutex'"],
  ])('%s @wayward/sdk/register before %s', async (flag, name, head) => {
    const file = sdk.write(
      name,
      `${head}\nnew Mutex().runExclusive(() => console.log('registered 0'))\n`,
    )
    const told = await namesOf([flag, '@wayward/sdk/register', file])
    expect(told).toEqual([`${name}:2`])
  })

  test('tsx', async () => {
    const text = asModule.replace('const cart =', 'const cart: asyncMutex.Mutex =')
    const told = await namesOf([sdk.write('app.ts', text)], join(bin, 'tsx'))
    expectPlaces(told, /^app\.ts:\d+$/)
  })
})

const esbuilds: Readonly<Record<string, BuildOptions>> = {
  plain: {},
  minified: { minify: true },
  'with a source map': { sourcemap: true },
  'minified, with a source map': { minify: true, sourcemap: 'inline' },
}
/** Packages in CommonJS ask for Node's modules with require(), which an ES module must be given. */
const requireBanner =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

describe.each(['esm', 'cjs'] as const)('bundled by esbuild to %s', (format) => {
  test.each(Object.entries(esbuilds))('%s', async (name, options) => {
    const outfile = join(
      sdk.path,
      `out-${name.replaceAll(/\W+/g, '-')}.${format === 'esm' ? 'mjs' : 'cjs'}`,
    )
    await build({
      ...options,
      entryPoints: [sdk.write('src/bundled.mjs', asModule)],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      target: 'node20',
      logLevel: 'error',
      logOverride: { 'empty-import-meta': 'silent' },
      ...(format === 'esm' ? { banner: { js: requireBanner } } : {}),
    })
    const flags = options.sourcemap === undefined ? [] : ['--enable-source-maps']
    const told = await namesOf([...flags, outfile])
    expectPlaces(told, flags.length > 0 ? /^bundled\.mjs:\d+$/ : /^out-[\w-]+\.[mc]js:\d+(:\d+)?$/)
  })
})

test.each(['esm', 'cjs'] as const)(
  '@wayward/sdk/register is the first import of a bundle of esbuild to %s',
  async (format) => {
    const outfile = join(sdk.path, `first.${format === 'esm' ? 'mjs' : 'cjs'}`)
    await build({
      entryPoints: [sdk.write('src/first.mjs', `import '@wayward/sdk/register'\n${asModule}`)],
      outfile,
      bundle: true,
      platform: 'node',
      format,
      target: 'node20',
      logLevel: 'error',
      logOverride: { 'empty-import-meta': 'silent' },
      ...(format === 'esm' ? { banner: { js: requireBanner } } : {}),
    })
    expectPlaces(await namesOf([outfile]), /^first\.[mc]js:\d+$/)
  },
)

describe('bundled by webpack', () => {
  const registerFirst = "import '@wayward/sdk/register'\n"
  test.each([
    ['to CommonJS', 'commonjs2', false, ''],
    ['to CommonJS, with a source map', 'commonjs2', 'source-map', registerFirst],
    ['to an ES module', 'module', false, ''],
    ['to an ES module, with a source map', 'module', 'source-map', registerFirst],
  ] as const)(
    '%s',
    async (_name, type, devtool, head) => {
      const isModule = type === 'module'
      const filename = `webpack-${type}.${isModule ? 'mjs' : 'cjs'}`
      const compiler = webpack({
        mode: 'production',
        context: sdk.path,
        entry: sdk.write('src/packed.mjs', `${head}${asModule}`),
        target: 'node20',
        devtool,
        output: {
          path: sdk.path,
          filename,
          library: { type },
          module: isModule,
          chunkFormat: type === 'module' ? 'module' : 'commonjs',
        },
        experiments: { outputModule: isModule },
        // Minified by default; with a source map that would cost seconds and show nothing else.
        optimization: { minimize: devtool === false },
        performance: { hints: false },
      })
      const stats = await new Promise<webpack.Stats | undefined>((resolve, reject) => {
        compiler.run((error, done) => (error === null ? resolve(done) : reject(error)))
      })
      expect(stats?.toJson({ all: false, errors: true }).errors).toEqual([])
      const flags = devtool === false ? [] : ['--enable-source-maps']
      const told = await namesOf([...flags, join(sdk.path, filename)])
      expectPlaces(
        told,
        devtool === false ? /^webpack-\w+\.[mc]js:\d+(:\d+)?$/ : /^packed\.mjs:\d+$/,
      )
    },
    300_000,
  )
})

const runnerTest = (head: string): string => `${head}
test('reports', async () => {
  const registration = register({ serviceName: 'loading' })
  observeAsyncMutex(asyncMutex)
  await nameLock(new asyncMutex.Mutex(), 'in a test').runExclusive(() => 1)
  await registration.shutdown()
  expect(registration.status).toBe('registered')
})
`

describe('in test runners with their defaults', () => {
  test('Jest', async () => {
    const head = `const asyncMutex = require('async-mutex')\nconst { ${names} } = require('@wayward/sdk')`
    sdk.write('jest/a.test.js', runnerTest(head))
    sdk.write('jest/package.json', '{}')
    const told = await namesOf([], join(bin, 'jest'), join(sdk.path, 'jest'))
    expect(told).toEqual(['in a test'])
  })

  test('vitest', async () => {
    const head = `import * as asyncMutex from 'async-mutex'\nimport { expect, test } from 'vitest'\nimport { ${names} } from '@wayward/sdk'`
    sdk.write('vitest/a.test.js', runnerTest(head))
    const told = await namesOf(['run', '--root', join(sdk.path, 'vitest')], join(bin, 'vitest'))
    expect(told).toEqual(['in a test'])
  })
})

const sequencesOf = () =>
  server.spans.map(({ attributes }) => Number(attributes[ATTR_WAYWARD_EVENT_SEQUENCE]))

describe('several at once', () => {
  test('worker threads report for one session, with numbers of their own', async () => {
    const worker = `
      import { Worker, isMainThread } from 'node:worker_threads'
      import { register } from '@wayward/sdk'
      const registration = register({ serviceName: 'loading' })
      registration.reporter.lock({ name: isMainThread ? 'main' : 'worker' }).request().granted().released()
      if (isMainThread) await new Promise((done) => new Worker(new URL(import.meta.url)).on('exit', done))
      await registration.shutdown()
      if (isMainThread) console.log(registration.status, registration.droppedCount)`
    const told = await namesOf([sdk.write('worker.mjs', worker)])
    expect(told.toSorted()).toEqual(['main', 'worker'])
    expect(new Set(sequencesOf()).size).toBe(2)
    expect(new Set(server.spans.map(({ resource }) => resource['wayward.session.id'])).size).toBe(1)
  })

  test('the processes of a cluster report for sessions of their own', async () => {
    const text = `
      import cluster from 'node:cluster'
      import { register } from '@wayward/sdk'
      const registration = register({ serviceName: 'loading' })
      registration.reporter.lock({ name: cluster.isPrimary ? 'primary' : 'worker' }).request().granted().released()
      if (cluster.isPrimary) await new Promise((done) => cluster.fork().on('exit', done))
      await registration.shutdown()
      if (cluster.isPrimary) console.log(registration.status, registration.droppedCount)
      else process.exit()`
    const told = await namesOf([sdk.write('cluster.mjs', text)])
    expect(told.toSorted()).toEqual(['primary', 'worker'])
    expect(new Set(server.spans.map(({ resource }) => resource['wayward.session.id'])).size).toBe(2)
  })

  test('a second copy, and the other form of the first, report each lock once', async () => {
    sdk.installAgain()
    sdk.write('node_modules/other/index.mjs', "export * from '@wayward/sdk'\n")
    const text = `
      import { createRequire } from 'node:module'
      import * as other from './node_modules/other/index.mjs'
      ${asModule.replace(
        'async function main() {',
        `
      const required = createRequire(import.meta.url)('@wayward/sdk')
      for (const copy of [other, required]) {
        copy.observeAsyncMutex(asyncMutex)
        if (copy.register().status !== 'already_registered') throw new Error('a second registration')
      }
      required.nameLock(stock, 'named by the other copy')
      async function main() {`,
      )}`
    const told = await namesOf([sdk.write('copies.mjs', text)])
    expect(told).toHaveLength(5)
    expect(told[0]).toMatch(/^copies\.mjs:\d+$/)
    expect(told.slice(1, 3)).toEqual(['named by the other copy', 'seats'])
  })

  test.each(['newer-api', 'older-api'])(
    'a copy of the API beside its own: %s, which comes later',
    async (api) => {
      const text = asModule.replace(
        'async function main() {',
        `
      const { trace } = await import('${api}')
      trace.getTracer('theirs').startSpan('theirs').end()
      async function main() {`,
      )
      const told = await namesOf([sdk.write(`${api}.mjs`, text)])
      expect(told.filter((name) => name !== 'undefined')).toHaveLength(5)
    },
  )
})

test('the package is as publint and arethetypeswrong want it', async () => {
  const folder = fileURLToPath(new URL('../../../sdk/', import.meta.url))
  const lint = await run(join(bin, 'publint'), ['run', folder, '--strict'])
  expect(lint.stdout).toContain('All good!')
  const args = [
    '--pack',
    folder,
    '--profile',
    'node16',
    '--format',
    'ascii',
    '--exclude-entrypoints',
    '*',
  ]
  const types = await run(join(bin, 'attw'), args)
  expect(types.stdout.match(/from CJS\): 🟢 \(CJS\)/g)).toHaveLength(2)
  expect(types.stdout.match(/from ESM\): 🟢 \(ESM\)/g)).toHaveLength(2)
}, 300_000)

test('the table of docs/sdk.md has these ways, and no other', () => {
  const page = readFileSync(new URL('../../../docs/sdk.md', import.meta.url), 'utf8')
  const table = page.slice(page.indexOf('## How it may be loaded')).split('\n\n')[2] ?? ''
  const ways = table.split('\n').slice(2)
  expect(ways.map((row) => row.split('|')[1]?.trim())).toEqual([
    'ES modules',
    'CommonJS',
    'esbuild',
    'webpack',
    'tsx',
    'Jest',
    'vitest',
    'worker threads',
    '`cluster`',
    'second copy',
    'second copy of the API',
  ])
})
