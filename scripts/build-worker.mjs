// Puts the recorder's worker, with all that it needs, as one text into the compiled SDK: a worker can
// be made from it where no file of the SDK is left, as in an application that was bundled to one
// file. What others wrote of it stands with their licences in a file beside it.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = join(root, 'sdk', 'dist', 'recorder')

export function buildWorker() {
  const { buildSync } = createRequire(import.meta.url)('esbuild')
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [join(folder, 'worker.js')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    minify: true,
    legalComments: 'none',
    // gRPC's client loads it for its own inspection service only, which nobody starts here.
    external: ['@grpc/proto-loader'],
    // What is loaded by address is loaded by one that the worker is given.
    define: { 'import.meta.url': 'undefined' },
    metafile: true,
    write: false,
    logLevel: 'warning',
  })
  const text = outputFiles[0].text
  replace('worker-source.js', `export const workerSource = ${JSON.stringify(text)}\n`)
  replace('worker-licenses.txt', licensesOf(Object.keys(metafile.inputs)))
}

/** Only where it changed: what is newer than its source is built again. */
function replace(name, text) {
  const path = join(folder, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return
  writeFileSync(path, text)
}

/** The licences of the packages that files are of. */
function licensesOf(files) {
  const packages = new Set()
  for (const file of files) {
    const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)
    if (match !== null && !match[1].includes('@wayward')) packages.add(match[1])
  }
  const texts = [...packages]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((path) => {
      const { name, version, license } = JSON.parse(
        readFileSync(join(root, path, 'package.json'), 'utf8'),
      )
      const files = readdirSync(join(root, path)).filter((file) =>
        /^(?:licen[cs]e|notice)/i.test(file),
      )
      const rest = files.map((file) => readFileSync(join(root, path, file), 'utf8').trim())
      return [`${name} ${version} (${license})`, ...rest].join('\n\n')
    })
  const head = 'The text of the worker in worker-source.js has code of these packages in it.'
  return `${[head, ...texts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
