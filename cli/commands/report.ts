// `wayward report`: all questions at once, and one list of what is wrong, the worst first.
import { rankedJunit } from '@wayward/analyzers/report/junit'
import { rankedMarkdown } from '@wayward/analyzers/report/markdown'
import { type RankedReport, runReport } from '@wayward/analyzers/report/ranked'
import { hasAnswer, rankedCsv, rankedJson, rankedText } from '@wayward/analyzers/report/ranked-text'
import { rankedSarif } from '@wayward/analyzers/report/sarif'
import { severityBounds } from '@wayward/analyzers/report/style'
import { formatAs } from '@wayward/analyzers/report/answer'
import type { ExitCode } from '../command-error.ts'
import type { findingFields, storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import type { Selection } from '../selection.ts'
import type { Terminal } from '../terminal.ts'
import { judge } from '../verdict.ts'
import { type Shown, show, type Tell, watch } from '../watch.ts'
import { toWindow } from '../window.ts'

export interface ReportCommand {
  readonly values: Resolved<typeof storeFields & typeof findingFields>
  /** Anew for each round: now goes on while it is watched. */
  readonly selection: () => Selection
  readonly isWatching: boolean
}

export async function report(terminal: Terminal, command: ReportCommand): Promise<ExitCode> {
  const interruption = command.isWatching ? terminal.catchSignals() : undefined
  return await withStore(terminal, command.values, async (store) => {
    const ask = async (tell: Tell): Promise<Shown> => {
      try {
        const window = await toWindow(store, command.selection())
        const ranked = await runReport(store, window, (answered, of) => {
          tell(`${answered} of ${of} questions answered`)
        })
        return toShown(terminal, command.values, ranked)
      } catch (error) {
        throw toAnswerError(error)
      }
    }
    return interruption === undefined
      ? await show(terminal, ask)
      : await watch(terminal, interruption, ask)
  })
}

function toShown(terminal: Terminal, values: ReportCommand['values'], ranked: RankedReport): Shown {
  const text = formatAs(values.format, {
    table: () => rankedText(ranked, terminal.width, terminal.style),
    json: () => rankedJson(ranked),
    csv: () => rankedCsv(ranked),
    markdown: () => rankedMarkdown(ranked),
    sarif: () => rankedSarif(ranked),
    junit: () => rankedJunit(ranked, values.failOn ?? severityBounds.medium),
  })
  const verdict = judge(terminal, values, {
    severities: [...ranked.dataQuality, ...ranked.causes].map(({ severity }) => severity),
    isNotAvailable: !hasAnswer(ranked),
    hasFailed: ranked.asked.some(({ status }) => status === 'failed'),
  })
  return { text, ...verdict }
}
