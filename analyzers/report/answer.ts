// Answers as tables, JSON and CSV.
import type { Column, Finding } from '../analyzer.ts'
import type { Absence, Answer, Report } from '../run.ts'
import { csvLine } from './csv.ts'
import type { Style } from './style.ts'
import { clip, renderTable, type Table, visible, wrap } from './table.ts'
import { alignOf, formatValue, headingOf } from './value.ts'

/** How wide text is set at most: longer lines are hard to read. */
const textWidthMax = 100

type ShownAnswer = Pick<Answer, 'columns' | 'headline' | 'rows'>

export type OutputFormat = 'table' | 'json' | 'csv'

/** The text in the format that was asked for; only that one is made. */
export function formatAs<Format extends string>(
  format: Format,
  texts: Readonly<Record<Format, () => string>>,
): string {
  return texts[format]()
}

/** The rows of an answer, by the columns that matter most. */
export function answerTable(answer: ShownAnswer, width: number, style: Style): string {
  const columns = chooseColumns(answer)
  const table: Table = {
    columns: columns.map((column) => ({
      heading: headingOf(column),
      align: alignOf(column),
      isWhole: column.type === 'time',
    })),
    rows: answer.rows.map((row) => columns.map((column) => formatValue(column, row[column.name]))),
  }
  return renderTable(table, width, style)
}

/** The headline, without the service where all rows have the same and are not of services. */
function chooseColumns({ columns, headline, rows }: ShownAnswer): Column[] {
  const services = new Set(rows.map((row) => row['service']))
  return headline
    .filter((name, index) => name !== 'service' || index === 0 || services.size > 1)
    .map((name) => columns.find((column) => column.name === name))
    .filter((column) => column !== undefined)
}

export function answerCsv({ columns, rows }: Pick<Answer, 'columns' | 'rows'>): string {
  const header = csvLine(columns.map((column) => column.name))
  return header + rows.map((row) => csvLine(columns.map(({ name }) => row[name]))).join('')
}

export function answerJson(answer: Answer | Report): string {
  return `${JSON.stringify(answer, null, 2)}\n`
}

/** A report for people: the findings, the worst first, then the table. */
export function reportText(report: Report, width: number, style: Style): string {
  const textWidth = Math.min(width, textWidthMax)
  const title = wrap(report.question, textWidth).map((line) => `${style.bold(line)}\n`)
  if (report.status === 'NA') {
    return [...title, '\n', ...notAvailable(report, textWidth)].join('')
  }
  const findings = report.findings.map(
    (finding, index) => `${findingText(finding, index + 1, textWidth, style)}\n`,
  )
  if (findings.length === 0) findings.push('Nothing stands out.\n\n')
  const table =
    report.rows.length === 0
      ? []
      : [answerTable(report, width, style), footnote(report, width, style)]
  return [...title, '\n', ...findings, ...table].join('')
}

/** What the table leaves out because it is the same in every row, and where the rest is. */
export function footnote(answer: ShownAnswer, width: number, style: Style): string {
  // Some answers are about several services at once, and have no such column.
  const service = answer.rows[0]?.['service']
  const shown = chooseColumns(answer)
  const hasService = shown.some((column) => column.name === 'service')
  const ofService =
    service === ''
      ? 'A service without a name.'
      : `Service ${visible(clip(String(service), nameCharactersMax))}.`
  const hasTimes = shown.some(({ type }) => type === 'time' || type === 'hour')
  const facts = [
    ...(hasService || service === undefined ? [] : [ofService]),
    ...(hasTimes ? ['Times are UTC.'] : []),
    `All ${answer.columns.length} columns: --format json or csv`,
  ]
  return wrap(facts.join(' '), width)
    .map((line) => `${style.dim(line)}\n`)
    .join('')
}

function notAvailable(report: Report, width: number): string[] {
  return wrap(`NA: ${whyNotAvailable(report)}`, width).map((line) => `${line}\n`)
}

/** Why a question has no answer, and what to do. */
export function whyNotAvailable({ absence, missing }: Pick<Report, 'absence' | 'missing'>): string {
  return absenceTexts[absence ?? 'never_instrumented'](missing)
}

const absenceTexts: Readonly<Record<Absence, (missing: readonly string[]) => string>> = {
  nothing_reported: (missing) =>
    `nothing has been reported yet, and this question needs ${missing.join(' and ')}. Start the application with the SDK (see docs/sdk.md and docs/send-data.md).`,
  unknown_service: () =>
    'no service of this name has ever reported; "wayward sessions" shows who has.',
  unknown_session: () =>
    'no such session of this service has ever reported; "wayward sessions" shows those that have.',
  never_instrumented: (missing) =>
    `cannot be answered, because what was asked for has never reported ${missing.join(' or ')}. Report them from the application (see docs/sdk.md and docs/send-data.md).`,
  idle: (missing) =>
    `cannot be answered, because in what was asked for there are no ${missing.join(' and no ')}: it was idle, though it has reported such before or since. Ask for more with --since, --from, --to, --service and --session.`,
}

/** The finding as a paragraph: number, severity and summary, then why and what to do. */
export function findingText(finding: Finding, number: number, width: number, style: Style): string {
  const { severity } = finding
  const start = `${number}. `
  const label = `[severity ${severity}] `
  const indent = ' '.repeat(start.length)
  const [first = '', ...rest] = wrap(
    label + visible(shortened(finding.summary, finding)),
    width - start.length,
  )
  const lines = [
    start + style.severity(label, severity) + style.bold(first.slice(label.length)),
    ...rest.map((line) => indent + style.bold(line)),
    ...paragraph('Why: ', shortened(finding.explanation, finding), width, indent, style),
    ...paragraph('Do:  ', shortened(finding.solution, finding), width, indent, style),
    ...finding.exemplars.flatMap(({ label: what, traceId, spanId }) =>
      paragraph(
        'See: ',
        `trace ${traceId} span ${spanId} (${shortened(what, finding)})`,
        width,
        indent,
        style,
      ),
    ),
  ]
  return `${lines.join('\n')}\n`
}

/** Names in prose are cut, so that the numbers behind them are seen; JSON has them whole. */
const nameCharactersMax = 100
const proseCharactersMax = 5000

/** A finding's text with its long names cut. */
export function shortened(text: string, { subject, service }: Finding): string {
  const names = [subject, service].filter((name) => name.length > nameCharactersMax)
  const short = names.reduce(
    (all, name) => all.replaceAll(name, clip(name, nameCharactersMax)),
    text,
  )
  // Other names are known by their length only: of a task, of an error, of one lock among several.
  const legible = short.replaceAll(longWord, (word) => clip(word, nameCharactersMax))
  return clip(legible, proseCharactersMax)
}

const longWord = new RegExp(`\\S{${nameCharactersMax + 1},}`, 'g')

function paragraph(
  label: string,
  text: string,
  width: number,
  indent: string,
  style: Style,
): string[] {
  if (text === '') return []
  const lines = wrap(visible(text), width - indent.length - label.length)
  return lines.map((line, index) => {
    const start = index === 0 ? style.dim(label) : ' '.repeat(label.length)
    return indent + start + line
  })
}
