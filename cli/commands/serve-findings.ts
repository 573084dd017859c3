// What `serve` asks by itself, and whom it tells: the collector, by the way of all log records.
import { runReport } from '@wayward/analyzers/report/ranked'
import { type Logger, systemTime } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import type { Collector } from '@wayward/collector'
import { join } from 'node:path'
import { createFindingWatch } from '../findings/finding-watch.ts'
import type { Parts } from '../parts.ts'
import type { ServeValues } from './serve-values.ts'

/** What the watch of a service works with. */
export interface ServeFindingsParts {
  readonly collector: Pick<Collector, 'report'>
  /** Resolves when there are tables to ask. */
  readonly isReady: Promise<unknown>
  readonly store: Store
  readonly parts: Parts
  readonly logger: Logger
}

/** Starts the watch where it is wanted. */
export function startFindingWatch(
  values: Pick<ServeValues, 'dataDir' | 'findingsEvery' | 'findingsSeverity' | 'findingsWindow'>,
  { collector, isReady, logger, parts, store }: ServeFindingsParts,
): void {
  const { findingsEvery: everyMs, findingsSeverity: severityMin, findingsWindow } = values
  if (everyMs === undefined) return
  const watch = createFindingWatch({
    everyMs,
    severityMin,
    file: join(values.dataDir, 'findings.json'),
    time: systemTime,
    logger,
    ask: async (nowMs) =>
      await runReport(store, { from: BigInt(Math.round(nowMs - findingsWindow)) * 1_000_000n }),
    tell: async (body) => {
      const outcome = await collector.report(body)
      return { status: outcome.status, message: outcome.message }
    },
  })
  parts.add(watch, () => watch.shutdown())
  // It never rejects, says its declaration.
  void isReady.then(() => watch.start())
}
