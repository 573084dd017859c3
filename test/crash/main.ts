// `npm run test:crash [-- --seed 123] [--kills 100] [--scenario kills] [--keep]`: the long form of
// the crash test.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sayResult } from './report.ts'
import type { Scenario } from './run.ts'
import { alteredTables } from './scenarios/altered-tables.ts'
import { away } from './scenarios/away.ts'
import { badServer } from './scenarios/bad-server.ts'
import { clock } from './scenarios/clock.ts'
import { fullDisk } from './scenarios/full-disk.ts'
import { killsScenario } from './scenarios/kills.ts'
import { canFindEngine } from './supervisor.ts'

const seeds = 1_000_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    kills: { type: 'string', default: '100' },
    scenario: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})

function say(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 23)} ${line}`)
}

/** @returns whether everything was exactly once */
async function runScenario(scenario: Scenario, seed: number): Promise<boolean> {
  const skipReason = scenario.skipReason?.()
  if (skipReason !== undefined) {
    say(`${scenario.name}: skipped, ${skipReason}`)
    return true
  }
  const path = mkdtempSync(join(tmpdir(), `wayward-crash-${scenario.name}-`))
  const dataDir = join(path, 'data')
  mkdirSync(dataDir)
  const again = `npm run test:crash -- --seed ${seed} --scenario ${scenario.name} --kills ${values.kills}`
  say(`${scenario.name}: seed ${seed} (again with: ${again})`)
  const result = await scenario
    .run({
      seed,
      dataDir,
      logPath: join(path, 'service.log'),
      loadProcesses: 2,
      clientsPerProcess: 10,
      pauseMsMax: 150,
      isShort: false,
      say,
    })
    .catch((error: unknown) => {
      say(`${scenario.name}: ${error instanceof Error ? error.stack : String(error)}`)
    })
  const { lines, isGood } = sayResult(result)
  for (const line of lines) say(line)
  if (isGood && !values.keep) rmSync(path, { recursive: true, force: true })
  else say(`${scenario.name}: seed ${seed}; data and log are kept in ${path}`)
  return isGood
}

async function main(): Promise<number> {
  if (!canFindEngine()) {
    say('Skipped: this system does not tell the children of a process in /proc')
    return 0
  }
  const kills = killsScenario(Number(values.kills))
  const all = [kills, away, badServer, alteredTables, fullDisk, clock]
  const chosen = all.filter(({ name }) => [undefined, name].includes(values.scenario))
  if (chosen.length === 0) {
    const names = all.map(({ name }) => name).join(', ')
    say(`No scenario is named "${values.scenario}"; wanted one of ${names}`)
    return 2
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * seeds))
  let failed = 0
  for (const scenario of chosen) if (!(await runScenario(scenario, seed))) failed++
  return failed === 0 ? 0 : 1
}

// The service ends with this process, see supervisor.ts.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
process.exitCode = await main()
