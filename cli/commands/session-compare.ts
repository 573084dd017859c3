// `wayward sessions compare`: two sessions side by side, by their locks, queues and jobs.
import { runAnalyzer } from '@wayward/analyzers'
import { comparedTable } from '@wayward/analyzers/report/compared'
import { CommandError, exitCodes } from '../command-error.ts'
import type { sessionCompareFields } from '../configuration/session-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import type { Terminal } from '../terminal.ts'
import { findIds } from '../window.ts'

/** The questions whose answers have a row for each lock, queue or job, as on the page. */
const compared = ['lock-contention', 'queue-delay', 'job-runs'] as const

/** Compares two sessions. */
export async function sessionCompare(
  terminal: Terminal,
  asked: {
    readonly sessions: readonly [string, string]
    readonly values: Resolved<typeof sessionCompareFields>
  },
): Promise<void> {
  const { style, width } = terminal
  const text = await withStore(terminal, asked.values, async (store) => {
    const [first = ''] = await findIds(store, [asked.sessions[0]])
    const [second = ''] = await findIds(store, [asked.sessions[1]])
    if (first === second) {
      throw new CommandError(exitCodes.usage, `Both are the session ${first}; wanted two`)
    }
    try {
      const parts = [`first   ${first}\nsecond  ${second}\n`]
      for (const name of compared) {
        terminal.progress(`Asking ${name}`)
        const one = await runAnalyzer(store, name, { sessions: [first] })
        const other = await runAnalyzer(store, name, { sessions: [second] })
        if (one.rows.length + other.rows.length === 0) continue
        parts.push(`${style.bold(name)}\n${comparedTable([one, other], width, style)}`)
      }
      terminal.progress('')
      if (parts.length === 1) parts.push('Neither has reported a lock, queue or job.\n')
      return parts.join('\n')
    } catch (error) {
      throw toAnswerError(error)
    }
  })
  await terminal.write(text)
}
