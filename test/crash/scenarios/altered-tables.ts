// Tables are altered under our feet: a missing column, a wrong type, a table that is gone, a view's
// target that is gone. Wanted: a clear error in the log, the data kept, and service resumed once it
// is cured.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scenario } from '../run.ts'
import { runOnServer, type ServerParts, waitForLog } from './server.ts'

interface Alteration {
  readonly what: string
  readonly break: readonly string[]
  readonly cure: readonly string[]
  /** What the log must say. */
  readonly said: RegExp
}

const alterations: readonly Alteration[] = [
  {
    what: 'a missing table',
    break: ['RENAME TABLE otel_metrics_sum TO away'],
    cure: ['RENAME TABLE away TO otel_metrics_sum'],
    said: /otel_metrics_sum/,
  },
  {
    what: 'a column of the wrong type',
    break: [
      'RENAME TABLE otel_metrics_gauge TO away',
      `CREATE TABLE otel_metrics_gauge AS away`,
      // Numbers are no UUIDs, and no setting makes them so.
      'ALTER TABLE otel_metrics_gauge DROP COLUMN Value',
      'ALTER TABLE otel_metrics_gauge ADD COLUMN Value UUID',
    ],
    cure: ['DROP TABLE otel_metrics_gauge', 'RENAME TABLE away TO otel_metrics_gauge'],
    said: /otel_metrics_gauge/,
  },
  {
    what: 'a missing column',
    break: ['ALTER TABLE otel_traces DROP COLUMN StatusMessage'],
    cure: [`ALTER TABLE otel_traces ADD COLUMN StatusMessage String CODEC(ZSTD(1))`],
    said: /otel_traces.*StatusMessage|StatusMessage.*otel_traces/s,
  },
  {
    what: 'a missing target of a view',
    break: ['RENAME TABLE wayward_lock_holds TO away'],
    cure: ['RENAME TABLE away TO wayward_lock_holds'],
    said: /wayward_lock_holds/,
  },
]

const brokenMs = 1500
const saidMsMax = 15_000
const curedMs = 3000

export const alteredTables: Scenario = {
  name: 'altered-tables',
  run: (settings) =>
    runOnServer(settings, async (parts) => {
      for (const alteration of alterations) await alter(alteration, parts)
    }),
}

async function alter(alteration: Alteration, parts: ServerParts): Promise<void> {
  const { engine, service, settings, fault } = parts
  const { length } = readFileSync(service.logPath)
  settings.say(alteration.what)
  for (const statement of alteration.break) await engine.writer.command(statement)
  const readLog = (): string => readFileSync(service.logPath).subarray(length).toString('utf8')
  if (!(await waitForLog(readLog, alteration.said, saidMsMax))) {
    fault(`The log did not report ${alteration.what} (wanted ${alteration.said}): ${readLog()}`)
  }
  await sleep(brokenMs)
  for (const statement of alteration.cure) await engine.writer.command(statement)
  await sleep(curedMs)
}
