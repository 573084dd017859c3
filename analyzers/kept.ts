// What several questions, or several steps of one, read is asked once where it is small, and sent
// along with them. ClickHouse plans a question for longer than it takes to answer it for an hour,
// and most of that for the subquery that stands wherever holds or waits are mentioned.
import type { KeptRows, QueryParameters, Reader } from '@wayward/clickhouse'
import { isOutOfMemory } from './limit-error.ts'
import { sparing } from './scope.ts'
import {
  type KeepableModule,
  readFirstRows,
  readKeepable,
  readQuestion,
  type Scope,
} from './sql-modules.ts'

/** A question's tables, by the names of the modules whose rows they are. */
export type KeptTables = Readonly<Record<string, KeptRows>>

const rowsMax = 150_000
/** Two of these fit into one request to the embedded engine (`externalBytesMax`). */
const bytesMax = 15 * 2 ** 20

/**
 * Asks the modules of these questions that are small enough to be sent along. What cannot be kept
 * is asked with each question, which will say why.
 */
export async function keepRows(
  store: Reader,
  files: readonly URL[],
  parameters: QueryParameters,
  scope: Scope,
): Promise<KeptTables> {
  if (store.keep === undefined) return {}
  const tables: Record<string, KeptRows> = {}
  // What others are made of comes before them.
  for (const modules of await readWanted(files, scope)) {
    const sent = { ...tables }
    // Two at a time, as a report asks: each may need much memory.
    const remaining = modules.values()
    const askInTurn = async (): Promise<void> => {
      for (const module of remaining) {
        const kept = await keep(store, module, parameters, scope, sent)
        if (kept !== undefined) tables[module.name] = kept
      }
    }
    await Promise.all([askInTurn(), askInTurn()])
  }
  return tables
}

/** The modules of whom rows can be sent: ClickHouse takes no table without any. */
export function sentModules(tables: KeptTables): ReadonlySet<string> {
  return new Set(Object.keys(tables).filter((name) => (tables[name]?.rows ?? 0) > 0))
}

/** The tables of these names. */
export function chosen(tables: KeptTables, names: readonly string[]): KeptTables {
  return Object.fromEntries(Object.entries(tables).filter(([name]) => names.includes(name)))
}

async function keep(
  store: Reader,
  module: KeepableModule,
  parameters: QueryParameters,
  scope: Scope,
  tables: KeptTables,
): Promise<KeptRows | undefined> {
  const ask = async (known: Scope): Promise<KeptRows | undefined> => {
    const { sql, reads } = await readFirstRows(module, rowsMax + 1, {
      ...known,
      kept: sentModules(tables),
    })
    const sent = chosen(tables, reads)
    return await store.keep?.(sql, { rowsMax, bytesMax }, parameters, undefined, sent)
  }
  try {
    return await ask(scope)
  } catch (error) {
    if (!isOutOfMemory(error)) return undefined
    return await ask(sparing(scope)).catch(() => undefined)
  }
}

/**
 * Each module once, with the columns that any of the questions mentions: those of tables, then
 * those that are made of them. What is for several is asked before only where several want it.
 */
async function readWanted(
  files: readonly URL[],
  scope: Scope,
): Promise<ReadonlyArray<readonly KeepableModule[]>> {
  const modules = new Map<string, KeepableModule>()
  const users = new Map<string, number>()
  for (const file of files) {
    for (const module of await readKeepable(file, scope)) {
      modules.set(module.name, module)
      users.set(module.name, (users.get(module.name) ?? 0) + 1)
    }
  }
  const all = [...modules.values()].filter(
    ({ name, isForSeveral }) => !isForSeveral || (users.get(name) ?? 0) > 1,
  )
  const first = all.filter(({ isMade }) => !isMade)
  const second = all.filter(({ isMade }) => isMade)
  return [
    await mentioned(first, files, { ...scope, kept: namesOf(first) }),
    await mentioned(second, files, { ...scope, kept: namesOf(all) }),
  ]
}

async function mentioned(
  modules: readonly KeepableModule[],
  files: readonly URL[],
  scope: Scope,
): Promise<readonly KeepableModule[]> {
  const texts = await Promise.all(files.map(async (file) => (await readQuestion(file, scope)).sql))
  const words = new Set(texts.flatMap((text) => text.match(/\w+/g) ?? []))
  return modules.map((module) => ({
    ...module,
    columns: module.columns.filter((column) => words.has(column)),
  }))
}

function namesOf(modules: readonly KeepableModule[]): ReadonlySet<string> {
  return new Set(modules.map(({ name }) => name))
}
