// What was found as SARIF 2.1.0, the format in which CI services take findings.
import type { Asked, Cause, RankedReport } from './ranked.ts'
import { whyNotAvailable } from './answer.ts'
import { severityBounds } from './style.ts'
import { visible } from './table.ts'

/**
 * One result per cause; what could not be answered is a notification of the run.
 *
 * Results have logical locations only (section 3.33): the finding is about a lock, a queue or a
 * job of a service, not about a line of a file.
 */
export function rankedSarif({ dataQuality, causes, asked }: RankedReport): string {
  const rules = asked.map(({ analyzer, question }) => ({
    id: analyzer,
    shortDescription: { text: question === '' ? analyzer : question },
  }))
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'Wayward', rules } },
        invocations: [
          {
            executionSuccessful: asked.every(({ status }) => status !== 'failed'),
            toolExecutionNotifications: asked.flatMap(toNotification),
          },
        ],
        results: [...dataQuality, ...causes].map((cause) => toResult(cause, rules)),
      },
    ],
  }
  return `${JSON.stringify(log, null, 2)}\n`
}

function toResult(cause: Cause, rules: readonly { readonly id: string }[]): object {
  const { analyzer, severity, summary, explanation, solution, kind, service, subject } = cause
  const name = `${service}/${kind}/${subject}`
  return {
    ruleId: analyzer,
    ruleIndex: rules.findIndex(({ id }) => id === analyzer),
    level: levelOf(severity),
    rank: severity,
    message: { text: [summary, explanation, solution].map(visible).join('\n\n') },
    locations: [
      { logicalLocations: [{ name: visible(subject), fullyQualifiedName: visible(name) }] },
    ],
    // The same trouble is the same result in the next run, whatever its numbers are then.
    partialFingerprints: { 'waywardCause/v1': visible(`${analyzer}/${name}`) },
    properties: {
      service,
      also: cause.faces.map((face) => ({
        analyzer: face.analyzer,
        severity: face.severity,
        summary: face.summary,
      })),
      exemplars: cause.exemplars,
    },
  }
}

function levelOf(severity: number): 'error' | 'warning' | 'note' {
  if (severity >= severityBounds.high) return 'error'
  return severity >= severityBounds.medium ? 'warning' : 'note'
}

function toNotification(asked: Asked): object[] {
  const associatedRule = { id: asked.analyzer }
  if (asked.status === 'failed') {
    return [{ level: 'error', message: { text: visible(asked.reason ?? '') }, associatedRule }]
  }
  return asked.status === 'NA'
    ? [{ level: 'note', message: { text: `NA: ${whyNotAvailable(asked)}` }, associatedRule }]
    : []
}
