// docs/reference/metrics.md, generated from the declarations of the metrics.
import {
  type ListenerDeclaration,
  listeners,
  receiverListeners,
  archiveReceiver,
  jobsReceiver,
  statsReceiver,
} from '@wayward/collector/listeners'
import type { MetricDeclaration } from '@wayward/collector/telemetry/metrics'
import { countedMetrics, observedMetrics } from '@wayward/collector/telemetry/self-metrics'

/** The text of docs/reference/metrics.md. */
export function metricsPage(): string {
  return `${[
    '# Metrics of the service',
    '<!-- Generated from collector/telemetry/self-metrics.ts by `npm run generate`. Do not edit. -->',
    'What `/metrics` shows, in the Prometheus text format. Labels have few values: receivers, signals, tables, and the words below. [Self-telemetry](../self-telemetry.md) says what to look at, and how to find out who it was.',
    metricsTable([...Object.values(countedMetrics), ...Object.values(observedMetrics)]),
    '## Words in labels',
    [
      `- \`receiver\`: ${labelsOf(receiverListeners)}, \`${statsReceiver}\`, \`${jobsReceiver}\`, \`${archiveReceiver}\`. \`listener\`: ${labelsOf(listeners)}.`,
      '- `signal`: `traces`, `logs`, `metrics`; `none` where the request names none.',
      '- `status` of requests: `accepted`, `partial` (some items were refused), and the refusals `malformed`, `too_large`, `unsupported`, `unauthenticated`, `overloaded`, `unavailable`, `timeout`, `aborted` (the sender broke it off).',
      '- `status` of inserts: `inserted`; `retryable`: ClickHouse was away or busy, or it is not known whether it has the rows; `failed`: it refused them.',
      '- `reason` of frames: `journal_full`, `disk_full`, `io_error`. Of rows set aside: `refused` by ClickHouse, `damaged` in the journal.',
      '- `state` of tables: `well`; `away`: ClickHouse does not answer; `refused`: it refuses the rows of this table until somebody cures it.',
    ].join('\n'),
  ].join('\n\n')}\n`
}

function labelsOf(list: Readonly<Record<string, ListenerDeclaration>>): string {
  return Object.values(list)
    .map(({ label }) => `\`${label}\``)
    .join(', ')
}

function metricsTable(metrics: readonly MetricDeclaration[]): string {
  const rows = metrics.map(({ name, kind, unit, labels, help }) => {
    const labelNames = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${kind} | ${unit} | ${labelNames === '' ? '–' : labelNames} | ${help} |`
  })
  return [
    '| metric | kind | unit | labels | what |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}
