// Goal: the structure that ARCHITECTURE.md promises holds. Method: read the sources as text.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRegistry } from '@wayward/semconv/registry'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Which of our packages each folder may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  semconv: [],
  otlp: [],
  record: ['@wayward/semconv', '@wayward/otlp'],
  sdk: ['@wayward/semconv', '@wayward/otlp', '@wayward/record'],
  mmstats: [],
  metlog: ['@wayward/semconv'],
  clickhouse: ['@wayward/base', '@wayward/semconv'],
  collector: [
    '@wayward/base',
    '@wayward/semconv',
    '@wayward/otlp',
    '@wayward/clickhouse',
    '@wayward/mmstats',
    '@wayward/metlog',
  ],
  analyzers: ['@wayward/semconv', '@wayward/clickhouse'],
  convert: ['@wayward/semconv', '@wayward/clickhouse', '@wayward/record'],
  web: ['@wayward/base', '@wayward/clickhouse', '@wayward/analyzers', '@wayward/convert'],
  cli: [
    '@wayward/base',
    '@wayward/semconv',
    '@wayward/clickhouse',
    '@wayward/collector',
    '@wayward/convert',
    '@wayward/mmstats',
    '@wayward/record',
    '@wayward/analyzers',
    '@wayward/web',
  ],
  examples: ['@wayward/sdk', '@wayward/mmstats', '@wayward/metlog'],
}

/** The places that each third-party package belongs to; a new one needs a line here. */
const boundTo: Readonly<Record<string, readonly string[]>> = {
  '@clickhouse/client': ['clickhouse/'],
  '@fastify/busboy': ['clickhouse/engine/'],
  '@marcbachmann/cel-js': ['collector/expression/'],
  '@preact/signals': ['web/page/'],
  '@opentelemetry': ['sdk/', 'examples/'],
  'async-mutex': ['sdk/observe/', 'examples/'],
  chdb: ['clickhouse/engine/'],
  commander: ['cli/'],
  croner: ['collector/schedules/'],
  koffi: ['mmstats/file/'],
  'lz4-napi': ['clickhouse/engine/', 'collector/receivers/'],
  nodemailer: ['collector/notices/'],
  'p-queue': ['sdk/observe/', 'examples/'],
  preact: ['web/page/'],
  snappy: ['collector/receivers/'],
  'string-width': ['analyzers/report/'],
  yaml: ['cli/configuration/', 'semconv/'],
}

/** Files with more than 400 lines. The list only shrinks. */
const longFiles: readonly string[] = [
  'clickhouse/engine/query-handler.ts',
  'collector/decode/json.ts',
  'collector/decode/span-reader.ts',
  'collector/telemetry/self-metrics.ts',
]

/** Files with a function of more than 70 lines. The list only shrinks. */
const filesWithLongFunctions: readonly string[] = [
  'collector/decode/span-reader.ts',
  'sdk/emit/export-queue.ts',
  'sdk/emit/http-exporter.ts',
]

/** Folders of tests about several parts at once, or about the whole. */
const wholes = ['e2e', 'golden', 'bench', 'crash', 'harness']

const folders = Object.keys(mayImport)
const sources = folders.flatMap((folder) => filesBelow(folder, ['.ts']))
const sqlFiles = folders.flatMap((folder) => filesBelow(folder, ['.sql']))
const pages = ['.', 'docs'].flatMap((folder) => filesBelow(folder, ['.md'], folder === '.'))

/**
 * Files of a folder with one of the endings, as paths from the root, without what is built or
 * installed.
 */
