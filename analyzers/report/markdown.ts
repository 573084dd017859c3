// What was found as Markdown, for tickets, chats and the summaries of CI jobs.
import type { Answer } from '../run.ts'
import type { Attributed, Cause, RankedReport } from './ranked.ts'
import { whyNotAvailable } from './answer.ts'
import { visible } from './table.ts'
import { formatValue, headingOf } from './value.ts'

/** A chapter per cause, the data's own troubles first. */
export function rankedMarkdown({ about, dataQuality, causes, asked }: RankedReport): string {
  const notes = asked.flatMap((one) => {
    if (one.status === 'NA') return [`- \`${one.analyzer}\`: NA, ${escaped(whyNotAvailable(one))}`]
    if (one.status === 'ok') return [`- \`${one.analyzer}\`: nothing found`]
    return one.status === 'failed'
      ? [`- \`${one.analyzer}\`: not answered, ${escaped(one.reason ?? '')}`]
      : []
  })
  return [
    `## What is wrong: ${escaped(about)}\n`,
    ...dataQuality.map((cause) => causeMarkdown(cause, 'Data')),
    ...causes.map((cause, index) => causeMarkdown(cause, String(index + 1))),
    ...(causes.length === 0 && asked.some(({ status }) => status !== 'NA')
      ? ['Nothing stands out.\n']
      : []),
    ...(notes.length > 0 ? [`${notes.join('\n')}\n`] : []),
  ].join('\n')
}

/** The rows of an answer by the columns that matter most, as a table. */
export function answerMarkdown({
  columns,
  headline,
  rows,
}: Pick<Answer, 'columns' | 'headline' | 'rows'>): string {
  const shown = headline
    .map((name) => columns.find((column) => column.name === name))
    .filter((column) => column !== undefined)
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`
  return [
    line(shown.map(headingOf)),
    line(shown.map(() => '---')),
    ...rows.map((row) =>
      line(shown.map((column) => escaped(formatValue(column, row[column.name])))),
    ),
  ].join('')
}

function causeMarkdown(cause: Cause, rank: string): string {
  const spans = cause.exemplars.map(
    ({ label, traceId, spanId }) =>
      `- ${escaped(label)}: trace \`${code(traceId)}\` span \`${code(spanId)}\`\n`,
  )
  return [
    `### ${rank}. ${escaped(cause.summary)}\n`,
    `Severity ${cause.severity}, found by \`${cause.analyzer}\`. ${escaped(cause.explanation)}\n`,
    `**Do:** ${escaped(cause.solution)}\n`,
    ...(spans.length > 0 ? [spans.join('')] : []),
    ...(cause.faces.length > 0 ? [cause.faces.map(faceMarkdown).join('')] : []),
  ].join('\n')
}

function faceMarkdown(face: Attributed): string {
  return `- Also \`${face.analyzer}\` (severity ${face.severity}): ${escaped(face.summary)}\n`
}

/** Names are anybody's: none of them may become markup. */
function escaped(text: string): string {
  return visible(text)
    .replaceAll(/[\\`*_{}[\]<>|#~]/g, (sign) => `\\${sign}`)
    .replaceAll('&', '&amp;')
}

function code(text: string): string {
  return visible(text).replaceAll('`', "'")
}
