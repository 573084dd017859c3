// `wayward sessions`: which runs of which processes have reported.
import { listSessions } from '@wayward/analyzers'
import type { outputFields, storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import {
  answerCsv,
  answerJson,
  answerTable,
  footnote,
  formatAs,
} from '@wayward/analyzers/report/answer'
import type { Selection } from '../selection.ts'
import type { Terminal } from '../terminal.ts'
import { toWindow } from '../window.ts'

export interface SessionsCommand {
  readonly values: Resolved<typeof storeFields & typeof outputFields>
  readonly selection: Selection
}

export async function sessions(terminal: Terminal, command: SessionsCommand): Promise<void> {
  const { values, selection } = command
  const answer = await withStore(terminal, values, async (store) => {
    try {
      const window = await toWindow(store, selection)
      const all = await listSessions(store, window)
      const { sessions: ids } = window
      if (ids === undefined) return all
      return { ...all, rows: all.rows.filter((row) => ids.includes(String(row['session']))) }
    } catch (error) {
      throw toAnswerError(error)
    }
  })
  const text = formatAs(values.format, {
    json: () => answerJson(answer),
    csv: () => answerCsv(answer),
    table: () =>
      answer.rows.length === 0
        ? 'No session has reported in what was asked for.\n'
        : answerTable(answer, terminal.width, terminal.style) +
          footnote(answer, terminal.width, terminal.style),
  })
  await terminal.write(text)
}
