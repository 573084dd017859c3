// Writes the list of the analyzers and the types of their rows, from their folders and the heads of
// their SQL: part of `npm run generate`. The test calls `generate()` and compares.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ColumnType } from './analyzer.ts'
import { parseSqlHeader } from './sql-header.ts'

/** One generated file: where it belongs, from the repository's root, and its text. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** The files that the analyzers below `root` (the repository's root) generate. */
export function generate(root: URL): GeneratedFile[] {
  const found = findAnalyzers(new URL('analyzers/', root))
  return [
    { path: 'analyzers/generated/list.ts', text: listFile(found) },
    { path: 'analyzers/generated/rows.ts', text: rowsFile(found, new URL('analyzers/', root)) },
  ]
}

/** A folder with a question and what its rows mean: `job-runs/job-runs.sql` and `.ts` beside it. */
interface FoundAnalyzer {
  readonly name: string
  /** From `analyzers/`, without the ending: `job-runs/job-runs`. */
  readonly path: string
}

function findAnalyzers(folder: URL): FoundAnalyzer[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.sql') && !/(^|\/)(dist|node_modules)\//.test(path))
    .map((path) => path.slice(0, -'.sql'.length))
    .filter((path) => existsSync(new URL(`${path}.ts`, folder)))
    .map((path) => ({ name: basename(path), path }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const banner =
  '// Generated from the folders of the analyzers by `npm run generate`. Do not edit.\n'

function listFile(found: readonly FoundAnalyzer[]): string {
  const imports = found.map(
    ({ name, path }) => `import { ${camelCase(name)} } from '../${path}.ts'\n`,
  )
  const items = found.map(({ name }) => `  ${camelCase(name)},\n`)
  return `${banner}${imports.join('')}\n/** All analyzers, by name. */\nexport const analyzerList = [\n${items.join('')}] as const\n`
}

function rowsFile(found: readonly FoundAnalyzer[], folder: URL): string {
  const rows = found.map(({ name, path }) => {
    const { columns, rowsAre } = parseSqlHeader(
      readFileSync(new URL(`${path}.sql`, folder), 'utf8'),
    )
    const fields = columns.map(
      (column) =>
        `  /** ${unitOf(column.unit)}${column.description} */\n  readonly ${column.name}: ${rowTypes[column.type]}\n`,
    )
    return `\n/** Of \`${name}\`: ${rowsAre}. */\nexport interface ${rowTypeOf(name)} {\n${fields.join('')}}\n`
  })
  return `${banner}${rows.join('')}`
}

const rowTypes: Readonly<Record<ColumnType, string>> = {
  text: 'string',
  time: 'string',
  count: 'number',
  duration: 'number',
  fraction: 'number',
  rate: 'number',
  number: 'number',
  hour: 'number',
  counts: 'readonly number[]',
}

function unitOf(unit: string): string {
  return unit === '' ? '' : `${unit}: `
}

function rowTypeOf(name: string): string {
  const camel = camelCase(name)
  return `${camel.charAt(0).toUpperCase()}${camel.slice(1)}Row`
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = new URL('../../', import.meta.url)
  for (const file of generate(root)) {
    const path = fileURLToPath(new URL(file.path, root))
    writeFileSync(path, file.text)
    process.stdout.write(`Wrote ${file.path}\n`)
  }
}
