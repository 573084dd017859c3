// Writes the list of the analyzers and the types of their rows, from their folders and the heads of
// their SQL, and their pages in docs/: part of `npm run generate`. The test calls `generate()` and
// compares.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ColumnType } from './analyzer.ts'
import { analyzerPage, analyzersPage } from './reference-page.ts'
import { parseSqlHeader, type SqlHeader } from './sql-header.ts'

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
    ...pages(found, root),
  ]
}

/** A page for each analyzer, and their list. */
function pages(found: readonly FoundAnalyzer[], root: URL): GeneratedFile[] {
  const folder = new URL('analyzers/', root)
  const parts = found.map(({ name, path }) => ({
    name,
    path,
    header: parseSqlHeader(read(new URL(`${path}.sql`, folder))),
  }))
  const list = parts.map(({ name, header }) => ({ name, question: header.question }))
  return [
    { path: 'docs/analyzers/README.md', text: analyzersPage(list) },
    ...parts.map(({ name, path, header }) => ({
      path: `docs/analyzers/${name}.md`,
      text: pageOf(name, path, header, root),
    })),
  ]
}

/** The first line of the prose names the golden case that is the example. */
const exampleLine = /^<!-- Example: ([\w-]+) -->\n/

function pageOf(name: string, path: string, header: SqlHeader, root: URL): string {
  const file = new URL(`analyzers/${path}.md`, root)
  const text = existsSync(file) ? read(file) : ''
  const example = exampleLine.exec(text)?.[1]
  if (example === undefined) {
    throw new Error(
      `Cannot read ${path}.md: wanted "<!-- Example: <golden case> -->" in its first line`,
    )
  }
  const folder = new URL(`test/golden/${name}/${example}/`, root)
  const { about } = JSON.parse(read(new URL('input.json', folder))) as { readonly about: string }
  return analyzerPage({
    name,
    header,
    prose: text.replace(exampleLine, ''),
    exampleAbout: about,
    exampleShown: read(new URL('shown.txt', folder)),
  })
}

function read(file: URL): string {
  return readFileSync(file, 'utf8')
}

/**
 * A folder with a question, what its rows mean and what a person says about it:
 * `job-runs/job-runs.sql`, and `.ts` and `.md` beside it.
 */
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
    const { columns, rowsAre } = parseSqlHeader(read(new URL(`${path}.sql`, folder)))
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
  json: 'string',
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