function filesBelow(folder: string, endings: readonly string[], flat = false): string[] {
  return readdirSync(join(root, folder), { recursive: !flat })
    .map((path) => join(folder, String(path)))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .filter((path) => !/(^|\/)(dist|node_modules)\//.test(path))
    .toSorted()
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** The module names that a TypeScript file imports, but for those of examples in its comments. */
function importsOf(path: string): string[] {
  const pattern = /(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"$\s]+)['"]/g
  return [...code(read(path)).matchAll(pattern)].map((match) => match[1] ?? '')
}

describe('sources', () => {
  test('have nothing beside them that was built from them', () => {
    const built = folders.flatMap((folder) => filesBelow(folder, ['.js', '.js.map', '.d.ts']))
    expect(built.filter((path) => !path.includes('/bin/'))).toEqual([])
  })

  test('import only what their folder may', () => {
    const wrong = sources.flatMap((path) => {
      const folder = path.split('/')[0] ?? ''
      return importsOf(path)
        .filter((name) => name.startsWith('@wayward/'))
        .filter((name) => !mayImport[folder]?.includes(name.split('/').slice(0, 2).join('/')))
        .map((name) => `${path} imports ${name}`)
    })
    expect(wrong).toEqual([])
  })

  test('stay inside their package with relative imports', () => {
    const wrong = sources.flatMap((path) => {
      const folder = path.startsWith('examples/')
        ? path.split('/').slice(0, 2).join('/')
        : (path.split('/')[0] ?? '')
      return importsOf(path)
        .filter((name) => name.startsWith('.'))
        .filter((name) => relative(folder, join(dirname(path), name)).startsWith('..'))
        .map((name) => `${path} imports ${name}`)
    })
    expect(wrong).toEqual([])
  })

  test('enter other packages by the doors that their package.json names', () => {
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .filter((name) => name.startsWith('@wayward/'))
        .filter((name) => {
          const [, folder = '', ...rest] = name.split('/')
          const { exports } = JSON.parse(read(join(folder, 'package.json'))) as {
            exports: Readonly<Record<string, unknown>>
          }
          return exports[rest.length === 0 ? '.' : `./${rest.join('/')}`] === undefined
        })
        .map((name) => `${path} imports ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('import each other in no circle', () => {
    const known = new Set(sources)
    const graph = new Map(
      sources.map((path) => [
        path,
        importsOf(path)
          .filter((name) => name.startsWith('.'))
          .map((name) => join(dirname(path), name))
          .filter((target) => known.has(target)),
      ]),
    )
    expect(circles(graph)).toEqual([])
  })

  test('keep third-party packages in the places that they are bound to', () => {
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .filter((name) => !/^(\.|node:|@wayward\/)/.test(name))
        .filter((name) => {
          const homes = Object.entries(boundTo).find(([bound]) => isPackage(name, bound))?.[1]
          return !(homes?.some((home) => path.startsWith(home)) ?? false)
        })
        .map((name) => `${path} imports ${name}`),
    )
    expect(wrong).toEqual([])
  })

  test('take attribute keys from semconv only', () => {
    const registry = readRegistry(new URL('../semconv/registry/', import.meta.url))
    const keys = [...registry.attributes, ...registry.imported].map((attribute) => attribute.key)
    const events = registry.signals.filter((one) => one.signal === 'event').map((one) => one.name)
    const names = new Set([...keys, ...events])
    const wrong = sources
      .filter((path) => !path.startsWith('semconv/'))
      .flatMap((path) =>
        [...code(read(path)).matchAll(/['"`]([a-z0-9_.]+)['"`]/g)]
          .map((match) => match[1] ?? '')
          .filter((literal) => names.has(literal))
          .map((literal) => `${path} writes '${literal}'`),
      )
    expect(wrong).toEqual([])
  })

  test('have files of one noun, not catch-alls', () => {
    const catchAll = /\/(utils?|helpers?|common|types|misc)\.ts$/
    expect(sources.filter((path) => catchAll.test(path))).toEqual([])
  })
})

/** The circles of a graph, each as the way around it. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const walk = (path: string, way: readonly string[]): void => {
    const start = way.indexOf(path)
    if (start >= 0) found.push([...way.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const target of graph.get(path) ?? []) walk(target, [...way, path])
    done.add(path)
  }
  for (const path of graph.keys()) walk(path, [])
  return found
}

describe('the form of sources', () => {
  const tests = filesBelow('test', ['.ts'])

  test('wraps comments at 100 columns, as the formatter does with code, but for pictures', () => {
    const wrong = [...sources, ...tests]
      .filter((path) => !path.includes('/generated/'))
      .flatMap((path) =>
        read(path)
          .split('\n')
          .map((line, index) => ({ line, place: `${path}:${index + 1}` })),
      )
      .filter(({ line }) => line.length > 100 && /^\s*(\/\/|\/?\*)/.test(line))
      .filter(({ line }) => !/[─│]/.test(line))
      .map(({ place }) => place)
    expect(wrong).toEqual([])
  })

  test('names constants in camelCase, but for the generated names of semconv', () => {
    const wrong = sources
      .filter((path) => !path.includes('/generated/'))
      .flatMap((path) =>
        [...code(read(path)).matchAll(/^\s*(?:export )?const ([A-Z][A-Z0-9_]+)\b/gm)].map(
          (match) => `${path} has ${match[1] ?? ''}`,
        ),
      )
    expect(wrong).toEqual([])
  })

  test('hides members with #', () => {
    const wrong = sources.filter((path) =>
      /^\s+(private|protected(?! override)) /m.test(code(read(path))),
    )
    expect(wrong).toEqual([])
  })

  test('has files of at most 400 lines and functions of at most 70', () => {
    const found = tooLong()
    expect(found('eslint(max-lines)')).toEqual(longFiles.toSorted())
    expect(found('eslint(max-lines-per-function)')).toEqual(filesWithLongFunctions.toSorted())
  }, 60_000)
})

describe('the doors of the packages', () => {
  const doors = sources.filter((path) => /^[a-z]+\/(index|register)\.ts$/.test(path))

  test('export only what has a doc comment', () => {
    const wrong = doors.flatMap((door) =>
      [...code(read(door)).matchAll(/export (?:type )?\{([^}]*)\} from '(\.[^']+)'/g)].flatMap(
        ([, names = '', from = '']) => undocumented(join(dirname(door), from), names),
      ),
    )
    expect(doors.length).toBeGreaterThan(6)
    expect(wrong).toEqual([])
  })
})

/** Those of the names in an export list whose declaration in the file has no doc comment above. */
function undocumented(path: string, list: string): string[] {
  const text = read(path)
  return list
    .split(',')
    .map(
      (name) =>
        name
          .trim()
          .replace(/^type /, '')
          .split(' as ')[0] ?? '',
    )
    .filter((name) => {
      if (name === '') return false
      const kinds = String.raw`const|function|async function\*?|class|interface|type`
      const at = text.search(new RegExp(`^export (?:${kinds}) ${name}\\b`, 'm'))
      return at < 0 || !text.slice(0, at).trimEnd().endsWith('*/')
    })
    .map((name) => `${path}: ${name}`)
}

/** Runs the linter with the rules about size, and tells which files break one. */
function tooLong(): (rule: string) => string[] {
  const linter = join(root, 'node_modules', '.bin', 'oxlint')
  const settings = join(root, 'test', 'harness', 'size-rules.json')
  const report = execFileSync(linter, ['-c', settings, '--format', 'json', ...folders], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const { diagnostics }: { diagnostics: readonly { code: string; filename: string }[] } =
    JSON.parse(report)
  return (rule) => {
    const files = diagnostics
      .filter((one) => one.code === rule && !one.filename.includes('/generated/'))
      .map((one) => one.filename)
    return [...new Set(files)].toSorted()
  }
}

describe('tests', () => {
  const tests = filesBelow('test', ['.test.ts'])
    .map((path) => path.slice('test/'.length))
    .filter((path) => path.includes('/') && !wholes.includes(path.split('/')[0] ?? ''))

  test('mirror a folder of sources', () => {
    const wrong = tests.filter(
      (path) =>
        !existsSync(join(root, dirname(path))) &&
        // A folder with what one test needs.
        basename(dirname(path)) !== basename(path, '.test.ts'),
    )
    expect(wrong).toEqual([])
  })

  test('that are named after a file lie where it lies', () => {
    const wrong = tests.flatMap((path) => {
      const name = basename(path).replace('.test.ts', '.ts')
      const homes = filesBelow(path.split('/')[0] ?? '', [`/${name}`]).map(dirname)
      return homes.length === 0 || homes.includes(dirname(path)) ? [] : [`${path}: ${homes.join()}`]
    })
    expect(wrong).toEqual([])
  })
})

/** The text without its comments, in which keys may be spoken of. */
function code(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '')
}

function isPackage(name: string, bound: string): boolean {
  return name === bound || name.startsWith(`${bound}/`)
}

describe('SQL files', () => {
  test('name only attributes that the registry has', () => {
    const registry = readRegistry(new URL('../semconv/registry/', import.meta.url))
    const names = new Set([
      ...registry.attributes.map((attribute) => attribute.key),
      ...registry.signals.map((signal) => signal.name),
    ])
    const wrong = sqlFiles.flatMap((path) =>
      [...read(path).matchAll(/'(wayward\.[a-z0-9_.]+)'/g)]
        .map((match) => match[1] ?? '')
        .filter((key) => !names.has(key))
        .map((key) => `${path} names '${key}'`),
    )
    expect(wrong).toEqual([])
  })

  test('open with a comment that says what they are', () => {
    expect(sqlFiles.length).toBeGreaterThan(0)
    expect(sqlFiles.filter((path) => !read(path).startsWith('--'))).toEqual([])
  })

  test('select columns by name', () => {
    const wrong = sqlFiles.filter((path) =>
      /SELECT\s+\*/i.test(read(path).replaceAll(/--.*$/gm, '')),
    )
    // It is another name of a table, whatever columns that has.
    expect(wrong).toEqual(['clickhouse/tables/otel_metrics_exp_histogram.sql'])
  })
})

describe('pages', () => {
  test('link only to files that exist', () => {
    const wrong = pages.flatMap((path) =>
      [...read(path).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !/^(https?|mailto):/.test(target))
        .filter((target) => !existsSync(resolve(root, dirname(path), target)))
        .map((target) => `${path} links to ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('are there when a source or another page names them', () => {
    const wrong = [...sources, ...sqlFiles, ...pages].flatMap((path) =>
      [...read(path).matchAll(/\bdocs\/[a-z0-9/-]+\.(?:md|svg|yaml)\b/g)]
        .map((match) => match[0])
        .filter((target) => !existsSync(join(root, target)))
        .map((target) => `${path} names ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('number the decisions that sources name', () => {
    const numbers = readdirSync(join(root, 'docs', 'decisions')).map((name) =>
      Number(name.slice(0, 4)),
    )
    const wrong = [...sources, ...sqlFiles, ...pages].flatMap((path) =>
      [...read(path).matchAll(/\bdecision (?:record )?(\d{1,4})\b/gi)]
        .filter((match) => !numbers.includes(Number(match[1])))
        .map((match) => `${path} names ${match[0]}`),
    )
    expect(wrong).toEqual([])
  })
})
