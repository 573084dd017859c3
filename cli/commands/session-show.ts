// `wayward sessions show`: one session on one screen.
import { listReported, listSessions } from '@wayward/analyzers'
import { answerTable } from '@wayward/analyzers/report/answer'
import { runReport } from '@wayward/analyzers/report/ranked'
import { rankedText } from '@wayward/analyzers/report/ranked-text'
import { visible } from '@wayward/analyzers/report/table'
import { formatValue, headingOf } from '@wayward/analyzers/report/value'
import type { sessionShowFields } from '../configuration/session-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import type { Terminal } from '../terminal.ts'
import { findIds } from '../window.ts'

/** Rows of locks, queues and jobs that fit a screen. */
const rowsMax = 12

/** Shows a session. */
export async function sessionShow(
  terminal: Terminal,
  asked: {
    readonly session: string
    readonly values: Resolved<typeof sessionShowFields>
  },
): Promise<void> {
  const { width, style } = terminal
  const text = await withStore(terminal, asked.values, async (store) => {
    try {
      const [session = ''] = await findIds(store, [asked.session])
      const all = await listSessions(store)
      const rows = all.rows.filter((row) => row['session'] === session)
      const facts = rows.map((row) =>
        all.columns
          .filter(({ name, type }) => row[name] !== '' && !(type === 'count' && row[name] === 0))
          .map(
            (column) =>
              `${label(headingOf(column))}${visible(formatValue(column, row[column.name]))}\n`,
          )
          .join(''),
      )
      const reported = await listReported(store, { session })
      const shown = { ...reported, rows: reported.rows.slice(0, rowsMax) }
      const more = reported.rows.length - shown.rows.length
      const rest = more > 0 ? `${more} more: wayward query "SELECT …" (docs/query.md)\n` : ''
      const table =
        shown.rows.length === 0
          ? 'It reported no lock, queue or job.\n'
          : answerTable(shown, width, style) + rest
      const ranked = await runReport(store, { sessions: [session] }, (answered, of) => {
        terminal.progress(`${answered} of ${of} questions answered`)
      })
      terminal.progress('')
      return [...facts, table, rankedText(ranked, width, style)].join('\n')
    } catch (error) {
      throw toAnswerError(error)
    }
  })
  await terminal.write(text)
}

const labelWidth = 18

function label(text: string): string {
  return visible(text).padEnd(labelWidth)
}
