// `wayward analyze <name>`: one analyzer's report; without a name the list of analyzers.
import {
  analyzers,
  listAnalyzers as readAnalyzers,
  type Report,
  runAnalyzer,
} from '@wayward/analyzers'
import { CommandError, type ExitCode, exitCodes } from '../command-error.ts'
import { nearest } from '../nearest.ts'
import {
  answerCsv,
  answerJson,
  formatAs,
  type OutputFormat,
  reportText,
  whyNotAvailable,
} from '@wayward/analyzers/report/answer'
import { csvLine } from '@wayward/analyzers/report/csv'
import { rankedJunit } from '@wayward/analyzers/report/junit'
import { answerMarkdown, rankedMarkdown } from '@wayward/analyzers/report/markdown'
import { rank, type RankedReport } from '@wayward/analyzers/report/ranked'
import { rankedSarif } from '@wayward/analyzers/report/sarif'
import { severityBounds } from '@wayward/analyzers/report/style'
import { renderTable } from '@wayward/analyzers/report/table'
import type { Terminal } from '../terminal.ts'
import { judge } from '../verdict.ts'
import type { Shown } from '../watch.ts'
import { answer, type AskedFor } from './answering.ts'

/** @throws CommandError if there is no such analyzer */
export async function analyze(
  terminal: Terminal,
  name: string,
  asked: AskedFor,
): Promise<ExitCode> {
  checkName(name)
  return await answer(terminal, asked, async (store, window, tell) => {
    tell(`Asking ${name}`)
    const report = await runAnalyzer(store, name, window)
    return toShown(terminal, asked.values, report, () => rank([report], window))
  })
}

function toShown(
  terminal: Terminal,
  values: AskedFor['values'],
  report: Report,
  ranked: () => RankedReport,
): Shown {
  const { format, failOn } = values
  const text = formatAs(format, {
    json: () => answerJson(report),
    csv: () => answerCsv(report),
    table: () => reportText(report, terminal.width, terminal.style),
    markdown: () =>
      `${rankedMarkdown(ranked())}${report.rows.length === 0 ? '' : `\n${answerMarkdown(report)}`}`,
    sarif: () => rankedSarif(ranked()),
    junit: () => rankedJunit(ranked(), failOn ?? severityBounds.medium),
  })
  const verdict = judge(terminal, values, {
    severities: report.findings.map(({ severity }) => severity),
    isNotAvailable: report.status === 'NA',
  })
  const isUnsaid = report.status === 'NA' && format === 'csv'
  const notes = [isUnsaid ? `NA: ${whyNotAvailable(report)}` : '', verdict.note ?? '']
  const note = notes.filter((one) => one !== '').join('\n')
  return { text, exitCode: verdict.exitCode, note: note === '' ? undefined : note }
}

/** @throws CommandError with the likely one if there is no analyzer of this name */
export function checkName(name: string): void {
  const names = analyzers.map((known) => known.name)
  if (names.includes(name)) return
  const guess = nearest(name, names)
  const cure =
    guess === undefined ? `wanted one of ${names.join(', ')}` : `did you mean "${guess}"?`
  throw new CommandError(exitCodes.usage, `Unknown analyzer "${name}"; ${cure}`)
}

export async function listAnalyzers(
  terminal: Terminal,
  format: AskedFor['values']['format'],
  programName: string,
): Promise<void> {
  if (!isListFormat(format)) {
    throw new CommandError(
      exitCodes.usage,
      `The list of analyzers has no format "${format}"; wanted table, json or csv`,
    )
  }
  const infos = await readAnalyzers()
  const columns = ['analyzer', 'question'].map((heading) => ({ heading, align: 'left' as const }))
  const rows = infos.map(({ name, question }) => [name, question])
  const text = formatAs(format, {
    json: () => `${JSON.stringify(infos, null, 2)}\n`,
    csv: () => [['name', 'question'], ...rows].map(csvLine).join(''),
    table: () =>
      `${renderTable({ columns, rows }, terminal.width, terminal.style)}\nAsk one: ${programName} analyze ${infos[0]?.name ?? ''}\n`,
  })
  await terminal.write(text)
}

function isListFormat(format: string): format is OutputFormat {
  return ['table', 'json', 'csv'].includes(format)
}
