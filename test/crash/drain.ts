import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '@wayward/clickhouse'
import type { SupervisedService } from './supervisor.ts'

/** What still waits for its insert: rows in the journal, and requests on the way to it. */
const waitingMetrics = /^wayward_(?:backlog_rows|waiting_requests)\b/

const quietMs = 1500
const pollMs = 100
/** Longer than the collector waits for an answer that never comes. */
const drainMsMax = 120_000

/**
 * Waits until the service says that nothing waits for its insert, and the number of rows stays the
 * same for a while.
 *
 * @throws when that takes too long
 */
export async function drain(
  service: Pick<SupervisedService, 'metrics'>,
  store: Pick<Store, 'query'>,
): Promise<void> {
  const endMs = Date.now() + drainMsMax
  let lastRows = ''
  let sinceMs = Date.now()
  for (;;) {
    const lines = await service.metrics(waitingMetrics).catch(() => ['no answer'])
    const waiting = lines.filter((line) => !line.endsWith(' 0'))
    const rows = await countRows(store).catch(() => 'no answer')
    if (waiting.length > 0 || rows !== lastRows || rows === 'no answer') sinceMs = Date.now()
    lastRows = rows
    if (Date.now() - sinceMs >= quietMs) return
    if (Date.now() > endMs) {
      const text = `After ${drainMsMax} ms something still waits for its insert`
      throw new Error(`${text}: ${waiting.join(', ')}; ${rows} rows are stored`)
    }
    await sleep(pollMs)
  }
}

async function countRows(store: Pick<Store, 'query'>): Promise<string> {
  const [row] = await store.query<{ rows: string }>(
    `SELECT sum(rows) AS rows FROM system.parts
     WHERE active AND database = currentDatabase() AND startsWith(table, 'otel_')`,
  )
  return row?.rows ?? ''
}
