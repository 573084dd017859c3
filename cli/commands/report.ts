// `wayward report`: all questions at once, and one list of what is wrong, the worst first.
import { rankedJunit } from '@wayward/analyzers/report/junit'
import { rankedMarkdown } from '@wayward/analyzers/report/markdown'
import { type RankedReport, runReport } from '@wayward/analyzers/report/ranked'
import { hasAnswer, rankedCsv, rankedJson, rankedText } from '@wayward/analyzers/report/ranked-text'
import { rankedSarif } from '@wayward/analyzers/report/sarif'
import { severityBounds } from '@wayward/analyzers/report/style'
import { formatAs } from '@wayward/analyzers/report/answer'
import type { ExitCode } from '../command-error.ts'
import type { Terminal } from '../terminal.ts'
import { judge } from '../verdict.ts'
import type { Shown } from '../watch.ts'
import { answer, type AskedFor } from './answering.ts'

export async function report(terminal: Terminal, asked: AskedFor): Promise<ExitCode> {
  return await answer(terminal, asked, async (store, window, tell) => {
    const ranked = await runReport(store, window, (answered, of) => {
      tell(`${answered} of ${of} questions answered`)
    })
    return toShown(terminal, asked.values, ranked)
  })
}

function toShown(terminal: Terminal, values: AskedFor['values'], ranked: RankedReport): Shown {
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
