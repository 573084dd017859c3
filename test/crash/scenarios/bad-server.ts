// A ClickHouse that answers slowly, wrongly, half, with an error in mid-stream, or not at all.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProxyFault } from '../clickhouse-proxy.ts'
import type { Scenario } from '../run.ts'
import { runOnServer } from './server.ts'

const faults: readonly ProxyFault[] = [
  'slow',
  'html',
  'html_after',
  'error',
  'cut_body',
  'cut_answer',
  'swallow',
  'exception',
  'exception_after',
]

const spoiltMs = { short: 5000, long: 25_000 }
/** Each takes the collector's whole time-out. */
const silentMs = 1500
const lyingMs = 2500

export const badServer: Scenario = {
  name: 'bad-server',
  run: (settings) =>
    runOnServer(settings, async ({ proxy, fault }) => {
      proxy.spoil(faults, 0.5)
      await sleep(settings.isShort ? spoiltMs.short : spoiltMs.long)
      if (!settings.isShort) {
        proxy.spoil(['silent'], 1)
        await sleep(silentMs)
      }
      proxy.spoil([], 0)
      const counts = [...proxy.counts].map(([name, count]) => `${name} ${count}`).join(', ')
      settings.say(`spoilt inserts: ${counts}`)
      if (proxy.counts.size === 0) fault('No insert came through the proxy')
    }),
}

/** A store that lies: the test must notice. */
export const lyingServer: Scenario = {
  name: 'lying-server',
  run: (settings) =>
    runOnServer(settings, async ({ proxy }) => {
      proxy.spoil(['lose', 'double'], 0.3)
      await sleep(lyingMs)
      proxy.spoil([], 0)
    }),
}
