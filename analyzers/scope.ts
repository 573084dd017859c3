// What is known of a window before questions are asked about it: asked once, however many they are.
import type { QueryParameters, Reader } from '@wayward/clickhouse'
import { readOptionalModules, readValues, type Scope, sparingModules } from './sql-modules.ts'

/**
 * Finds out which of the optional parts of these questions find nothing.
 *
 * @throws StoreError if ClickHouse cannot be reached or refuses
 */
export async function readScope(
  store: Reader,
  files: readonly URL[],
  parameters: QueryParameters,
): Promise<Scope> {
  const known = unsetOf(parameters)
  const optional = [...new Set((await Promise.all(files.map(readOptionalModules))).flat())]
  if (optional.length === 0) return known
  const sql = await readValues(optional.map(checkOf), known)
  const [found = {}] = await store.query<Readonly<Record<string, unknown>>>(sql, parameters)
  const empty = optional.filter((name) => found[checkOf(name)] === 0)
  return { ...known, empty: new Set([...known.empty, ...empty]) }
}

/** What is known without asking: which parameters select all. Memory is thought to suffice. */
export function unsetOf(parameters: QueryParameters): Scope {
  const names = Object.keys(parameters).filter((name) => isUnset(parameters[name]))
  return { empty: sparingModules, unset: new Set(names) }
}

function isUnset(value: QueryParameters[string] | undefined): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0)
}

/** The module that says whether another finds anything. */
function checkOf(name: string): string {
  return `has_${name}`
}

/** The same for a question for which memory did not suffice. */
export function sparing(scope: Scope): Scope {
  return { ...scope, empty: new Set([...scope.empty].filter((name) => !sparingModules.has(name))) }
}
