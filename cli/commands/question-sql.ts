// `--sql` of `wayward analyze` and `wayward report`: the statements, to be run in any client.
import { analyzers, readFilledSql } from '@wayward/analyzers'
import type { storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { databaseOf, withStore } from '../open-store.ts'
import type { Selection } from '../selection.ts'
import type { Terminal } from '../terminal.ts'
import { toWindow, withoutSession } from '../window.ts'
import { checkName } from './analyze.ts'

export interface SqlCommand {
  /** Whose question. @default those of all analyzers */
  readonly name?: string
  readonly values: Resolved<typeof storeFields>
  readonly selection: Selection
}

/** The store is asked only for the rest of a session's id. */
export async function printSql(
  terminal: Terminal,
  { name, values, selection }: SqlCommand,
): Promise<void> {
  if (name !== undefined) checkName(name)
  const window =
    selection.sessions.length === 0
      ? withoutSession(selection)
      : await withStore(terminal, values, async (store) => await toWindow(store, selection))
  const names = name === undefined ? analyzers.map((analyzer) => analyzer.name) : [name]
  const database = databaseOf(values)
  const statements = await Promise.all(
    names.map(async (one) => await readFilledSql(one, window, database)),
  )
  // One statement needs no end, and some clients refuse it.
  await terminal.write(
    statements.length === 1
      ? `${statements[0] ?? ''}\n`
      : statements.map((statement) => `${statement};\n`).join('\n'),
  )
}
