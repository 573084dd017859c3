// ClickHouse is away for a while: its process stands still, and nobody is told.
import { setTimeout as sleep } from 'node:timers/promises'
import { nextAcknowledgement, runUnderLoad, type Scenario } from '../run.ts'

/** The long one is longer than the collector waits for an insert. */
const awayMs = { short: [2000], long: [3000, 15_000] }
const betweenMs = 2000

export const away: Scenario = {
  name: 'away',
  run: (settings) =>
    runUnderLoad(settings, async ({ service, ledger, fault }) => {
      for (const ms of settings.isShort ? awayMs.short : awayMs.long) {
        service.signalEngine('SIGSTOP')
        await sleep(ms / 2)
        if (!(await nextAcknowledgement(ledger, ms / 2))) {
          fault(`No request was acknowledged while ClickHouse was away for ${ms} ms`)
        }
        await sleep(ms / 2)
        service.signalEngine('SIGCONT')
        await sleep(betweenMs)
      }
    }),
}
