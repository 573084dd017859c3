// The ranked report as people, scripts and spreadsheets read it.
import type { Asked, Attributed, Cause, RankedReport } from './ranked.ts'
import { findingText, shortened, whyNotAvailable } from './answer.ts'
import { csvLine } from './csv.ts'
import type { Style } from './style.ts'
import { clip, visible, wrap } from './table.ts'

/** How wide text is set at most: longer lines are hard to read. */
const textWidthMax = 100
/** Causes that are told with reason, cure and spans; of the others it is said what they are. */
const wholeMax = 3
/** Causes that a screen lists; the rest is counted. */
const causesMax = 15
const facesMax = 4
const faceIndent = ' '.repeat('   Also '.length)

/** The whole report for a screen, the worst first. */
export function rankedText(report: RankedReport, width: number, style: Style): string {
  const textWidth = Math.min(width, textWidthMax)
  const { dataQuality, causes } = report
  const hidden = causes.length - causesMax
  const title = wrap(visible(clip(`What is wrong: ${report.about}`, textWidthMax)), textWidth)
  const parts = [
    title.map((line) => `${style.bold(line)}\n`).join(''),
    ...dataQuality.map((cause) => dataText(cause, textWidth, style)),
    ...causes
      .slice(0, causesMax)
      .map((cause, index) =>
        index < wholeMax
          ? wholeText(cause, index + 1, textWidth, style)
          : shortText(cause, index + 1, textWidth, style),
      ),
    ...(hidden > 0 ? [lines(`${hidden} more, less severe: --format json`, textWidth)] : []),
    ...(causes.length === 0 && hasAnswer(report) ? ['Nothing stands out.\n'] : []),
  ]
  return `${parts.join('\n')}\n${askedText(report.asked, textWidth, style)}`
}

/**
 * Whether any question was answered, if only by "all is well". Of the data themselves there is
 * always something to say: that is no answer about the application.
 */
export function hasAnswer({ asked }: Pick<RankedReport, 'asked'>): boolean {
  return asked.some(
    ({ analyzer, status }) =>
      analyzer !== 'data-quality' && (status === 'ok' || status === 'findings'),
  )
}

/** One cause a line; what else was found about it is in the JSON. */
export function rankedCsv({ dataQuality, causes }: RankedReport): string {
  const header = ['rank', 'severity', 'analyzer', 'service', 'subject', 'summary', 'solution']
  const row = (cause: Cause, rank: number | ''): string =>
    csvLine([
      rank,
      cause.severity,
      cause.analyzer,
      cause.service,
      cause.subject,
      cause.summary,
      cause.solution,
    ])
  return [
    csvLine(header),
    ...dataQuality.map((cause) => row(cause, '')),
    ...causes.map((cause, index) => row(cause, index + 1)),
  ].join('')
}

/** All of it. */
export function rankedJson(report: RankedReport): string {
  return `${JSON.stringify(report, null, 2)}\n`
}

/** The data's own troubles stand before the others and have no rank among them. */
function dataText(cause: Cause, width: number, style: Style): string {
  const label = `[data, severity ${cause.severity}] `
  const [first = '', ...rest] = wrap(label + visible(shortened(cause.summary, cause)), width)
  const summary = [
    style.severity(label, cause.severity) + style.bold(first.slice(label.length)),
    ...rest.map((line) => style.bold(line)),
  ]
  return `${summary.join('\n')}\n${lines(shortened(cause.solution, cause), width)}`
}

function wholeText(cause: Cause, number: number, width: number, style: Style): string {
  const hidden = cause.faces.length - facesMax
  return [
    findingText(cause, number, width, style),
    ...cause.faces.slice(0, facesMax).map((face) => faceText(face, width, style)),
    ...(hidden > 0 ? [lines(`   and ${hidden} more about it: --format json`, width)] : []),
  ].join('')
}

function shortText(cause: Cause, number: number, width: number, style: Style): string {
  return findingText(
    { ...cause, explanation: '', solution: '', exemplars: [] },
    number,
    width,
    style,
  )
}

function faceText(face: Attributed, width: number, style: Style): string {
  const label = `Also ${face.analyzer} [${face.severity}]: `
  const text = wrap(label + visible(shortened(face.summary, face)), width - faceIndent.length)
  return text
    .map((line, index) =>
      index === 0
        ? `   ${style.dim(label)}${line.slice(label.length)}\n`
        : `${faceIndent}${line}\n`,
    )
    .join('')
}

/** What was asked and found well, what could not be asked, and why. */
function askedText(asked: readonly Asked[], width: number, style: Style): string {
  const fine = asked.filter(({ status }) => status === 'ok')
  const failed = asked.filter(({ status }) => status === 'failed')
  const texts = [
    ...failed.map(({ analyzer, reason = '' }) => `Not answered: ${analyzer}: ${visible(reason)}`),
    ...absenceTexts(asked),
    ...(fine.length > 0 ? [`Nothing found by ${namesOf(fine)}.`] : []),
  ]
  return texts
    .flatMap((text) => wrap(text, width))
    .map((line) => `${style.dim(line)}\n`)
    .join('')
}

/**
 * Questions without an answer, together where the reason is the same. What was never reported is
 * named in one line where others could be answered, not only that of the data: few report all.
 */
function absenceTexts(asked: readonly Asked[]): string[] {
  const groups = new Map<string, Asked[]>()
  const isAnswered = hasAnswer({ asked })
  const never = asked.filter(({ absence }) => isAnswered && absence === 'never_instrumented')
  for (const one of asked) {
    if (one.status !== 'NA' || never.includes(one)) continue
    const key = `${one.absence ?? ''} ${one.missing.join(' ')}`
    groups.set(key, [...(groups.get(key) ?? []), one])
  }
  const reasons = [...groups.values()].map((group) => {
    const names = namesOf(group)
    const [first] = group
    return `NA, ${names}: ${first === undefined ? '' : whyNotAvailable(first)}`
  })
  if (never.length === 0) return reasons
  return [...reasons, `NA, as such was never reported: ${namesOf(never)}.`]
}

function namesOf(asked: readonly Asked[]): string {
  return asked.map(({ analyzer }) => analyzer).join(', ')
}

function lines(text: string, width: number): string {
  return wrap(visible(text), width)
    .map((line) => `${line}\n`)
    .join('')
}
