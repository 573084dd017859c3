// `wayward analyze <name>`: one analyzer's report; without a name the list of analyzers.
import {
  analyzers,
  listAnalyzers as readAnalyzers,
  type Report,
  runAnalyzer,
} from '@wayward/analyzers'
import { CommandError, type ExitCode, exitCodes } from '../command-error.ts'
import type { findingFields, storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { nearest } from '../nearest.ts'
import { toAnswerError, withStore } from '../open-store.ts'
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
import type { Selection } from '../selection.ts'
import type { Terminal } from '../terminal.ts'
import { judge } from '../verdict.ts'
import { type Shown, show, watch } from '../watch.ts'
import { toWindow } from '../window.ts'

export interface AnalyzeCommand {
  readonly analyzer: string
  readonly values: Resolved<typeof storeFields & typeof findingFields>
  /** Anew for each question: now goes on while it is watched. */
  readonly selection: () => Selection
  readonly isWatching: boolean
}

export async function analyze(terminal: Terminal, command: AnalyzeCommand): Promise<ExitCode> {
  const { analyzer, values, isWatching } = command
  checkName(analyzer)
  const interruption = isWatching ? terminal.catchSignals() : undefined
  return await withStore(terminal, values, async (store) => {
    const ask = async (): Promise<Shown> => {
      try {
        const window = await toWindow(store, command.selection())
        const report = await runAnalyzer(store, analyzer, window)
        return toShown(terminal, command, report, () => rank([report], window))
      } catch (error) {
        throw toAnswerError(error)
      }
    }
    return interruption === undefined
      ? await show(terminal, async (tell) => {
          tell(`Asking ${analyzer}`)
          return await ask()
        })
      : await watch(terminal, interruption, ask)
  })
}

function toShown(
  terminal: Terminal,
  { values }: AnalyzeCommand,
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
  format: AnalyzeCommand['values']['format'],
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
