// `wayward analyze <name>`: one analyzer's report; without a name the list of analyzers.
import { analyzers, listAnalyzers as readAnalyzers, runAnalyzer } from '@wayward/analyzers'
import { CommandError, type ExitCode, exitCodes } from '../command-error.ts'
import type { analyzeFields, outputFields, storeFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { nearest } from '../nearest.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import {
  answerCsv,
  answerJson,
  formatAs,
  type OutputFormat,
  reportText,
} from '@wayward/analyzers/report/answer'
import { csvLine } from '@wayward/analyzers/report/csv'
import { renderTable } from '@wayward/analyzers/report/table'
import type { Selection } from '../selection.ts'
import type { Terminal } from '../terminal.ts'
import { toWindow } from '../window.ts'

export interface AnalyzeCommand {
  readonly analyzer: string
  readonly values: Resolved<typeof storeFields & typeof outputFields & typeof analyzeFields>
  readonly selection: Selection
}

export async function analyze(terminal: Terminal, command: AnalyzeCommand): Promise<ExitCode> {
  const { analyzer, values, selection } = command
  if (!analyzers.some((known) => known.name === analyzer)) throw unknownAnalyzer(analyzer)
  const report = await withStore(terminal, values, async (store) => {
    try {
      return await runAnalyzer(store, analyzer, await toWindow(store, selection))
    } catch (error) {
      throw toAnswerError(error)
    }
  })
  await terminal.write(
    formatAs(values.format, {
      json: () => answerJson(report),
      csv: () => answerCsv(report),
      table: () => reportText(report, terminal.width, terminal.style),
    }),
  )
  if (report.status === 'NA' && values.format === 'csv') {
    terminal.note(`NA: in what was asked for there are no ${report.missing.join(' and no ')}`)
  }
  const worst = report.findings.reduce((max, finding) => Math.max(max, finding.severity), -1)
  return values.failOn !== undefined && worst >= values.failOn ? exitCodes.findings : exitCodes.done
}

function unknownAnalyzer(name: string): CommandError {
  const names = analyzers.map((known) => known.name)
  const guess = nearest(name, names)
  const cure =
    guess === undefined ? `wanted one of ${names.join(', ')}` : `did you mean "${guess}"?`
  return new CommandError(exitCodes.usage, `Unknown analyzer "${name}"; ${cure}`)
}

export async function listAnalyzers(
  terminal: Terminal,
  format: OutputFormat,
  programName: string,
): Promise<void> {
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
