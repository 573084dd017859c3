// What was found as a JUnit report: the tests that CI services show are the questions.
import type { Attributed, RankedReport } from './ranked.ts'
import { whyNotAvailable } from './answer.ts'
import { visible } from './table.ts'

/**
 * A test case per question: failed by its findings from a severity on, skipped where it is `NA`, in
 * error where ClickHouse could not answer.
 *
 * @param failOn from 0 to 100
 */
export function rankedJunit(report: RankedReport, failOn: number): string {
  const { asked } = report
  const found = [...report.dataQuality, ...report.causes].flatMap((cause) => [
    cause,
    ...cause.faces,
  ])
  const failures = new Map(
    asked.map(({ analyzer }) => [
      analyzer,
      found.filter((one) => one.analyzer === analyzer && one.severity >= failOn),
    ]),
  )
  const cases = asked.map((one) => {
    const attributes = `classname="wayward" name="${escaped(one.analyzer)}"`
    if (one.status === 'NA') {
      return `    <testcase ${attributes}>\n      <skipped message="${escaped(whyNotAvailable(one))}"/>\n    </testcase>\n`
    }
    if (one.status === 'failed') {
      return `    <testcase ${attributes}>\n      <error message="${escaped(one.reason ?? '')}"/>\n    </testcase>\n`
    }
    const failed = failures.get(one.analyzer) ?? []
    return failed.length === 0
      ? `    <testcase ${attributes}/>\n`
      : `    <testcase ${attributes}>\n${failureElement(failed)}    </testcase>\n`
  })
  const counts = [
    `tests="${asked.length}"`,
    `failures="${[...failures.values()].filter((all) => all.length > 0).length}"`,
    `errors="${asked.filter(({ status }) => status === 'failed').length}"`,
    `skipped="${asked.filter(({ status }) => status === 'NA').length}"`,
  ].join(' ')
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="wayward" ${counts}>\n${cases.join('')}  </testsuite>\n</testsuites>\n`
}

/** One for all findings of a question: most readers show only the first. */
function failureElement(failed: readonly Attributed[]): string {
  const [worst] = failed
  const text = failed
    .map(
      (one) =>
        `[severity ${one.severity}] ${one.summary}\nWhy: ${one.explanation}\nDo: ${one.solution}\n`,
    )
    .join('\n')
  return `      <failure message="${escaped(worst?.summary ?? '')}" type="severity ${worst?.severity ?? 0}">${escapedLines(text)}</failure>\n`
}

function escapedLines(text: string): string {
  return text.split('\n').map(escaped).join('\n')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** What XML 1.0 (section 2.2) does not allow is made visible before it gets here. */
function escaped(text: string): string {
  return visible(text)
    .replaceAll(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll(/[&<>"']/g, (sign) => entities[sign] ?? sign)
}
