// Goal: the structure that ARCHITECTURE.md promises holds. Method: read the sources as text.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readRegistry } from '@wayward/semconv/registry'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Which of our packages each folder may import. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  semconv: [],
  otlp: [],
  sdk: ['@wayward/semconv'],
  clickhouse: ['@wayward/base', '@wayward/semconv'],
  collector: ['@wayward/base', '@wayward/semconv', '@wayward/otlp', '@wayward/clickhouse'],
  analyzers: ['@wayward/semconv', '@wayward/clickhouse'],
  cli: [
    '@wayward/base',
    '@wayward/semconv',
    '@wayward/clickhouse',
    '@wayward/collector',
    '@wayward/analyzers',
  ],
  examples: ['@wayward/sdk'],
}

/** Third-party packages that belong to one place. */
const boundTo: Readonly<Record<string, string>> = {
  '@clickhouse/client': 'clickhouse/',
  chdb: 'clickhouse/engine/',
  commander: 'cli/',
}

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
  const pattern = /(?:\bfrom|\bimport|\bimport\()\s*['"]([^'"$]+)['"]/g
  return [...code(read(path)).matchAll(pattern)].map((match) => match[1] ?? '')
}

describe('sources', () => {
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

  test('keep third-party packages in the one folder that they are bound to', () => {
    const wrong = sources.flatMap((path) =>
      importsOf(path)
        .map((name) => ({
          name,
          home: Object.entries(boundTo).find(([bound]) => isPackage(name, bound))?.[1],
        }))
        .filter(({ home }) => home !== undefined && !path.startsWith(home))
        .map(({ name }) => `${path} imports ${name}`),
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
})
