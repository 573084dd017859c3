// What `wayward analyze` and `wayward report` have in common: they ask about a selection, once or
// until Ctrl-C.
import type { ReportWindow } from '@wayward/analyzers'
import type { Store } from '@wayward/clickhouse'
import type { ExitCode } from '../command-error.ts'
import type { findingFields, storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import type { Selection } from '../selection.ts'
import type { Terminal } from '../terminal.ts'
import { type Shown, show, type Tell, watch } from '../watch.ts'
import { toWindow } from '../window.ts'

/** What the person wants to know, and how. */
export interface AskedFor {
  readonly values: Resolved<typeof storeFields & typeof findingFields>
  /** Anew for each question: now goes on while it is watched. */
  readonly selection: () => Selection
  readonly isWatching: boolean
}

/** Asks the store, and shows what it answers. */
export async function answer(
  terminal: Terminal,
  { values, selection, isWatching }: AskedFor,
  ask: (store: Store, window: ReportWindow, tell: Tell) => Promise<Shown>,
): Promise<ExitCode> {
  const interruption = isWatching ? terminal.catchSignals() : undefined
  return await withStore(terminal, values, async (store) => {
    const askOnce = async (tell: Tell): Promise<Shown> => {
      try {
        return await ask(store, await toWindow(store, selection()), tell)
      } catch (error) {
        throw toAnswerError(error)
      }
    }
    return interruption === undefined
      ? await show(terminal, askOnce)
      : await watch(terminal, interruption, askOnce)
  })
}
