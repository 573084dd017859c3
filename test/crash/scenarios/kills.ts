// The main scenario: the collector, the engine or both are killed again and again while clients
// send.
import { once } from 'node:events'
import { existsSync, readdirSync, watch } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Store } from '@wayward/clickhouse'
import { type Kill, planKills, sayKill } from '../kill-plan.ts'
import {
  nextAcknowledgement,
  readyMsMax,
  type RunParts,
  runUnderLoad,
  type Scenario,
} from '../run.ts'

const acknowledgementMsMax = 5000
const mergeMsMax = 1500
const commitMsMax = 1500
/** So that the next phase does not begin in the process that has just been killed. */
const afterKillMs = 50

export function killsScenario(kills: number): Scenario {
  return {
    name: 'kills',
    run: (settings) =>
      runUnderLoad(settings, async (parts) => {
        for (const kill of planKills(kills, parts.random)) {
          settings.say(`${sayKill(kill)}; ${parts.ledger.reports.length} requests are over`)
          await perform(kill, parts)
        }
      }),
  }
}

async function perform(kill: Kill, { service, ledger, store }: RunParts): Promise<void> {
  const why = sayKill(kill)
  await service.whenStarted()
  if (kill.phase !== 'start') await service.whenReady(readyMsMax)
  switch (kill.phase) {
    case 'load':
    case 'start':
      break
    case 'acknowledgement':
      await nextAcknowledgement(ledger, acknowledgementMsMax)
      break
    case 'commit':
      await nextCommit(service.dataDir, kill.number)
      break
    case 'merge':
      await nextMerge(store)
      break
    case 'shutdown':
      service.terminate(why)
      break
  }
  await sleep(kill.delayMs)
  await service.kill(kill.target, kill.gapMs, why)
  await sleep(afterKillMs)
}

/**
 * Resolves at the next change of one of the deduplication logs, which ClickHouse writes before it
 * names the part.
 */
async function nextCommit(dataDir: string, choice: number): Promise<void> {
  const logs = findLogs(join(dataDir, 'clickhouse', 'store', 'store'))
  const folder = logs[choice % Math.max(1, logs.length)]
  if (folder === undefined) return
  const watcher = watch(folder)
  await Promise.race([once(watcher, 'change'), sleep(commitMsMax)])
  watcher.close()
}

/** The folders of the logs: store/<3 digits>/<uuid>/deduplication_logs, below chDB's own folder. */
function findLogs(storePath: string): string[] {
  return readdirSync(storePath)
    .flatMap((digits) => readdirSync(join(storePath, digits)).map((uuid) => join(digits, uuid)))
    .map((table) => join(storePath, table, 'deduplication_logs'))
    .filter((path) => existsSync(path))
}

async function nextMerge(store: Store): Promise<void> {
  const endMs = Date.now() + mergeMsMax
  while (Date.now() < endMs) {
    const [row] = await store
      .query<{ merges: string }>('SELECT count() AS merges FROM system.merges')
      .catch(() => [])
    if (row !== undefined && row.merges !== '0') return
    await sleep(5)
  }
}
