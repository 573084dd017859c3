// docs/reference/limits.md, generated from the declarations of the limits.
import type { Limit } from '@wayward/base'
import { engineLimits } from '@wayward/clickhouse/engine/limits'
import { decodeLimits } from '@wayward/collector/decode/limits'
import { collectorLimits } from '@wayward/collector/limits'
import { flagOf, limitText } from './limit-fields.ts'

/** The text of docs/reference/limits.md. */
export function limitsPage(): string {
  return `${[
    '# Limits',
    '<!-- Generated from collector/limits.ts, collector/decode/limits.ts and clickhouse/engine/limits.ts by `npm run generate`. Do not edit. -->',
    'Everything is bounded. At a limit something is refused, closed or set aside, and counted; nothing is cut off silently. A limit with a setting can be changed with the flag, its variable (`WAYWARD_…`) or its name in the [configuration file](../configuration.md); the others are fixed.',
    '## Listeners, requests and batches',
    'OTLP/gRPC, OTLP/HTTP and the API have these each for itself, unless the text says more. A sender learns of them by RESOURCE_EXHAUSTED or 413 (too large; not to be sent again), by 429 or RESOURCE_EXHAUSTED with a time (too much at once; to be sent again), by 408 or DEADLINE_EXCEEDED (too slow).',
    limitsTable(collectorLimits),
    '## What is in a request',
    'A single span, log record or data point over one of these is refused with a message that names it, as a partial success; the rest of the request is stored. The limits of a whole request (days, bytes of rows) refuse the request.',
    limitsTable(decodeLimits),
    '## The embedded engine',
    'For SQL. A query over a limit ends with ClickHouse’s own error.',
    limitsTable(engineLimits),
  ].join('\n\n')}\n`
}

function limitsTable(limits: Readonly<Record<string, Limit>>): string {
  const rows = Object.entries(limits).map(([name, limit]) => {
    const { default: value, unit, setting, text } = limit
    const flag =
      setting === undefined
        ? '–'
        : `\`--${flagOf(name)}\`, ${limitText(setting.min, unit)} to ${limitText(setting.max, unit)}`
    return `| \`${name}\` | ${limitText(value, unit)} | ${text} | ${flag} |`
  })
  return ['| limit | default | what | setting |', '| --- | --- | --- | --- |', ...rows].join('\n')
}
